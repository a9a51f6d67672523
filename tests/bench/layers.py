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
    RacedLayer("grouped 3x3, 32 groups of 4", 128, (56, 56), 128, (3, 3), padding=(1, 1), groups=32),
    RacedLayer("15x15", 16, (64, 64), 16, (15, 15), padding=(7, 7)),
    RacedLayer("31x31", 16, (128, 128), 16, (31, 31), padding=(15, 15)),
    RacedLayer("depthwise 31x31", 128, (32, 32), 128, (31, 31), padding=(15, 15), groups=128),
    RacedLayer("audio 1D, 80 taps s4", 1, (1, 16000), 64, (1, 80), stride=4),
    RacedLayer("audio 1D, WaveNet 2 taps d512", 64, (1, 16000), 64, (1, 2), dilation=512),
]

OTHERS = [  # of networks that the table leaves out: to see how far its figures carry
    RacedLayer("MNIST 3x3 1-32", 1, (28, 28), 32, (3, 3)),
    RacedLayer("MNIST 3x3 32-64", 32, (26, 26), 64, (3, 3)),
    RacedLayer("CIFAR 3x3 3-16", 3, (32, 32), 16, (3, 3), padding=(1, 1)),
    RacedLayer("CIFAR 3x3 16-16", 16, (32, 32), 16, (3, 3), padding=(1, 1)),
    RacedLayer("CIFAR 3x3 16-32 s2", 16, (32, 32), 32, (3, 3), stride=2, padding=(1, 1)),
    RacedLayer("CIFAR 3x3 64-64 8x8", 64, (8, 8), 64, (3, 3), padding=(1, 1)),
    RacedLayer("GoogLeNet 5x5 16-32 28", 16, (28, 28), 32, (5, 5), padding=(2, 2)),
    RacedLayer("Inception 1x7 192 17", 192, (17, 17), 192, (1, 7), padding=(0, 3)),
    RacedLayer("Inception 7x1 192 17", 192, (17, 17), 192, (7, 1), padding=(3, 0)),
    RacedLayer("1x1 64-256 56", 64, (56, 56), 256, (1, 1)),
    RacedLayer("1x1 512-2048 7", 512, (7, 7), 2048, (1, 1)),
    RacedLayer("MobileNetV2 1x1 24-144 56", 24, (56, 56), 144, (1, 1)),
    RacedLayer("ViT 16x16 s16", 3, (224, 224), 768, (16, 16), stride=16),
    RacedLayer("ConvNeXt 4x4 s4", 3, (224, 224), 96, (4, 4), stride=4),
    RacedLayer("ConvNeXt 2x2 s2 96-192", 96, (56, 56), 192, (2, 2), stride=2),
    RacedLayer("ConvNeXt depthwise 7x7 96 56", 96, (56, 56), 96, (7, 7), padding=(3, 3), groups=96),
    RacedLayer("ConvNeXt depthwise 7x7 768 7", 768, (7, 7), 768, (7, 7), padding=(3, 3), groups=768),
    RacedLayer("MobileNetV2 depthwise 32 112", 32, (112, 112), 32, (3, 3), padding=(1, 1), groups=32),
    RacedLayer(
        "MobileNetV2 depthwise 96 112 s2", 96, (112, 112), 96, (3, 3), stride=2, padding=(1, 1), groups=96
    ),
    RacedLayer("MobileNetV2 depthwise 192 28", 192, (28, 28), 192, (3, 3), padding=(1, 1), groups=192),
    RacedLayer(
        "MobileNetV2 depthwise 192 28 s2", 192, (28, 28), 192, (3, 3), stride=2, padding=(1, 1), groups=192
    ),
    RacedLayer(
        "MobileNetV2 depthwise 576 14 s2", 576, (14, 14), 576, (3, 3), stride=2, padding=(1, 1), groups=576
    ),
    RacedLayer("MobileNetV2 depthwise 960 7", 960, (7, 7), 960, (3, 3), padding=(1, 1), groups=960),
    RacedLayer(
        "EfficientNet depthwise 5x5 144 56 s2",
        144,
        (56, 56),
        144,
        (5, 5),
        stride=2,
        padding=(2, 2),
        groups=144,
    ),
    RacedLayer("EfficientNet depthwise 5x5 480 14", 480, (14, 14), 480, (5, 5), padding=(2, 2), groups=480),
    RacedLayer("EfficientNet depthwise 5x5 1152 7", 1152, (7, 7), 1152, (5, 5), padding=(2, 2), groups=1152),
    RacedLayer("depthwise multiplier 2, 64 28", 64, (28, 28), 128, (3, 3), padding=(1, 1), groups=64),
    RacedLayer("ResNeXt g32 256 28", 256, (28, 28), 256, (3, 3), padding=(1, 1), groups=32),
    RacedLayer("ResNeXt g32 256 56 s2", 256, (56, 56), 256, (3, 3), stride=2, padding=(1, 1), groups=32),
    RacedLayer("ResNeXt g32 1024 7", 1024, (7, 7), 1024, (3, 3), padding=(1, 1), groups=32),
    RacedLayer("DCGAN 5x5 s2 64-128 32", 64, (32, 32), 128, (5, 5), stride=2, padding=(2, 2)),
    RacedLayer("UNet 3x3 64-64 128", 64, (128, 128), 64, (3, 3)),
    RacedLayer("DeepLab d6 256 33", 256, (33, 33), 256, (3, 3), padding=(6, 6), dilation=6),
    RacedLayer("DeepLab d12 256 33", 256, (33, 33), 256, (3, 3), padding=(12, 12), dilation=12),
    RacedLayer("Gauss 5x5 1-1 256", 1, (256, 256), 1, (5, 5), padding=(2, 2)),
    RacedLayer("Sobel 3x3 1-2 512", 1, (512, 512), 2, (3, 3), padding=(1, 1)),
    RacedLayer("small 3x3 8-8 8x8", 8, (8, 8), 8, (3, 3), padding=(1, 1)),
    RacedLayer("1D k3 64 T1000", 64, (1, 1000), 64, (1, 3), padding=(0, 1)),
    RacedLayer("1D k9 128 T1000", 128, (1, 1000), 128, (1, 9), padding=(0, 4)),
    RacedLayer("1D wav2vec k10 s5", 1, (1, 16000), 512, (1, 10), stride=5),
    RacedLayer("1D wav2vec k3 s2 512", 512, (1, 3199), 512, (1, 3), stride=2),
    RacedLayer(
        "1D conformer depthwise k31 256 T400", 256, (1, 400), 256, (1, 31), padding=(0, 15), groups=256
    ),
    RacedLayer("1D ECG k7 12-32 T5000", 12, (1, 5000), 32, (1, 7), padding=(0, 3)),
    RacedLayer("1D TCN d8 k3 32 T512", 32, (1, 512), 32, (1, 3), padding=(0, 8), dilation=8),
]
