import re

import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme

NETS = [
    [(3, 1, 1), (3, 1, 1)],
    [(3, 2, 1), (5, 1, 1), (2, 3, 1)],
    [(3, 1, 1), (3, 1, 2), (3, 1, 4)],
    [(2, 1, 5)],
]


def walked(layers, at):
    """Return what each layer has to do with the entry, walking back tap by tap."""
    seen = [{at}]
    for kernel, stride, dilation in layers[::-1]:
        seen.append({i * stride + dilation * k for i in seen[-1] for k in range(kernel)})
    return seen[::-1]


@pytest.mark.parametrize("layers", NETS)
@pytest.mark.parametrize("at", [0, 2])
def test_what_the_entry_sees_is_tinted_in_every_layer(read, layers, at):
    drawn = read(draw.receptive_field(layers, at=at))
    names = ["input", *(f"layer {i}" for i in range(1, len(layers)))]
    for name, seen in zip(names, walked(layers, at)):
        assert {i for (i,), fill in drawn.fills(name).items() if fill == theme.TAP} == seen
    output = drawn.fills("output")
    assert len(output) == 3
    assert [i for (i,), fill in output.items() if fill != theme.CELL] == [at]


def test_every_layer_says_the_field_and_the_jump_of_its_entries(read):
    drawn = read(draw.receptive_field([(3, 2, 1), (3, 1, 1), (2, 1, 4)], at=0))
    assert [word for word in drawn.words if word.startswith("field")] == [
        "field 1, jump 1",
        "field 3, jump 2",
        "field 7, jump 2",
        "field 15, jump 2",
    ]


def test_every_line_leads_from_the_middle_of_an_entry_to_the_middle_of_what_it_reads(read):
    drawn = read(draw.receptive_field([(2, 2, 1), (2, 1, 2)], at=1))
    rows = [drawn.cells(name) for name in ("input", "layer 1", "output")]
    centre = [
        {i: float(cell.get("x")) + float(cell.get("width")) / 2 for (i,), cell in row.items()} for row in rows
    ]
    (path,) = [e.get("d") for e in drawn.root.iter() if e.get("d", "").count("L") > 3]
    lines = [tuple(map(float, line)) for line in re.findall(r"M(\S+) \S+?L(\S+) \S+?(?=M|$)", path)]
    reads = [(1, 1, 1), (1, 1, 3), (0, 1, 2), (0, 1, 3), (0, 3, 6), (0, 3, 7)]
    expected = [(centre[depth][source], centre[depth + 1][entry]) for depth, entry, source in reads]
    assert np.array(sorted(lines)) == pytest.approx(np.array(sorted(expected)), abs=0.02)


def test_a_cell_stands_in_the_middle_of_what_it_reads(read):
    drawn = read(draw.receptive_field([(3, 2, 2)]))
    inputs, outputs = drawn.lefts("input"), drawn.lefts("output")
    for (i,), left in outputs.items():
        assert left == pytest.approx((inputs[2 * i,] + inputs[2 * i + 4,]) / 2, abs=0.02)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([(3, 1, 1)] * 3, "a field of 7: input[1] to input[7]"),
        ([(3, 1, 3), (2, 1, 9)], "a field of 16: input[1] to input[16], 6 of them read"),
        ([(1, 1, 1)], "a field of 1: input[1]"),
    ],
)
def test_the_field_is_written_over_it(read, layers, said):
    assert said in read(draw.receptive_field(layers)).words


def test_a_field_is_said_layer_by_layer():
    assert draw.receptive_field([(3, 2, 1), (2, 1, 2)], at=0, size=9).alt == (
        "Through 2 layers, output[0] sees 6 of 9 inputs, 0 to 6, a field of 7. "
        "layer 1: kernel 3, stride 2, field 3, jump 2, 2 of 4 entries seen; "
        "output: kernel 2, dilation 2, field 7, jump 2, 1 of 2 entries seen."
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.receptive_field([]), r"layers is empty"),
        (
            lambda: draw.receptive_field([(3, 1)]),
            r"layers holds \(3, 1\): each must be \(kernel_size, stride",
        ),
        (lambda: draw.receptive_field([(3, 0, 1)]), r"layers holds \(3, 0, 1\)"),
        (lambda: draw.receptive_field([3]), r"layers holds 3"),
        (lambda: draw.receptive_field([(3, 1, 1)], at=3), r"at is 3: the output has shape \(3,\)"),
        (
            lambda: draw.receptive_field([(3, 1, 1)] * 2, size=4),
            r"size is 4: layer 2 would .* at least 5 inputs",
        ),
        (lambda: draw.receptive_field([(3, 1, 1)], size=201), r"need 201 inputs: at most 200"),
        (lambda: draw.receptive_field([(300, 1, 1)]), r"need 300 inputs: at most 200"),
        (lambda: draw.receptive_field([(3, 1, 1)], size=0.5), r"size is 0\.5: it must be an integer"),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()
