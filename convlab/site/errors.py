"""What keeps the site from being built, in words for whoever typed the command."""

from __future__ import annotations

__all__ = ["SiteError"]


class SiteError(Exception):
    """One sentence or a few: where it is, what is wrong, what to do."""
