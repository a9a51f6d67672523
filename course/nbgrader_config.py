"""Every nbgrader setting of this course. `nbgrader ...`, run in this folder, and `convlab ...` both read it."""

import os
import secrets
import sys
from pathlib import Path

from convlab.authoring.stub import CODE_STUB

c = get_config()
here = Path(__file__).resolve().parent

# The gradebook is the SQLite file course/gradebook.db; another database goes here:
# (pip install 'convlab[postgres]').
# c.CourseDirectory.db_url = "postgresql+psycopg://user:password@host/convlab"
c.CourseDirectory.course_id = "convlab"

# What stands in a released exercise instead of the solution.
c.ClearSolutions.code_stub = CODE_STUB

# A deleted check cell comes back; without this it would wait for a mark by hand for ever.
c.OverwriteCells.add_missing_cells = True

# Seconds for one cell. A check stops a function after 5 s by itself; this is for loops outside of functions.
c.ExecutePreprocessor.timeout = 30
# A graceful shutdown of a kernel with torch takes most of a second, for each submission.
c.ExecutePreprocessor.shutdown_kernel = "immediate"
# ipykernel warns on stderr, for each submission, that its port on this machine is not encrypted.
c.Execute.extra_arguments = ["--log-level=ERROR"]
# Times in the notebook would make every autograded file differ from the last run's.
c.ExecutePreprocessor.record_timing = False

# Late work costs nothing unless these lines are taken in. An assignment's due date is told to nbgrader:
# `nbgrader db assignment add 01_conv1d --duedate "2027-03-01 12:00:00 UTC"`. A change here is recorded by the next
# `convlab grade` without running anything again.
# c.AssignLatePenalties.plugin_class = "convlab.grading.policies.LatePerDay"
# c.LatePerDay.per_day = 0.1        # a tenth of what was earned, for each day that has begun
# c.LatePerDay.of = "max_score"     # of what could be earned instead
# c.LatePerDay.most = 0.5           # never more than half
# c.LatePerDay.grace_minutes = 15   # so much later is not late
# c.LatePerDay.extensions = {"01_conv1d": {"sample-student": 2}}  # days more for one; 0 takes them back

# Feedback pages without scripts, that load nothing and show neither hidden tests nor seeds.
c.GenerateFeedback.exporter_class = "convlab.grading.feedback.FeedbackExporter"
c.GenerateFeedback.preprocessors = ["convlab.grading.feedback.GetMarks"]

# Opening the gradebook runs `alembic`, which stands beside this Python even where PATH does not lead there.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

# Grading checks once more with values nobody has seen: this course's own seed, drawn once and kept out of git.
seed_file = here / ".grading_seed"
if "CONVLAB_GRADING_SEED" not in os.environ:
    if not seed_file.exists():
        seed_file.write_text(str(secrets.randbits(32)))
    os.environ["CONVLAB_GRADING_SEED"] = seed_file.read_text().strip()
