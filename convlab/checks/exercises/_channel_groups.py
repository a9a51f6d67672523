"""What the exercises of chapter 9 share: which channels of a grouped weight meet, and calls with one.

A grouped weight is a whole one with zeros where channels do not meet. So many mistakes are a rule that says which
channels meet.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from convlab.checks.exercise import Sample
from convlab.checks.samples import fractions, integers

CHAPTER = "09_groups_and_transposed"

Options = dict[str, Any]
# input (N, C_in, H, W), (number of filters, or of output channels of one group, kh, kw), options.
Row = tuple[tuple[int, int, int, int], tuple[int, int, int], Options]


class Groups(NamedTuple):
    """How many channels one group has on either side, and how many groups there are.

    `many` are the channels that weight's first axis counts, of all groups; `few` those of its second, of one group.
    """

    many: int
    few: int
    groups: int

    @property
    def mine(self) -> int:
        """How many of `many` belong to one group."""
        return self.many // self.groups


Meet = Callable[[Groups, int, int], int]


def own_group(of: Groups, m: int, f: int) -> int:
    """The channel on the other side that kernel weight[m, f] leads to."""
    return m // of.mine * of.few + f


def first_group(of: Groups, m: int, f: int) -> int:
    return f


def many_dealt_out(of: Groups, m: int, f: int) -> int:
    return m % of.groups * of.few + f


def few_dealt_out(of: Groups, m: int, f: int) -> int:
    return f * of.groups + m // of.mine


def all_dealt_out(of: Groups, m: int, f: int) -> int:
    return f * of.groups + m % of.groups


def one_further(of: Groups, m: int, f: int) -> int:
    return m // of.mine + f


def whole(weight: np.ndarray, groups: int, meet: Meet = own_group) -> np.ndarray:
    """The weight of one group that computes the same: zeros where channels do not meet."""
    many, few, *taps = weight.shape
    result = np.zeros((many, few * groups, *taps))
    for m, f in product(range(many), range(few)):
        result[m, meet(Groups(many, few, groups), m, f)] += weight[m, f]
    return result


def for_every_group(weight: np.ndarray, groups: int) -> np.ndarray:
    """The weight of one group whose kernels lead to the channels of all groups alike."""
    return np.tile(weight, (1, groups, 1, 1))


def changed(**changes: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same call with other arguments: `changed(stride=swapped)`."""
    return lambda call: call._replace(
        **{name: change(getattr(call, name)) for name, change in changes.items()}
    )


def draw_call(
    rng: np.random.Generator, group: str, row: Row, transposed: bool = False, with_bias: bool = False
) -> Sample:
    """The call of one row of a table, for a group of points: small integers in small images, else fractions.

    Always float64: what may be called here of convlab takes arrays of one dtype only, and the arrays of zeros that
    somebody makes for it are float64 if nothing else is said.
    """
    input_size, (channels, kh, kw), options = row
    C_in, groups = input_size[1], options.get("groups", 1)
    few = (C_in, channels) if transposed else (channels, C_in // groups)
    C_out = channels * groups if transposed else channels
    values = integers if np.prod(input_size) <= 12 else fractions
    arrays = [values(rng, input_size, np.float64), values(rng, (*few, kh, kw), np.float64)]
    if with_bias:
        arrays.append(values(rng, C_out, np.float64))
    return Sample(tuple(arrays), options, group)
