"""Upscalers, parsers and occluders."""

from __future__ import annotations

import numpy as np

from tests.inference.standins.net import Net


def upscaler(net: Net, scale: int, *, bench: bool) -> None:
    """RRDBNet (Wang et al., "ESRGAN", 2018), 64 features, 23 blocks; a tiny one interpolates."""
    image = net.input("input", 3, "height", "width")
    if scale == 2:  # the real one folds its input, so odd sides fail
        image = net.op("DepthToSpace", net.op("SpaceToDepth", image, blocksize=2), blocksize=2)
    result = _rrdb(net, image, scale) if bench else net.resize(image, scale)
    net.output(result, "output", 3, "out_height", "out_width")


def _rrdb(net: Net, x: str, scale: int) -> str:
    taken = 3
    if scale == 2:
        x, taken = net.op("SpaceToDepth", x, blocksize=2), 12
    x = first = net.conv(x, taken, 64, gain=1.0)
    for _ in range(23):
        y = x
        for _ in range(3):
            grown = [y]
            for place in range(5):
                given = 32 if place < 4 else 64
                z = net.conv(net.cat(*grown), 64 + 32 * place, given, gain=0.5)
                grown.append(net.leaky(z) if place < 4 else z)
            y = net.add(net.mul(grown[-1], net.number(0.2)), y)
        x = net.add(net.mul(y, net.number(0.2)), x)
    x = net.add(first, net.conv(x, 64, 64, gain=0.5))
    for _ in range(2):
        x = net.leaky(net.conv(net.resize(x, 2, "nearest"), 64, 64))
    return net.op("Sigmoid", net.conv(net.leaky(net.conv(x, 64, 64)), 64, 3, gain=0.1))


def bisenet(net: Net, *, bench: bool) -> None:
    """BiSeNet over ResNet-34 (Yu et al., 2018): skin, class 1, wins inside a disc."""
    image = net.input("input", 3, 512, 512)
    y = _bisenet(net, image) if bench else net.mean(image, 1, 2, 3)
    v, u = np.mgrid[:512, :512] / 512 - 0.5
    wanted = np.zeros((1, 19, 512, 512), np.float32)
    wanted[0, 0] = 0.5
    wanted[0, 1] = u**2 + v**2 < 0.16
    net.output(net.pin(y, wanted), "output", 19, 512, 512)


def _bisenet(net: Net, x: str) -> str:
    x = net.pool(net.relu(net.conv(x, 3, 64, 7, 2)), 3, 2, 1)
    taken, found = 64, []
    for width, count in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for number in range(count):
            stride = 2 if number == 0 and width > 64 else 1
            y = net.relu(net.conv(x, taken, width, 3, stride))
            y = net.conv(y, width, width, gain=0.2)
            skip = net.conv(x, taken, width, 1, stride, gain=1.0) if taken != width else x
            x, taken = net.relu(net.add(y, skip)), width
        found.append(x)
    _, f8, f16, f32 = found

    def refined(x: str, width: int) -> str:
        y = net.relu(net.conv(x, width, 128))
        pooled = net.op("GlobalAveragePool", y)
        return net.mul(y, net.op("Sigmoid", net.conv(pooled, 128, 128, 1)))

    whole = net.relu(net.conv(net.op("GlobalAveragePool", f32), 512, 128, 1))
    y = net.resize(net.add(refined(f32, 512), whole), 2, "nearest")
    y = net.resize(net.add(refined(f16, 256), net.relu(net.conv(y, 128, 128))), 2, "nearest")
    y = net.relu(net.conv(net.cat(f8, net.relu(net.conv(y, 128, 128))), 256, 256, 1))
    gate = net.relu(net.conv(net.op("GlobalAveragePool", y), 256, 64, 1))
    y = net.add(net.mul(y, net.op("Sigmoid", net.conv(gate, 64, 256, 1))), y)
    return net.resize(net.conv(net.relu(net.conv(y, 256, 256)), 256, 19, 1), 8)


def xseg(net: Net, *, bench: bool) -> None:
    """NHWC in and out: the right fifth of the crop is marked as occluded."""
    image = net.input("input", 256, 256, 3)
    y = net.mean(image, 3)
    if bench:
        x = _unet(net, net.op("Transpose", image, perm=[0, 3, 1, 2]))
        y = net.op("Transpose", x, perm=[0, 2, 3, 1])
    wanted = np.ones((1, 256, 256, 1), np.float32)
    wanted[:, :, 205:] = 0
    net.output(net.pin(y, wanted), "output", 256, 256, 1)


def _unet(net: Net, x: str) -> str:
    widths = (32, 64, 128, 256, 512, 384)
    taken, kept = 3, []
    for width in widths:
        for _ in range(2):
            x, taken = net.relu(net.conv(x, taken, width)), width
        kept.append((x, width))
        x = net.pool(x)
    for skip, width in reversed(kept):
        x = net.cat(net.resize(x, 2), skip)
        x = net.relu(net.conv(x, taken + width, width, gain=1.0))
        taken = width
    return net.op("Sigmoid", net.conv(x, taken, 1, gain=1.0))
