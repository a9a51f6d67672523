"""Writes a formula of a markdown cell as MathML, which browsers show without a script or the network.

The converter is compiled code that nests and guesses without bounds: some texts of a hundred characters keep it busy
for ever or overflow its stack. So a formula is converted only if it is short, its brackets pair, and it uses nothing
but the vocabulary below. Any other is shown as it was typed.
"""

from __future__ import annotations

import functools
import html
import re

from math_core import LatexError, LatexToMathML

__all__ = ["LONGEST", "mathml"]

LONGEST = 400  # characters; the longest formula of the course has 222
DEEPEST = 6  # brackets within brackets; in the course 4

_LETTERS = """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma
    tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"""
_OPERATORS = """frac dfrac tfrac binom sqrt sum prod int lim min max log ln exp sin cos tan arg deg det sup inf bmod
    le leq ge geq ne neq approx equiv sim simeq propto ll gg in notin subset subseteq cup cap forall exists
    to rightarrow leftarrow Rightarrow Leftarrow leftrightarrow mapsto iff implies mid parallel
    cdot times div pm mp ast star circ odot otimes oplus bullet dots ldots cdots vdots ddots infty partial nabla prime
    top limits nolimits mathrel mathbin mathop operatorname"""
_LOOKS = """text mathrm mathit mathbf mathsf mathtt mathbb mathcal hat bar vec tilde dot ddot widehat overline underline
    underbrace overbrace quad qquad displaystyle textstyle begin end left right bigl bigr Bigl Bigr big Big"""
_OPENING = {*"([{", *(f"\\{name}" for name in ["{", "lfloor", "lceil", "langle", "lbrace", "lvert", "lVert"])}
_CLOSING = {*")]}", *(f"\\{name}" for name in ["}", "rfloor", "rceil", "rangle", "rbrace", "rvert", "rVert"])}
_VOCABULARY = (
    {f"\\{name}" for name in f"{_LETTERS} {_OPERATORS} {_LOOKS}".split()}
    | {f"\\{sign}" for sign in ",;:! \\_|%&#$\n"}
    | _OPENING
    | _CLOSING
)
_TOKENS = re.compile(r"\\(?:[A-Za-z]+|.)|[\[({\])}]", re.DOTALL)

# MathML Core has no attribute for the alignment of a column; the page's style sheet knows these two classes.
_ALIGNED = re.compile(r'<mtd style="text-align: (left|right);[^"]*"')

# Chromium draws a big bracket too low where it carries an exponent itself; in a row of its own it does not.
_BIG_WITH_EXPONENT = re.compile(r"<(msub|msup|msubsup)>(<mo minsize=[^>]*>[^<]*</mo>)")

_converter = LatexToMathML(max_expansions=0, fancy_error=False)


@functools.lru_cache(maxsize=4096)
def mathml(latex: str, display: bool) -> str:
    """A formula as MathML, or as code if it cannot be written so. Still to be sanitised with what is around it."""
    latex = latex.strip()
    if _can_be_converted(latex):
        try:
            written = _converter.convert_with_local_state(latex, displaystyle=display)
        except LatexError:
            pass
        else:
            written = _ALIGNED.sub(r'<mtd class="\1"', written)
            if display:  # a wide one scrolls, so the keyboard must reach it
                written = written.replace("<math ", '<math tabindex="0" ', 1)
            return _BIG_WITH_EXPONENT.sub(r"<\1><mrow>\2</mrow>", written)
    sign = "$$" if display else "$"
    return f"<code>{html.escape(sign + latex + sign)}</code>"


def _can_be_converted(latex: str) -> bool:
    if len(latex) > LONGEST:
        return False
    depth = 0
    for token in _TOKENS.findall(latex):
        if token[0] == "\\" and token not in _VOCABULARY:
            return False
        if token in _OPENING:
            depth += 1
        elif token in _CLOSING:
            depth -= 1
        if not 0 <= depth <= DEEPEST:
            return False
    return depth == 0
