"""Restorers. A tiny one sharpens."""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto

from tests.inference.standins.net import Net

SHARP = 1.8  # a tiny one's own pixel; its eight neighbours take -0.1 each


def restorer(
    net: Net, side: int, *, bench: bool, weight: bool = False, kind: str = "style"
) -> None:
    """Input ``input`` and, if asked for, ``weight``, one double."""
    image = net.input("input", 3, side, side)
    scale = net.scalar("weight", TensorProto.DOUBLE) if weight else None
    if not bench:
        kernel = np.zeros((3, 3, 3, 3), np.float32)
        for channel in range(3):
            kernel[channel, channel] = -0.1
            kernel[channel, channel, 1, 1] = SHARP
        result = net.op("Conv", image, net.weights(kernel), pads=[1] * 4)
    elif kind == "style":
        result = _gfpgan(net, image, side)
    else:
        result = _code_book(net, image)
    if scale is not None:
        # As far as the weight goes; at 0 the picture passes unchanged.
        result = net.add(image, net.mul(net.op("Sub", result, image), scale))
    net.output(result, "output", 3, side, side)


def _gfpgan(net: Net, image: str, side: int) -> str:
    """GFPGANv1Clean (Wang et al., 2021): a U-Net that scales and shifts a StyleGAN2's features.

    Half the channels of the latter are modulated; its weights are worked out in the graph.
    """
    levels = int(math.log2(side))
    narrow = {2**i: min(256, 2 ** (14 - i)) for i in range(2, levels + 1)}
    wide = {2**i: min(512, 2 ** (15 - i)) for i in range(2, levels + 1)}

    def residual(x: str, taken: int, given: int, scale: float) -> str:
        y = net.leaky(net.conv(x, taken, taken))
        y = net.leaky(net.conv(net.resize(y, scale), taken, given, gain=0.5))
        return net.add(y, net.conv(net.resize(x, scale), taken, given, 1, gain=0.5))

    taken = narrow[side]
    x = net.leaky(net.conv(image, 3, taken, 1))
    down: list[str] = []
    for level in range(levels, 2, -1):
        x, taken = residual(x, taken, narrow[2 ** (level - 1)], 0.5), narrow[2 ** (level - 1)]
        down.insert(0, x)
    x = net.leaky(net.conv(x, taken, taken))
    count = 2 * levels - 2
    flat = net.linear(net.op("Flatten", x, axis=1), 16 * taken, count * 512)
    styles = [net.reshape(part, -1, 512) for part in net.split(flat, *[512] * count)]
    conditions = []
    for level in range(3, levels + 1):
        given = narrow[2**level]
        x, taken = residual(net.add(x, down[level - 3]), taken, given, 2), given
        pair = []
        for bias in (1.0, 0.0):
            y = net.conv(
                net.leaky(net.conv(x, given, given)), given, wide[2**level] // 2, gain=0.05
            )
            pair.append(net.add(y, net.number(bias)))
        conditions.append(pair)

    def modulated(x: str, style: str, taken: int, given: int, k: int, *, even: bool) -> str:
        gains = net.reshape(net.linear(style, 512, taken, 0.05, 1.0), 1, taken, 1, 1)
        kernel = net.weights(net.noise(given, taken, k, k, std=1 / math.sqrt(taken * k * k)))
        kernel = net.mul(kernel, gains)
        if even:
            total = net.op("ReduceSum", net.mul(kernel, kernel), net.whole(1, 2, 3), keepdims=1)
            kernel = net.op("Div", kernel, net.op("Sqrt", net.add(total, net.number(1e-8))))
        return net.op("Conv", x, kernel, kernel_shape=[k, k], pads=[k // 2] * 4)

    def styled(x: str, style: str, taken: int, given: int, side: int, *, up: bool) -> str:
        y = modulated(net.resize(x, 2) if up else x, style, taken, given, 3, even=True)
        y = net.mul(y, net.number(math.sqrt(2)))
        return net.leaky(net.add(y, net.weights(net.noise(1, 1, side, side, std=0.05))))

    def colour(x: str, style: str, taken: int, before: str | None) -> str:
        y = modulated(x, style, taken, 3, 1, even=False)
        return net.add(y, net.resize(before, 2)) if before else y

    start = net.weights(net.noise(1, 512, 4, 4, std=1.0))
    y = styled(start, styles[0], 512, 512, 4, up=False)
    picture, at, taken = colour(y, styles[1], 512, None), 1, 512
    for level, (scale, shift) in zip(range(3, levels + 1), conditions, strict=True):
        given = wide[2**level]
        y = styled(y, styles[at], taken, given, 2**level, up=True)
        same, changed = net.split(y, given // 2, given - given // 2)
        y = net.cat(same, net.add(net.mul(changed, scale), shift))
        y = styled(y, styles[at + 1], given, given, 2**level, up=False)
        picture = colour(y, styles[min(at + 2, count - 1)], given, picture)
        at, taken = at + 2, given
    return net.op("Tanh", net.mul(picture, net.number(0.2)))


def _code_book(net: Net, image: str) -> str:
    """CodeFormer and RestoreFormer++: a VQGAN's encoder and decoder, attention between them."""
    widths = (64, 128, 128, 256, 256, 512)

    def residual(x: str, taken: int, given: int) -> str:
        y = net.conv(net.silu(net.group_norm(x, taken)), taken, given, gain=1.0)
        y = net.conv(net.silu(net.group_norm(y, given)), given, given, gain=0.5)
        return net.add(y, net.conv(x, taken, given, 1, gain=1.0) if taken != given else x)

    x, taken = net.conv(image, 3, 64), 64
    kept = []
    for place, width in enumerate(widths):
        for _ in range(2):
            x, taken = residual(x, taken, width), width
        kept.append(x)
        if place < len(widths) - 1:
            x = net.conv(x, taken, taken, 3, 2)
    for _ in range(2):
        x = residual(x, 512, 512)
    tokens = net.op("Transpose", net.reshape(x, 0, 512, 256), perm=[0, 2, 1])
    for _ in range(9):
        tokens = net.add(tokens, _attention(net, tokens))
        hidden = net.relu(_dense(net, tokens, 512, 1024))
        tokens = net.add(tokens, _dense(net, hidden, 1024, 512))
    x = net.reshape(net.op("Transpose", tokens, perm=[0, 2, 1]), 0, 512, 16, 16)
    for _ in range(2):
        x = residual(x, 512, 512)
    for place, width in enumerate(reversed(widths)):
        for _ in range(2):
            x, taken = residual(x, taken, width), width
        if 0 < place < len(widths) - 1:
            # The encoder's features scale and shift the decoder's.
            both = residual(net.cat(kept[-1 - place], x), 2 * width, width)
            scale, shift = (
                net.conv(net.leaky(net.conv(both, width, width)), width, width, gain=0.05)
                for _ in range(2)
            )
            x = net.add(x, net.add(net.mul(x, scale), shift))
        if place < len(widths) - 1:
            x = net.conv(net.resize(x, 2, "nearest"), taken, taken, gain=1.0)
    return net.op("Tanh", net.conv(net.silu(net.group_norm(x, taken)), taken, 3, gain=0.2))


def _dense(net: Net, x: str, taken: int, given: int) -> str:
    return net.op("MatMul", x, net.weights(net.noise(taken, given, std=1 / math.sqrt(taken))))


def _attention(net: Net, x: str) -> str:
    def heads(perm: list[int]) -> str:
        return net.op("Transpose", net.reshape(_dense(net, x, 512, 512), 0, 0, 8, 64), perm=perm)

    query, key, value = heads([0, 2, 1, 3]), heads([0, 2, 3, 1]), heads([0, 2, 1, 3])
    scores = net.mul(net.op("MatMul", query, key), net.number(1 / 8))
    mixed = net.op("MatMul", net.op("Softmax", scores, axis=-1), value)
    return _dense(
        net, net.reshape(net.op("Transpose", mixed, perm=[0, 2, 1, 3]), 0, 0, 512), 512, 512
    )
