"""The one exception of this package: its message names the chapter, the cell and what to do."""

__all__ = ["BuildError"]


class BuildError(Exception):
    """A chapter cannot become notebooks. The message is written for the person who edits the chapter."""
