"""The layers that are raced: what networks are made of, and what is hard for one method or another."""

from typing import NamedTuple


class RacedLayer(NamedTuple):
    """A convolution by its sizes; signals are images one row high. Names as in torch.nn.Conv2d."""

    name: str
    in_channels: int
    size: tuple[int, int]
    out_channels: int
    kernel: tuple[int, int]
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1
    groups: int = 1
    batch: int = 1


BATCHES = (1, 32)  # an answer while somebody waits, and a step of training

LAYERS = [
    RacedLayer("LeNet-1 5x5, 1 channel", 1, (28, 28), 6, (5, 5), padding=(2, 2)),
    RacedLayer("LeNet-2 5x5", 6, (14, 14), 16, (5, 5)),
    RacedLayer("AlexNet-1 11x11 s4", 3, (224, 224), 64, (11, 11), stride=4, padding=(2, 2)),
    RacedLayer("AlexNet-2 5x5", 64, (27, 27), 192, (5, 5), padding=(2, 2)),
    RacedLayer("VGG-1 3x3, 3 channels", 3, (224, 224), 64, (3, 3), padding=(1, 1)),
    RacedLayer("VGG-2 3x3, 64 channels", 64, (224, 224), 64, (3, 3), padding=(1, 1)),
    RacedLayer("VGG 3x3, 256 channels", 256, (56, 56), 256, (3, 3), padding=(1, 1)),
    RacedLayer("ResNet-50 7x7 s2", 3, (224, 224), 64, (7, 7), stride=2, padding=(3, 3)),
    RacedLayer("ResNet-50 3x3, 64 channels", 64, (56, 56), 64, (3, 3), padding=(1, 1)),
    RacedLayer("ResNet-50 3x3, 256 channels", 256, (14, 14), 256, (3, 3), padding=(1, 1)),
    RacedLayer("ResNet-50 3x3, 512 channels, 7x7 pixels", 512, (7, 7), 512, (3, 3), padding=(1, 1)),
    RacedLayer("ResNet-50 3x3 s2", 128, (56, 56), 128, (3, 3), stride=2, padding=(1, 1)),
    RacedLayer("ResNet-50 1x1", 256, (56, 56), 64, (1, 1)),
    RacedLayer("ResNet-50 1x1, 14x14 pixels", 1024, (14, 14), 256, (1, 1)),
    RacedLayer("ResNet-50 1x1 s2", 256, (56, 56), 512, (1, 1), stride=2),
    RacedLayer("dilated 3x3 d2", 256, (28, 28), 256, (3, 3), padding=(2, 2), dilation=2),
    RacedLayer("depthwise 3x3", 144, (56, 56), 144, (3, 3), padding=(1, 1), groups=144),
    RacedLayer("depthwise 3x3 s2", 144, (56, 56), 144, (3, 3), stride=2, padding=(1, 1), groups=144),
    RacedLayer("depthwise 3x3, 14x14 pixels", 384, (14, 14), 384, (3, 3), padding=(1, 1), groups=384),
    RacedLayer("depthwise 3x3, 7x7 pixels", 960, (7, 7), 960, (3, 3), padding=(1, 1), groups=960),
    RacedLayer("grouped 3x3, 32 groups of 4", 128, (56, 56), 128, (3, 3), padding=(1, 1), groups=32),
    RacedLayer("15x15", 16, (64, 64), 16, (15, 15), padding=(7, 7)),
    RacedLayer("31x31", 16, (128, 128), 16, (31, 31), padding=(15, 15)),
    RacedLayer("depthwise 31x31", 128, (32, 32), 128, (31, 31), padding=(15, 15), groups=128),
    RacedLayer("audio 1D, 80 taps s4", 1, (1, 16000), 64, (1, 80), stride=4),
    RacedLayer("audio 1D, WaveNet 2 taps d512", 64, (1, 16000), 64, (1, 2), dilation=512),
]
