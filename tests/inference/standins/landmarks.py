"""Landmarkers that draw one face, always the same."""

from __future__ import annotations

import math

import numpy as np

from tests.inference.standins.detectors import EXTENT
from tests.inference.standins.net import Array, Net


def drawn_68() -> Array:
    """68 points (iBUG 300-W) in the unit square of the face's box, from simple curves."""
    turn = np.linspace(0, math.pi, 17)
    along = np.linspace(0, 1, 5)

    def ring(count: int, x: float, y: float, rx: float, ry: float) -> Array:
        angle = math.pi + np.arange(count) * 2 * math.pi / count
        return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)

    jaw = np.stack([0.5 - 0.48 * np.cos(turn), 0.42 + 0.55 * np.sin(turn)], axis=1)
    arch = 0.30 - 0.06 * np.sin(math.pi * along)
    brows = [np.stack([left + 0.26 * along, arch], axis=1) for left in (0.14, 0.60)]
    bridge = np.stack([np.full(4, 0.5), np.linspace(0.38, 0.585, 4)], axis=1)
    base = np.stack([np.linspace(0.41, 0.59, 5), 0.63 + 0.02 * np.sin(math.pi * along)], axis=1)
    eyes = [ring(6, x, 0.386, 0.07, 0.025) for x in (0.268, 0.732)]
    mouth = [ring(12, 0.5, 0.771, 0.185, 0.06), ring(8, 0.5, 0.771, 0.12, 0.03)]
    return np.concatenate([jaw, *brows, bridge, base, *eyes, *mouth]).astype(np.float32)


def grid_68() -> Array:
    """The same as 2DFAN4 and Peppa-Wutz give them: on a grid of 64 over a crop of 256.

    The larger side of the face's box takes 195 of the crop's pixels.
    """
    crop = (drawn_68() - 0.5) * EXTENT * (195 / float(EXTENT.max())) + 128
    return np.concatenate([crop / 4, np.full((68, 1), 0.9)], axis=1).astype(np.float32)[None]


def fan4(net: Net, *, bench: bool) -> None:
    """2DFAN4 (Bulat and Tzimiropoulos, ICCV 2017): four stacked hourglasses."""
    image = net.input("input", 3, 256, 256)
    heat = _fan(net, image) if bench else net.unsqueeze(net.mean(image, 1, 2, 3), 4)
    if not bench:
        heat = net.reshape(heat, -1, 1, 1, 1)
    points = grid_68()
    hot = np.zeros((1, 68, 64, 64), np.float32)
    for number, (x, y, score) in enumerate(points[0]):
        hot[0, number, int(np.clip(y, 0, 63)), int(np.clip(x, 0, 63))] = score
    heat = net.pin(heat, hot)
    nothing = net.reshape(net.mul(net.mean(heat, 1, 2, 3), net.number(0.0)), -1, 1, 1)
    net.output(net.add(nothing, net.weights(points)), "landmarks_xyscore", 68, 3)
    net.output(heat, "heatmaps", 68, 64, 64)


def _fan(net: Net, x: str) -> str:
    def block(x: str, taken: int, given: int) -> str:
        def part(y: str, a: int, b: int) -> str:
            return net.conv(net.relu(net.norm(y, a)), a, b, gain=1.0)

        a = part(x, taken, given // 2)
        b = part(a, given // 2, given // 4)
        c = part(b, given // 4, given // 4)
        skip = x
        if taken != given:
            skip = net.conv(net.relu(net.norm(x, taken)), taken, given, 1, gain=1.0)
        return net.norm(net.add(net.cat(a, b, c), skip), given, 0.5)

    def hourglass(x: str, depth: int) -> str:
        up = block(x, 256, 256)
        low = block(net.pool(x, kind="AveragePool"), 256, 256)
        low = hourglass(low, depth - 1) if depth > 1 else block(low, 256, 256)
        return net.add(up, net.resize(block(low, 256, 256), 2, "nearest"))

    x = net.relu(net.norm(net.conv(x, 3, 64, 7, 2), 64))
    x = net.pool(block(x, 64, 128), kind="AveragePool")
    x = block(block(x, 128, 128), 128, 256)
    heat = ""
    for stack in range(4):
        y = net.conv(block(hourglass(x, 4), 256, 256), 256, 256, 1, gain=1.0)
        y = net.relu(net.norm(y, 256, 0.5))
        heat = net.conv(y, 256, 68, 1, gain=1.0)
        if stack < 3:
            back = net.add(net.conv(y, 256, 256, 1, gain=1.0), net.conv(heat, 68, 256, 1, gain=1.0))
            x = net.norm(net.add(x, back), 256, 0.5)
    return heat


def peppa_wutz(net: Net, *, bench: bool) -> None:
    """A mobile network of a few million weights."""
    x, width = net.input("input", 3, 256, 256), 3
    for given in (32, 64, 128, 256, 384) if bench else (4,):
        x, width = net.relu(net.conv(x, width, given, 3, 2)), given
    y = net.reshape(net.linear(net.reshape(net.mean(x, 2, 3), -1, width), width, 204), -1, 68, 3)
    net.output(net.pin(y, grid_68()), "output", 68, 3)


def fan_68_5(net: Net, *, bench: bool) -> None:  # noqa: ARG001 - it is as small as that
    """Five points in the unit square of the ffhq template to sixty-eight."""
    x = net.reshape(net.input("input", 5, 2), -1, 10)
    y = net.linear(net.relu(net.linear(x, 10, 128)), 128, 136)
    eyes, mouth = np.array([0.5, 0.469]), np.array([0.5, 0.725])
    scale = float(mouth[1] - eyes[1]) / (0.771 - 0.386)
    wanted = (drawn_68() - [0.5, 0.386]) * scale + eyes
    net.output(net.reshape(net.pin(y, wanted.reshape(1, 136)), -1, 68, 2), "output", 68, 2)


def liveportrait_203(net: Net, *, bench: bool) -> None:
    """Sets of 107, 131 and 203 points, here on circles about the middle of the crop."""
    width = 96 if bench else 4
    x = net.relu(net.conv(net.input("input", 3, 224, 224), 3, width, 4, 4, pad=0))
    for given in (192, 384, 768) if bench else ():
        x, width = net.relu(net.conv(x, width, given, 3, 2)), given
    x = net.reshape(net.mean(x, 2, 3), -1, width)
    for points, name in ((107, "output"), (131, "853"), (203, "856")):
        angle = np.arange(points) * 2 * math.pi / points
        ring = 0.5 + 0.3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        y = net.linear(x, width, 2 * points)
        net.output(net.pin(y, ring.reshape(1, -1)), name, 2 * points)
