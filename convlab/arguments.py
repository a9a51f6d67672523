"""What arguments may be: `functional`, `grad` and `fast` read and refuse them here, all in the same words.

Every error names the argument, what it was and what would be right.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeGuard

import numpy as np

__all__ = [
    "REAL",
    "Padding",
    "Pads",
    "Size",
    "check_array",
    "check_arrays",
    "check_channels",
    "check_convolution",
    "check_transposed",
    "count_windows",
    "is_integer",
    "native",
    "padding_forms",
    "read_integer",
    "read_integers",
    "read_pads",
    "read_pairs",
    "read_two_integers",
    "tap_axes",
]

REAL = "iuf"  # kinds of dtype; complex gradients would need conjugates, which the course does not teach

Size = int | Sequence[int]
Padding = int | str | Sequence[int] | Sequence[Sequence[int]]
Pads = tuple[tuple[int, int], ...]


def count_windows(
    sizes: Sequence[int], kernel: Sequence[int], strides: Sequence[int], pads: Pads, dilations: Sequence[int]
) -> tuple[int, ...]:
    """Count the windows on each axis; there must be one."""
    padded = tuple(size + sum(pair) for size, pair in zip(sizes, pads))
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilations))
    if any(span > size for span, size in zip(spans, padded)):
        raise ValueError(
            f"the kernel spans {_times(spans)} pixels (kernel {_times(kernel)}, dilation {_times(dilations)}), "
            f"more than the padded input's {_times(padded)}"
        )
    return tuple((size - span) // s + 1 for size, span, s in zip(padded, spans, strides))


def _times(sizes: Sequence[int]) -> str:
    return " × ".join(map(str, sizes))


def check_convolution(
    input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, groups: int, axes: int
) -> None:
    check_arrays(input=input, weight=weight, bias=bias)
    check_channels(input.shape, weight.shape, groups, axes)
    _check_bias(bias, weight.shape[0])


def check_transposed(
    input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, groups: int, axes: int
) -> None:
    check_arrays(input=input, weight=weight, bias=bias)
    _check_ranks(input.shape, weight.shape, axes, "C_in, C_out / groups")
    groups = read_integer("groups", groups)
    c_in, c_out_group = weight.shape[:2]
    if c_in % groups or 0 in (c_in, c_out_group):
        raise ValueError(
            f"groups must divide the C_in of weight, and neither channels be 0, got groups={groups} with "
            f"weight {weight.shape}"
        )
    if input.shape[-axes - 1] != c_in:
        raise ValueError(f"input must have the C_in = {c_in} of weight {weight.shape}, got {input.shape}")
    _check_bias(bias, c_out_group * groups)


def check_channels(input_size: tuple[int, ...], weight_size: tuple[int, ...], groups: int, axes: int) -> None:
    _check_ranks(input_size, weight_size, axes, "C_out, C_in / groups")
    groups = read_integer("groups", groups)
    c_out, c_group = weight_size[:2]
    if c_out == 0 or c_out % groups:
        raise ValueError(
            f"groups must divide the C_out of weight, which must not be 0, got groups={groups} with weight "
            f"{weight_size}"
        )
    if input_size[-axes - 1] != c_group * groups:
        raise ValueError(
            f"input must have the channels of weight times groups, {c_group} · {groups} = "
            f"{c_group * groups}, got {input_size[-axes - 1]} in input {input_size} with weight {weight_size}"
        )


def _check_ranks(input_size: tuple[int, ...], weight_size: tuple[int, ...], axes: int, channels: str) -> None:
    sizes, taps = {1: ("L", "K"), 2: ("H, W", "kh, kw")}[axes]
    if len(input_size) not in (axes + 1, axes + 2) or 0 in input_size[-axes:]:
        raise ValueError(
            f"input must have shape (C_in, {sizes}) or (N, C_in, {sizes}), {sizes} not 0, got {input_size}"
        )
    if len(weight_size) != axes + 2 or 0 in weight_size[2:]:
        raise ValueError(f"weight must have shape ({channels}, {taps}), {taps} not 0, got {weight_size}")


def _check_bias(bias: np.ndarray | None, c_out: int) -> None:
    if bias is not None and bias.shape != (c_out,):
        raise ValueError(f"bias must have shape (C_out,) = ({c_out},), got {bias.shape}")


def check_arrays(kinds: str = "iufc", **arrays: Any) -> None:
    """Refuse all but arrays of numbers, all of one dtype (in any byte order); a bias may be None."""
    first, dtype = next(iter(arrays)), None
    for name, array in arrays.items():
        if name == "bias" and array is None:
            continue
        check_array(name, array)
        dtype = dtype or native(array.dtype)
        if array.dtype.kind not in kinds:
            raise TypeError(
                f"{name} must hold {'' if 'c' in kinds else 'real '}numbers, got dtype {array.dtype}"
            )
        if native(array.dtype) != dtype:
            raise TypeError(
                f"{name} must have the dtype of {first}, {dtype}, got {array.dtype}: "
                f".astype(np.{np.result_type(array, dtype)}) makes them alike"
            )


def native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Give the dtype in the machine's own byte order."""
    return dtype.newbyteorder("=")


def check_array(name: str, value: object) -> None:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(value).__name__}")


def tap_axes(weight: np.ndarray) -> tuple[int, ...]:
    """Name the axes of taps: all of a bare kernel's, those after the channels of a bank's."""
    check_array("weight", weight)
    if not 1 <= weight.ndim <= 4:
        raise ValueError(
            "weight must have shape (K,), (kh, kw), (C_out, C_in, K) or (C_out, C_in, kh, kw), got "
            f"{weight.shape}"
        )
    axes = tuple(range(weight.ndim))[2 if weight.ndim > 2 else 0 :]
    if any(weight.shape[axis] == 0 for axis in axes):
        raise ValueError(f"weight must have at least one tap on each axis, got {weight.shape}")
    return axes


def read_pads(padding: object, axes: int) -> Pads:
    """Read padding that is no string; an integer stands for both sides of its axis."""
    forms = padding_forms(axes)
    if isinstance(padding, tuple | list):
        if axes == 1 and len(padding) == 2:
            left, right = read_integers("padding", padding, 2, least=0, forms=forms)
            return ((left, right),)
        if len(padding) == axes and all(isinstance(entry, tuple | list) for entry in padding):
            return read_pairs("padding", padding)
    return tuple((p, p) for p in read_integers("padding", padding, axes, least=0, forms=forms))


@lru_cache
def padding_forms(axes: int) -> str:
    numbers = {1: "(left, right)", 2: "(pad_h, pad_w), ((top, bottom), (left, right))"}
    words = '"valid", "same", "full", "same_upper", "same_lower"'
    return f"an integer, {numbers.get(axes, 'a (before, after) pair for each axis')} or one of {words}"


def read_pairs(name: str, value: object) -> Pads:
    kind = f"{name} must be a sequence of (before, after) pairs of integers, got {value!r}"
    if not isinstance(value, tuple | list):
        raise TypeError(kind)
    if any(is_integer(entry) for entry in value):
        raise TypeError(
            f"{kind}: torch's flat (left, right, top, bottom) is ((top, bottom), (left, right)) here"
        )
    if not all(isinstance(pair, tuple | list) and all(map(is_integer, pair)) for pair in value):
        raise TypeError(kind)
    for pair in value:
        if len(pair) != 2:
            raise ValueError(f"{name} must be made of (before, after) pairs, got {pair!r}")
    return tuple(
        (read_integer(name, before, least=0), read_integer(name, after, least=0)) for before, after in value
    )


def read_two_integers(name: str, value: object, least: int = 1) -> tuple[int, ...]:
    """Read as `read_integers` does on two axes, but refuse (int,), which torch's unfold and fold do not take."""
    integers = read_integers(name, value, 2, least)
    if isinstance(value, tuple | list) and len(value) == 1:
        raise ValueError(f"{name} must be an integer, or one for each axis (2), got {value!r}")
    return integers


def read_integers(
    name: str, value: object, axes: int, least: int = 1, forms: str | None = None
) -> tuple[int, ...]:
    """Give one integer for each axis; a single one stands for all of them, as in torch."""
    if type(value) is int and value >= least:  # most are; reading them takes as long as a small layer
        return (value,) * axes
    if (
        type(value) is tuple
        and len(value) == axes
        and all(type(one) is int and one >= least for one in value)
    ):
        return value
    values = tuple(value) if isinstance(value, tuple | list) else (value,)

    def message() -> str:
        return f"{name} must be {forms or f'an integer, or one for each axis ({axes})'}, got {value!r}"

    if not all(map(is_integer, values)):
        raise TypeError(message())
    if len(values) not in (1, axes):
        raise ValueError(message())
    integers = tuple(read_integer(name, entry, least) for entry in values)
    return integers * axes if len(integers) == 1 else integers


def read_integer(name: str, value: object, least: int = 1) -> int:
    if not is_integer(value):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def is_integer(value: object) -> TypeGuard[int | np.integer[Any]]:
    # bool is an int to Python, but stride=True is a slip.
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
