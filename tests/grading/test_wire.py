"""Values travel whole, or not at all."""

import contextlib
import math
import socket
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlab.checks.samples import LAYOUTS, lay_out
from convlab.grading.wire import MOST_PARTS, Named, Pipe, PipeClosed, PipeTimeout, WireError, decode, encode

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value):
    assert decode(encode(value)) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_wire_error(data):
    with contextlib.suppress(WireError):
        decode(data)


def test_tuples_stay_tuples_and_lists_stay_lists():
    assert decode(encode((1, [2, (3.0, "é")], True))) == (1, [2, (3.0, "é")], True)
    assert type(decode(encode((True,)))[0]) is bool


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8"])
def test_arrays_keep_values_shape_and_dtype(dtype):
    array = np.arange(12).reshape(3, 4).astype(dtype)
    back = decode(encode(array))
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)
    assert back.flags.writeable


def test_foreign_byte_order_arrives_in_this_machines():
    back = decode(encode(np.array([1.5, 2.5], dtype=">f8")))
    assert back.dtype == np.float64
    assert back.tolist() == [1.5, 2.5]


@pytest.mark.parametrize("how", LAYOUTS)
def test_an_argument_keeps_its_layout(how):
    array = lay_out(np.arange(1.0, 13.0).reshape(3, 4), how)
    back = decode(encode(array, layouts=True), trusted=True)
    assert np.array_equal(back, array)
    assert back.strides == array.strides
    assert back.flags.writeable == array.flags.writeable


def test_numpys_scalars_stay_numpys():
    back = decode(encode(np.float32(1.5)))
    assert type(back) is np.float32


def test_what_is_no_data_arrives_as_its_types_name():
    class Thing:
        def __reduce__(self):
            raise AssertionError("nothing is pickled")

    assert type(decode(encode(Thing()))).__name__ == "Thing"
    assert type(decode(encode(1j))).__name__ == "complex"
    assert decode(encode(np.array([1j]))).dtype == np.complex128
    assert decode(encode(np.array([Thing()]))).dtype == object
    assert type(decode(encode(10**1000))).__name__ == "int of 3322 bits"


def test_callables_come_from_the_grader_only():
    data = encode(Named("square", "lambda x: x * x"))
    assert decode(data, trusted=True).source == "lambda x: x * x"
    with pytest.raises(WireError, match="callable"):
        decode(data)


def array_bytes(shape, size, data=b"", dtype="<f8"):
    layout = [*shape, *([8] * len(shape)), 0]
    return (
        b"a"
        + struct.pack("<I", len(dtype))
        + dtype.encode()
        + bytes([len(shape), 1])
        + struct.pack(f"<{len(layout)}q", *layout)
        + struct.pack("<Q", size)
        + data
    )


def test_an_array_that_is_made_by_hand_is_read():
    assert decode(array_bytes((2,), 16, struct.pack("<2d", 1, 2))).tolist() == [1, 2]


@pytest.mark.parametrize(
    "data",
    [
        array_bytes((2,), 8, bytes(8)),  # less than the shape says
        array_bytes((1,), 16, bytes(16)),  # more
        array_bytes((2**61,), 0),  # the product with 8 wraps around to 0
        array_bytes((2**32, 2**32), 0),
        array_bytes((-1,), 8, bytes(8)),
        array_bytes((-1, -1), 8, bytes(8)),
        array_bytes((10**9,), 8 * 10**9),  # nothing of it has come
        array_bytes((1,), 8, bytes(8), dtype="|O"),
        array_bytes((1,), 8, bytes(8), dtype="<U2"),
        array_bytes((1,), 8, bytes(8), dtype="(10000000,)<f8"),
        array_bytes((1,) * 17, 8, bytes(8)),
    ],
)
def test_an_array_that_lies_is_refused(data):
    with pytest.raises(WireError):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"s\xff\xff\xff\xff",
        b"l\xff\xff\xff\xff",
        b"i\xff" + bytes(255),
        b"l\x01\x00\x00\x00" * 40 + b"N",
        b"d\x01\x00\x00\x00t\x00\x00\x00\x00N",
        b"NN",
        b"s\x01\x00\x00\x00\xff",
    ],
)
def test_other_lies_are_refused(data):
    with pytest.raises(WireError):
        decode(data)


def test_what_goes_round_or_is_too_large_is_not_sent():
    ring = []
    ring.append(ring)
    with pytest.raises(WireError, match="too deeply"):
        encode(ring)
    with pytest.raises(WireError, match="too many parts"):
        encode([0] * 200_000)
    with pytest.raises(WireError, match="more than"):
        encode(np.broadcast_to(1.0, (10**12,)), largest=10**6)


@pytest.fixture
def pipes():
    ends = socket.socketpair()
    pair = [Pipe(end, 10_000) for end in ends]
    yield pair
    for pipe in pair:
        pipe.close()


def test_frames_cross_a_pipe(pipes):
    pipes[0].send(("call", 1))
    pipes[0].send(("call", 2))
    assert pipes[1].receive(1) == ("call", 1)
    assert pipes[1].receive(1) == ("call", 2)


def test_silence_an_end_and_a_lie_are_told_apart(pipes):
    with pytest.raises(PipeTimeout):
        pipes[1].receive(0.01)
    pipes[0].end.send(struct.pack("<I", 2**32 - 1))
    with pytest.raises(WireError, match="may have 10000"):
        pipes[1].receive(1)
    pipes[0].close()
    with pytest.raises(PipeClosed):
        pipes[1].receive(1)


def test_half_a_frame_is_not_waited_for_without_end(pipes):
    pipes[0].end.send(struct.pack("<I", 100) + b"N" * 50)
    with pytest.raises(PipeTimeout):
        pipes[1].receive(0.05)


def test_nan_and_infinity_travel():
    assert math.isnan(decode(encode(math.nan)))
    assert decode(encode(-math.inf)) == -math.inf


def test_an_axis_is_not_longer_than_an_answer_may_be_though_there_is_nothing_along_it():
    assert decode(array_bytes((0, 3), 0)).shape == (0, 3)
    with pytest.raises(WireError, match="too many elements"):
        decode(array_bytes((10**13, 0), 0))


def test_longer_floats_travel_as_usual_ones():
    back = decode(encode(np.array([1.5, np.inf], np.longdouble)))
    assert back.dtype == np.float64
    assert back.tolist() == [1.5, math.inf]
    with pytest.raises(WireError, match="no dtype"):
        decode(array_bytes((1,), 16, bytes(16), dtype="<f16"))


def test_bytes_that_are_no_number_stay_nan_without_a_warning():
    odd = np.frombuffer(b"\1" * 8 + b"\1\x40" + bytes(6), np.longdouble)
    assert decode(encode(odd)).dtype == np.float64


def test_what_is_under_a_mask_is_not_sent():
    masked = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    assert type(decode(encode(masked))).__name__ == "masked array"
    assert decode(encode(np.ma.masked_array([1.0, 2.0]))).tolist() == [1, 2]


def test_a_dict_with_other_keys_arrives_as_its_name():
    assert "no text and no number" in type(decode(encode({(1, 2): 3}))).__name__


def test_of_many_types_only_a_few_arrive_by_name():
    many = decode(encode([type(f"T{i}", (), {})() for i in range(200)]))
    names = [type(one).__name__ for one in many]
    assert names[:3] == ["T0", "T1", "T2"]
    assert names[-1] == "object"
    assert len(set(names)) < 50


def test_an_answer_has_fewer_parts_than_what_a_cell_shows():
    value = [0] * (MOST_PARTS + 1)
    assert len(decode(encode(value))) == MOST_PARTS + 1
    with pytest.raises(WireError, match="too many parts"):
        encode(value, most_nodes=MOST_PARTS)
    with pytest.raises(WireError, match="too many parts"):
        decode(encode(value), most_nodes=MOST_PARTS)


def test_a_pipe_counts_what_came_through_it(pipes):
    pipes[0].send(("call", 1))
    pipes[0].send("x" * 100)
    pipes[1].receive(1)
    before = pipes[1].received
    pipes[1].receive(1)
    assert pipes[1].received - before == 105
