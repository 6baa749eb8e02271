"""Recognisers whose embedding depends a little on the picture, so that people differ."""

from __future__ import annotations

import numpy as np

from tests.inference.standins.net import Net

NORM = 20.0  # of ArcFace's embeddings, about


def arcface(net: Net, *, bench: bool) -> None:
    """IResNet-50 (Deng et al., 2019), 512 numbers, not normalised."""
    image = net.input("input", 3, 112, 112)
    if bench:
        found = net.linear(_iresnet50(net, image), 25088, 512)
    else:
        small = net.pool(image, 16, 16, kind="AveragePool")
        found = net.linear(net.reshape(small, -1, 147), 147, 512, gain=4.0)
    base = net.noise(1, 512, std=1.0)
    about = net.weights(base * np.float32(NORM / np.linalg.norm(base)))
    net.output(net.add(net.op("Tanh", found), about), "output", 512)


def _iresnet50(net: Net, x: str) -> str:
    x = net.prelu(net.conv(x, 3, 64), 64)
    taken = 64
    for width, count in ((64, 3), (128, 4), (256, 14), (512, 3)):
        for number in range(count):
            stride = 2 if number == 0 else 1
            y = net.prelu(net.conv(net.norm(x, taken), taken, width), width)
            y = net.conv(y, width, width, 3, stride, gain=0.5)
            skip = net.conv(x, taken, width, 1, stride, gain=1.0) if stride > 1 else x
            x, taken = net.add(y, skip), width
    return net.op("Flatten", net.norm(x, 512, 0.1), axis=1)


def crossface(net: Net, *, bench: bool) -> None:
    """A rotation, and in the bench's size the hidden layers of a converter of 21 MB."""
    x = net.input("input", 512)
    if bench:
        for taken, given in ((512, 1024), (1024, 2048), (2048, 1024), (1024, 512)):
            x = net.leaky(net.linear(x, taken, given, gain=2.0))
    basis, _ = np.linalg.qr(net.noise(512, 512, std=1.0))
    net.output(net.op("MatMul", x, net.weights(basis.astype(np.float32))), "output", 512)


def sface(net: Net, *, bench: bool) -> None:  # noqa: ARG001 - the real one ships: never a bench
    """The tensors of SFace."""
    image = net.input("data", 3, 112, 112)
    colour = net.reshape(net.mean(image, 2, 3), -1, 3)
    net.output(net.linear(colour, 3, 128), "fc1", 128)
