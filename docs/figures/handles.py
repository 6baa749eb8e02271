#!/usr/bin/env python3
"""Draws ``handles/NAME.png``, the pictures of ``docs/simulation.md``: each handle at both bounds.

No person is shown: the mesh is the average face of the starter pack, from the front and from the
side. What moves is coloured, the more the further; a line is where the outline was. A picture holds
the bounds that it shows as text, by which a test finds pictures that are out of date. From the
repository's root: ``python docs/figures/handles.py``.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from appliance.inference.pack import ModelPack
from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.simulation.handles import HANDLES, Handle
from appliance.pipeline.simulation.mover import HandleMover

PICTURES = Path(__file__).with_name("handles")
WIDTH, HEIGHT = 132, 164  # pixels of one panel
SCALE = 0.72  # pixels a millimetre
SUPERSAMPLED = 4  # drawn this many times as large, then averaged
COLOURS = 48  # of the palette: enough for shades of grey and of one colour
SHIFT = 4  # fractional bits of OpenCV's coordinates
LIGHT = np.array([-0.35, 0.45, 0.85]) / np.linalg.norm([-0.35, 0.45, 0.85])  # towards the light
FRONT = np.eye(3)
SIDE = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])  # of a face that looks to the right
CROOKED = 0.05  # of its height the face is shifted sideways, where symmetry shall do something

PAPER = (252, 252, 252)
SKIN = np.array([206, 208, 211], np.float64)  # RGB, like all colours here
MOVED = np.array([213, 94, 0], np.float64)  # the palette of Okabe and Ito
INK = (52, 73, 94)

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]


def main() -> None:
    """Draw the pictures of all handles."""
    canonical = Canonical.load(ModelPack.open().read("canonical-mesh"))
    mover = HandleMover(canonical)
    triangles = canonical.triangles[canonical.kind != SKIRT_RING]
    PICTURES.mkdir(exist_ok=True)
    for name, handle in HANDLES.items():
        shape = canonical.xyz * np.float32(MM)
        if handle.unit == "%":
            shape[:, 0] += CROOKED * shape[:, 1]
        panels = []
        for view in (FRONT, SIDE):
            for value in (handle.low, handle.high):
                sign = "+" if value else ""
                after = shape + mover.move(shape, {name: value})
                panel = _panel(shape @ view.T, after @ view.T, triangles)
                _caption(panel, f"{value:{sign}g} {handle.unit}")
                panels.append(panel)
        _save(np.hstack(panels), handle)


def _save(picture: Pixels, handle: Handle) -> None:
    text = PngInfo()
    text.add_text("bounds", f"{handle.low:g} {handle.high:g} {handle.unit}")
    few = Image.fromarray(picture).quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(PICTURES / f"{handle.name}.png", optimize=True, pnginfo=text)


def _panel(before: Points, after: Points, triangles: NDArray[np.int32]) -> Pixels:
    """The moved mesh, back to front, (HEIGHT, WIDTH, 3) RGB.

    ``before`` and ``after``: (478, 3) mm, x to the right, y up, z towards the camera.
    """
    middle = (before[:, :2].max(axis=0) + before[:, :2].min(axis=0)) / 2
    flat, old = (_placed(points, middle) for points in (after, before))
    corners = after[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    shade = 0.62 + 0.42 * np.clip(normals @ LIGHT, 0, 1)
    length = np.linalg.norm(after - before, axis=1)
    share = (length / max(length.max(), 1e-6))[triangles].mean(axis=1)[:, None]
    fills = np.clip(((1 - share) * SKIN + share * MOVED) * shade[:, None], 0, 255)
    panel = np.full((HEIGHT * SUPERSAMPLED, WIDTH * SUPERSAMPLED, 3), PAPER, np.uint8)
    shown = np.flatnonzero(normals[:, 2] > 0)
    for at in shown[np.argsort(corners[shown, :, 2].mean(axis=1))]:
        cv2.fillConvexPoly(panel, flat[triangles[at]], tuple(fills[at]), cv2.LINE_AA, SHIFT)
    cv2.drawContours(panel, _outline(old, triangles), -1, INK, SUPERSAMPLED // 2, cv2.LINE_AA)
    return np.asarray(cv2.resize(panel, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _placed(points: Points, middle: Points) -> NDArray[np.int32]:
    scale = SCALE * SUPERSAMPLED
    centre = np.array([WIDTH / 2, HEIGHT * 0.46]) * SUPERSAMPLED
    flat = (points[:, :2] - middle) * [scale, -scale] + centre
    return np.asarray(np.rint(flat * (1 << SHIFT)), np.int32)


def _outline(flat: NDArray[np.int32], triangles: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    mask = np.zeros((HEIGHT * SUPERSAMPLED, WIDTH * SUPERSAMPLED), np.uint8)
    for triangle in triangles:
        cv2.fillConvexPoly(mask, flat[triangle], 255, cv2.LINE_8, SHIFT)
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [np.asarray(one, np.int32) for one in found]


def _caption(panel: Pixels, text: str) -> None:
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)
    place = ((WIDTH - width) // 2, HEIGHT - 6)
    cv2.putText(panel, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
