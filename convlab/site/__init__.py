"""The lecture notes as a site: the solved chapters as pages that can be read anywhere, without a network.

`build` is what `convlab site` calls. The pages are made by Sphinx from `solutions/*.ipynb`, whose stored outputs
are shown as they are; nothing is executed here.
"""

from __future__ import annotations

from convlab.site.errors import SiteError
from convlab.site.publish import build

__all__ = ["SiteError", "build"]
