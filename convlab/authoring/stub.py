"""What stands in a released exercise where the solution was.

The release is built with this stub, and course/nbgrader_config.py must give the same one to nbgrader, so that
an instructor who runs `nbgrader generate_assignment` gets the notebook that is committed. Standard library
only.
"""

__all__ = ["CODE_STUB"]

CODE_STUB = {
    "python": '# YOUR CODE HERE\nraise NotImplementedError("Replace this line with your code.")',
}
