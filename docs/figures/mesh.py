#!/usr/bin/env python3
"""Draws ``mesh.png``, the README's picture: the canonical mesh, and its regions in colour.

No person is shown: the mesh is the average face of the starter pack. From the repository's root:
``python docs/figures/mesh.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from appliance.inference.pack import ModelPack
from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.regions import region_weights

PICTURE = Path(__file__).with_name("mesh.png")
WIDTH, HEIGHT = 400, 450  # pixels of one panel
SCALE = 21.4  # pixels a centimetre
SUPERSAMPLED = 3  # drawn this many times as large, then averaged
KEPT_BITS = np.uint8(0xFC)  # of each channel: the file is a third smaller without the others
SHIFT = 4  # fractional bits of OpenCV's coordinates
LIGHT = np.array([-0.35, 0.45, 0.85]) / np.linalg.norm([-0.35, 0.45, 0.85])  # towards the light

PAPER = (252, 252, 252)
SKIN = np.array([222, 226, 232], np.float64)  # RGB, like all colours here
LINE = np.array([52, 73, 94], np.float64)
COLOURS = {
    "nose": (230, 159, 0),
    "jaw": (86, 180, 233),
    "cheeks": (0, 158, 115),
    "lips": (204, 121, 167),
    "eyes": (0, 114, 178),
    "brows": (213, 94, 0),
    "forehead": (240, 228, 66),
}
"""By region: the palette of Okabe and Ito, which colour-blind readers can tell apart."""

Pixels = NDArray[np.uint8]


def main() -> None:
    """Draw both panels side by side."""
    canonical = Canonical.load(ModelPack.open().read("canonical-mesh"))
    triangles = canonical.triangles[canonical.kind != SKIRT_RING]
    plain = np.broadcast_to(SKIN, (len(canonical.xyz), 3))
    parts = region_weights(canonical)
    coloured = sum(parts[name][:, None] * np.array(colour) for name, colour in COLOURS.items())
    panels = [
        _panel(canonical.xyz, triangles, np.asarray(plain), lines=0.75),
        _panel(canonical.xyz, triangles, np.asarray(coloured), lines=0.22),
    ]
    _caption(panels[0], {"478 points, at rest": tuple(LINE)}, columns=1)
    _caption(panels[1], COLOURS, columns=4)
    Image.fromarray(np.hstack(panels) & KEPT_BITS).save(PICTURE, optimize=True)


def _panel(
    xyz: NDArray[np.float32],
    triangles: NDArray[np.int32],
    colours: NDArray[np.float64],
    lines: float,
) -> Pixels:
    """The mesh from the front, back to front, (HEIGHT, WIDTH, 3) RGB.

    ``xyz``: (478, 3) cm. ``colours``: (478, 3) RGB, 0-255. ``lines``: opacity of the edges, 0-1.
    """
    scale = SCALE * SUPERSAMPLED
    centre = np.array([WIDTH / 2, HEIGHT * 0.45]) * SUPERSAMPLED
    middle = (xyz[:, :2].max(axis=0) + xyz[:, :2].min(axis=0)) / 2
    flat = (xyz[:, :2] - middle) * [scale, -scale] + centre
    points = np.rint(flat * (1 << SHIFT)).astype(np.int32)
    corners = xyz[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals *= np.sign(normals[:, 2:])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    shade = 0.66 + 0.42 * np.clip(normals @ LIGHT, 0, 1)
    fills = np.clip(colours[triangles].mean(axis=1) * shade[:, None], 0, 255)
    edges = lines * LINE + (1 - lines) * fills
    panel = np.full((HEIGHT * SUPERSAMPLED, WIDTH * SUPERSAMPLED, 3), PAPER, np.uint8)
    for at in np.argsort(corners[..., 2].mean(axis=1)):
        polygon = points[triangles[at]]
        cv2.fillConvexPoly(panel, polygon, tuple(fills[at]), cv2.LINE_AA, SHIFT)
        cv2.polylines(panel, [polygon], True, tuple(edges[at]), SUPERSAMPLED, cv2.LINE_AA, SHIFT)
    small = cv2.resize(panel, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _caption(panel: Pixels, names: Mapping[str, tuple[float, ...]], columns: int) -> None:
    """A key of colours below the mesh, in place."""
    for number, (name, colour) in enumerate(names.items()):
        row, column = divmod(number, columns)
        in_row = min(columns, len(names) - row * columns)
        step = 94 if columns > 1 else 210
        left = int(WIDTH / 2 + (column - in_row / 2) * step + 14)
        top = HEIGHT - 52 + 26 * row
        cv2.rectangle(panel, (left, top), (left + 15, top + 15), tuple(colour), cv2.FILLED)
        place = (left + 22, top + 13)
        ink = tuple(LINE)
        cv2.putText(panel, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, 1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
