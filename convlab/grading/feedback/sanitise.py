"""Turns anybody's HTML into HTML that cannot run, load, send, restyle or pose as part of the page.

The work is nh3's (ammonia's HTML5 parser, an allowlist); this module says what is allowed.
"""

from __future__ import annotations

import re

import nh3

from convlab.grading.feedback.pictures import safe_uri

__all__ = ["MOST_TAGS", "sanitised", "tags_in"]

MOST_TAGS = 5_000  # the parser's time grows with the square of the depth: 0.1 s for this many, nested
LONGEST = 400_000  # characters, pictures not counted

_TEXT = """p br hr div span b strong i em u s del ins sub sup small mark code pre kbd samp var tt blockquote q cite abbr
    dfn wbr ul ol li dl dt dd table caption colgroup col thead tbody tfoot tr th td h3 h4 h5 h6 a img figure figcaption
    details summary"""
_MATH = """math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd
    mstyle"""
_TAGS = {*_TEXT.split(), *_MATH.split()}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
    "abbr": {"title"},
    "math": {"display"},
    "mi": {"mathvariant"},
    "mo": {"stretchy", "lspace", "rspace", "minsize", "maxsize", "form", "fence", "accent", "largeop"},
    "mspace": {"width"},
    "mfrac": {"displaystyle", "linethickness"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mtable": {"displaystyle", "scriptlevel"},
    "mover": {"accent"},
    "munder": {"accentunder"},
}
# Their text is no text.
_GONE = {
    "script",
    "style",
    "template",
    "title",
    "noscript",
    "iframe",
    "object",
    "textarea",
    "select",
    "svg",
    "head",
}

_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_SMALL_NUMBER = re.compile(r"[0-9]{1,4}")
_FEW = re.compile(r"[0-9]{1,2}")
_LENGTH = re.compile(r"[0-9]?(?:\.[0-9]{1,8})?(?:em)?")  # below 10 em: larger ones push text out of its place
_WORD = re.compile(r"[a-z-]{0,16}|[0-9]")
_TAG = re.compile(r"<[a-zA-Z/]")
_PAYLOAD = re.compile(r";base64,[A-Za-z0-9+/=\s]*")
_NO_ALT = re.compile(r"<img\b(?![^<>]*\salt\s*=)", re.IGNORECASE)
_REORDERING = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def sanitised(markup: str) -> str | None:
    """What may be shown of some HTML; None if there is too much of it to look through."""
    if len(markup) > LONGEST and len(_PAYLOAD.sub("", markup)) > LONGEST:
        return None
    if tags_in(markup) > MOST_TAGS:
        return None
    if "<img" in markup.lower():  # before cleaning: nothing may write into what is clean
        markup = _NO_ALT.sub('<img alt="a picture without a description"', markup)
    clean = nh3.clean(
        markup if markup.isascii() else _SURROGATES.sub("\ufffd", markup),
        tags=_TAGS,
        clean_content_tags=_GONE,
        attributes=_ATTRIBUTES,
        attribute_filter=_allowed,
        tag_attribute_values={"math": {"tabindex": {"0"}}},
        allowed_classes={"mtd": {"left", "right"}},
        url_schemes={"http", "https", "mailto", "data"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )
    if not clean.isascii():
        clean = _REORDERING.sub("", clean)
    return clean


def tags_in(markup: str) -> int:
    """How many tags there are at most."""
    return len(_TAG.findall(markup))


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    """The attribute's value as it may stand, or None."""
    if attribute == "href":
        return value if _LINK.match(value) else None
    if attribute == "src":
        return safe_uri(value)
    if attribute in ("alt", "title", "rel"):
        return value[:4000]
    if attribute == "class":
        return value
    if tag == "img":
        return value if _SMALL_NUMBER.fullmatch(value) else None
    if attribute in ("colspan", "rowspan", "start"):
        return value if _FEW.fullmatch(value) else None
    if attribute in ("lspace", "rspace", "minsize", "maxsize", "width", "linethickness"):
        return value if _LENGTH.fullmatch(value) else None
    return value if _WORD.fullmatch(value) else None
