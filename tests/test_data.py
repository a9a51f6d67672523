from pathlib import Path

import numpy as np

from convlab import data
from convlab.data import digits, photograph


def test_the_photograph_is_grey_not_square_and_unsigned():
    image = photograph()
    assert image.shape == (112, 128)
    assert image.dtype == np.uint8
    # The sky is bright, the coat is dark: the right way up.
    assert image[5, 5] > 150 > 40 > image[70, 20]


def test_the_digits_are_small_images_with_a_label_each():
    images, labels = digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)
    assert labels.shape == (1797,)
    assert labels.dtype == np.int64
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_digits_are_the_right_way_up_and_belong_to_their_labels():
    images, labels = digits()
    zero, one, seven = (images[labels == digit].mean(axis=0) for digit in (0, 1, 7))
    assert zero[3:5, 3:5].max() < 5 < 10 < zero[3:5].max()  # a ring has a hole
    assert one[3:5, 3:5].max() > 10
    assert seven[:2].sum() > 1.3 * seven[6:].sum()  # the bar of the seven is at the top


def test_the_digits_come_in_the_order_of_the_forms():
    _, labels = digits()
    # Chapter 10 tests on the last four forms, and the tenth ends here.
    assert labels[1287:1317].tolist() == [*range(10)] * 3
    assert np.array_equal(labels[:87], labels[130:217])


def test_the_data_take_less_than_150_kilobytes_and_have_their_licences():
    folder = Path(data.__file__).parent
    files = [file for file in folder.iterdir() if file.suffix in (".npy", ".npz")]
    assert sum(file.stat().st_size for file in files) < 150_000
    said = (folder / "LICENSES.md").read_text(encoding="utf-8")
    assert all(f"| `{file.name}` |" in said for file in files)
