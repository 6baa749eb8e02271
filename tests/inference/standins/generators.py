"""Generators. A tiny one swaps colour channels and lets the source shift the brightness a little.

So what it did is seen at once, and is worked out by hand in a test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tests.inference.standins.net import Array, Net

SHIFT = 0.02  # how far, of 0..1, the mean of a source's first eight numbers moves the brightness


@dataclass(frozen=True)
class Plan:
    """A generator's tensors, and layers that cost as much as its own.

    ``mean`` and ``std`` of the target, ``out_mean`` and ``out_std`` of the result, for pixels as
    0..1. ``source``: side of the source's picture, or 0 for a latent of 512 numbers. ``widths``:
    channels of the encoder, each after the second at half the size, ``blocks``: residual blocks of
    two styled convolutions at the last of them. ``emap``: whether the graph ends in that matrix.
    """

    side: int
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    out_mean: float = 0.0
    out_std: float = 1.0
    source: int = 0
    widths: tuple[int, ...] = (64, 128, 256, 512)
    blocks: int = 9
    full_size: int = 1
    emap: bool = False


_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 0.5, 0.5)

# inswapper and SimSwap (Chen et al., 2020): layer by layer. The others: SimSwap's plan with about
# as many weights as the published files hold; their own layers were not to be had.
PLANS = {
    "inswapper": Plan(128, widths=(128, 256, 512, 1024), blocks=6, full_size=2, emap=True),
    "simswap-256": Plan(256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "simswap-512": Plan(512, widths=(64, 128, 256, 512, 512)),
    "hififace": Plan(256, *_HALF, widths=(64, 128, 256, 640), blocks=9),
    "ghost": Plan(256, *_HALF, widths=(64, 128, 256, 640), blocks=9),
    "hyperswap": Plan(256, *_HALF, widths=(64, 128, 256, 1024), blocks=8),
    "uniface": Plan(256, *_HALF, source=256, blocks=10),
    "blendswap": Plan(256, source=112, widths=(64, 128, 256), blocks=12),
}


def generator(net: Net, plan: Plan, *, bench: bool) -> None:
    """Inputs ``target`` and ``source``, output ``output``."""
    target = net.input("target", 3, plan.side, plan.side)
    shape = (3, plan.source, plan.source) if plan.source else (512,)
    source = net.input("source", *shape)
    result = _styled(net, plan, target, source) if bench else _shifted(net, plan, target, source)
    net.output(result, "output", 3, plan.side, plan.side)
    if plan.emap:
        net.weights(rotation(net), "buff2fs")


def rotation(net: Net) -> Array:
    basis, _ = np.linalg.qr(net.noise(512, 512, std=1.0))
    return basis.astype(np.float32)


def _shifted(net: Net, plan: Plan, target: str, source: str) -> str:
    def planes(values: tuple[float, float, float]) -> str:
        return net.weights(np.array(values, np.float32).reshape(3, 1, 1))

    pixels = net.add(net.mul(target, planes(plan.std)), planes(plan.mean))
    red, green, blue = net.split(pixels, 1, 1, 1)
    flat = net.op("Flatten", source, axis=1)
    first = net.op("Slice", flat, net.whole(0), net.whole(8), net.whole(1))
    shift = net.reshape(net.mul(net.mean(first, 1), net.number(SHIFT)), -1, 1, 1, 1)
    moved = net.clip(net.add(net.cat(green, blue, red), shift), 0.0, 1.0)
    centred = net.op("Sub", moved, net.number(plan.out_mean))
    return net.op("Div", centred, net.number(plan.out_std))


def _styled(net: Net, plan: Plan, target: str, source: str) -> str:
    """An encoder, residual blocks whose norms the source sets (AdaIN), and a decoder.

    Instance norm is written out as exporters of these do, which is what costs them their time.
    """
    if plan.source:
        source = _described(net, source)
    widths = plan.widths
    x = net.leaky(net.conv(net.reflect(target, 3), 3, widths[0], 7, pad=0))
    for place, (taken, given) in enumerate(pairwise(widths), start=1):
        x = net.leaky(net.conv(x, taken, given, 3, 1 if place < plan.full_size else 2))
    deep = widths[-1]

    def styled(y: str) -> str:
        y = net.conv(net.reflect(y, 1), deep, deep, pad=0)
        y = net.op("Sub", y, net.mean(y, 2, 3))
        spread = net.add(net.mean(net.mul(y, y), 2, 3), net.number(1e-4 if net.half else 1e-8))
        y = net.mul(y, net.op("Div", net.number(1.0), net.op("Sqrt", spread)))
        gain, bias = net.split(net.unsqueeze(net.linear(source, 512, 2 * deep), 2, 3), deep, deep)
        return net.add(net.mul(y, gain), bias)

    for _ in range(plan.blocks):
        x = net.add(x, styled(net.relu(styled(x))))
    steps = list(pairwise(widths[::-1]))
    for place, (taken, given) in enumerate(steps):
        if len(steps) - place >= plan.full_size:
            x = net.resize(x, 2)
        x = net.leaky(net.conv(x, taken, given, gain=0.2 if place == 0 else 2.0))
    x = net.op("Tanh", net.conv(net.reflect(x, 3), widths[0], 3, 7, pad=0, gain=0.5))
    # From -1..1 to the range it gives.
    low, high = (0 - plan.out_mean) / plan.out_std, (1 - plan.out_mean) / plan.out_std
    half = net.mul(x, net.number((high - low) / 2))
    return net.add(half, net.number((high + low) / 2))


def _described(net: Net, picture: str) -> str:
    x, width = picture, 3
    for given in (64, 128, 256, 512):
        x, width = net.leaky(net.conv(x, width, given, 3, 2)), given
    return net.linear(net.reshape(net.mean(x, 2, 3), -1, 512), 512, 512, gain=math.sqrt(2))
