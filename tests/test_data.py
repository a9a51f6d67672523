import numpy as np

from convlab.data import photograph


def test_the_photograph_is_grey_not_square_and_unsigned():
    image = photograph()
    assert image.shape == (112, 128)
    assert image.dtype == np.uint8
    # The sky is bright, the coat is dark: the right way up.
    assert image[5, 5] > 150 > 40 > image[70, 20]
