"""The program that runs nbgrader, in a process of its own: it changes directory and environment as it goes.

    python -m convlab.authoring.nbgrader_program FOLDER

FOLDER holds source/NAME/NAME.ipynb. It writes FOLDER/release/NAME/NAME.ipynb and FOLDER/failures.json:
name -> what nbgrader said. No configuration file is read, and no gradebook is opened or created.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from convlab.authoring.stub import CODE_STUB

__all__ = ["main"]


def main(folder: Path) -> None:
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(folder)
    config.ClearSolutions.code_stub = CODE_STUB
    # What `nbgrader generate_assignment --no-db` sets: the same notebook, without the gradebook.
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    api = NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)
    failures = {}
    for source in sorted((folder / "source").iterdir()):
        result = api.generate_assignment(source.name, force=True, create=True)
        if not result["success"]:
            failures[source.name] = f"{result.get('log', '')}\n{result.get('error', '')}".strip()
    (folder / "failures.json").write_text(json.dumps(failures), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
