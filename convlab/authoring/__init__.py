"""Chapter text becomes notebooks: the nbgrader source, the release students open, and the solved notebook.

`build` writes them, `check` says which of the committed ones no longer match their chapter. Importing this
package is cheap: nbgrader, jupytext and nbclient are loaded by the functions that need them.
"""

from convlab.authoring.course import build, check, write_source
from convlab.authoring.errors import BuildError
from convlab.authoring.stub import CODE_STUB

__all__ = ["CODE_STUB", "BuildError", "build", "check", "write_source"]
