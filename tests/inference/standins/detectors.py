"""Detectors that find one face, always in the same place, whatever they are shown."""

from __future__ import annotations

import numpy as np

from tests.inference.standins.net import Array, Net

SIDE = 640
STRIDES = (8, 16, 32)

# The one face, in pixels of the 640² letter-box: the middle of a 1280 × 720 frame's upper part.
CENTRE = np.array([320.0, 168.0], np.float32)
EXTENT = np.array([108.0, 140.0], np.float32)
POINTS = CENTRE + np.array([[-25, -16], [25, -16], [0, 12], [-20, 38], [20, 38]], np.float32)
SCORE = 0.9


def anchored(net: Net, *, bench: bool, wide: bool = False) -> None:
    """SCRFD with key points (Guo et al., 2021): 2.5 G multiply-adds, or 10 G if ``wide``."""
    image = net.input("input", 3, SIDE, SIDE)
    width = (80 if wide else 64) if bench else 4
    if not bench:
        levels = [net.conv(image, 3, width, stride, stride, pad=0) for stride in STRIDES]
    elif wide:
        levels = _scrfd(
            net, image, stem=56, widths=(56, 88, 88, 224), blocks=(3, 4, 2, 3), head=width
        )
    else:
        levels = _scrfd(
            net, image, stem=24, widths=(24, 48, 48, 80), blocks=(3, 5, 3, 2), head=width
        )
    made = {1: "score", 4: "bbox", 10: "kps"}
    for values, name in made.items():
        for level, stride in zip(levels, STRIDES, strict=True):
            y = net.op("Transpose", net.conv(level, width, 2 * values), perm=[2, 3, 0, 1])
            y = net.reshape(y, -1, values)
            if values == 1:
                y = net.op("Sigmoid", y)
            rows = 2 * (SIDE // stride) ** 2
            y = net.pin(y, _anchored_face(stride, rows, values))
            net.flat_output(y, f"{name}_{stride}", rows, values)


def _anchored_face(stride: int, rows: int, values: int) -> Array:
    """Zeros, except for the face at the first anchor of the stride-16 cell nearest its centre."""
    wanted = np.zeros((rows, values), np.float32)
    if stride == 16:
        column, row = (round(float(place) / stride) for place in CENTRE)
        anchor = np.array([column, row], np.float32) * stride
        low, high = anchor - (CENTRE - EXTENT / 2), CENTRE + EXTENT / 2 - anchor
        face: dict[int, Array] = {
            1: np.array([SCORE], np.float32),
            4: np.concatenate([low, high]) / stride,
            10: ((POINTS - anchor) / stride).ravel(),
        }
        wanted[2 * (row * (SIDE // stride) + column)] = face[values]
    return wanted


def _scrfd(
    net: Net, x: str, *, stem: int, widths: tuple[int, ...], blocks: tuple[int, ...], head: int
) -> list[str]:
    """The levels of strides 8, 16, 32, each ``head`` channels wide."""

    def block(x: str, taken: int, given: int, stride: int = 1) -> str:
        return net.relu(net.conv(x, taken, given, 3, stride))

    half = stem // 2
    x = net.pool(block(block(block(x, 3, half, 2), half, half), half, stem), 3, 2, 1)
    channels, found = stem, []
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
        for number in range(count):
            stride = 2 if number == 0 and stage else 1
            y = net.conv(block(x, channels, width, stride), width, width)
            if stride > 1:
                x = net.pool(x, kind="AveragePool")
            if channels != width:
                x = net.conv(x, channels, width, 1)
            x, channels = net.relu(net.add(x, y)), width
        found.append((x, width))
    neck = [net.conv(x, width, stem, 1) for x, width in found[1:]]
    neck[1] = net.add(neck[1], net.resize(neck[2], 2, "nearest"))
    neck[0] = net.add(neck[0], net.resize(neck[1], 2, "nearest"))
    down = [net.conv(x, stem, stem) for x in neck]
    down[1] = net.conv(net.add(down[1], net.conv(down[0], stem, stem, 3, 2)), stem, stem)
    down[2] = net.conv(net.add(down[2], net.conv(down[1], stem, stem, 3, 2)), stem, stem)
    return [block(block(x, stem, head), head, head) for x in down]


def yolo_face(net: Net, *, bench: bool) -> None:
    """YOLOv8n-pose of one class with five points: (1, 20, 8400)."""
    image = net.input("input", 3, SIDE, SIDE)
    wanted = np.zeros((1, 20, 8400), np.float32)
    column, row = (int(place) // 16 for place in CENTRE)
    at = 6400 + row * 40 + column  # its stride-16 cell
    points = np.concatenate([POINTS, np.full((5, 1), SCORE, np.float32)], axis=1)
    wanted[0, :, at] = np.concatenate([CENTRE, EXTENT, [SCORE], points.ravel()])
    found = _yolov8n(net, image) if bench else net.unsqueeze(_brightness(net, image), 1)
    net.output(net.pin(found, wanted), "output", 20, 8400)


def _brightness(net: Net, image: str) -> str:
    return net.reshape(net.mean(image, 1, 2, 3), -1, 1)


def _yolov8n(net: Net, x: str) -> str:
    def conv(x: str, taken: int, given: int, k: int = 3, stride: int = 1) -> str:
        return net.silu(net.conv(x, taken, given, k, stride))

    def c2f(x: str, taken: int, given: int, count: int, *, skip: bool) -> str:
        half = given // 2
        parts = net.split(conv(x, taken, given, 1), half, half)
        for _ in range(count):
            y = conv(conv(parts[-1], half, half), half, half)
            parts.append(net.add(parts[-1], y) if skip else y)
        return conv(net.cat(*parts), (2 + count) * half, given, 1)

    x = c2f(conv(conv(x, 3, 16, 3, 2), 16, 32, 3, 2), 32, 32, 1, skip=True)
    p3 = c2f(conv(x, 32, 64, 3, 2), 64, 64, 2, skip=True)
    p4 = c2f(conv(p3, 64, 128, 3, 2), 128, 128, 2, skip=True)
    x = conv(c2f(conv(p4, 128, 256, 3, 2), 256, 256, 1, skip=True), 256, 128, 1)
    pooled = [x]
    for _ in range(3):
        pooled.append(net.pool(pooled[-1], 5, 1, 2))
    p5 = conv(net.cat(*pooled), 512, 256, 1)
    n4 = c2f(net.cat(net.resize(p5, 2, "nearest"), p4), 384, 128, 1, skip=False)
    n3 = c2f(net.cat(net.resize(n4, 2, "nearest"), p3), 192, 64, 1, skip=False)
    n4 = c2f(net.cat(conv(n3, 64, 64, 3, 2), n4), 192, 128, 1, skip=False)
    n5 = c2f(net.cat(conv(n4, 128, 128, 3, 2), p5), 384, 256, 1, skip=False)
    parts: dict[str, list[str]] = {"box": [], "score": [], "points": []}
    for level, taken in ((n3, 64), (n4, 128), (n5, 256)):
        for kind, inner, given in (("box", 64, 64), ("score", 64, 1), ("points", 16, 15)):
            y = net.conv(conv(conv(level, taken, inner), inner, inner), inner, given, 1)
            parts[kind].append(net.reshape(y, 0, given, -1))
    box = net.reshape(net.cat(*parts["box"], axis=2), 0, 4, 16, 8400)
    box = net.op("Softmax", net.op("Transpose", box, perm=[0, 2, 1, 3]), axis=1)
    bins = net.weights(np.arange(16, dtype=np.float32).reshape(1, 16, 1, 1))
    box = net.reshape(net.op("Conv", box, bins), 0, 4, 8400)
    score = net.op("Sigmoid", net.cat(*parts["score"], axis=2))
    return net.cat(box, score, net.cat(*parts["points"], axis=2))


def yunet(net: Net, *, bench: bool) -> None:  # noqa: ARG001 - the real one ships: never a bench
    """The tensors of YuNet; it finds no faces."""
    image = net.input("input", 3, SIDE, SIDE)
    level = _brightness(net, image)
    for kind, values in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        for stride in STRIDES:
            rows = (SIDE // stride) ** 2
            y = net.pin(net.unsqueeze(level, 1), np.zeros((1, rows, values), np.float32))
            net.output(y, f"{kind}_{stride}", rows, values)
