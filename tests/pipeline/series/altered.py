"""Photos spoiled in one way each."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import LEFT_IRIS, RIGHT_IRIS, eye_distance
from appliance.pipeline.imaging.types import Float, Image

GAMMA = 2.2


def exposed(image: Image, stops: float | Float) -> Image:
    """With so many stops more light, everywhere or at each pixel: (h, w, 1)."""
    lit = (image / 255.0) ** GAMMA * 2.0**stops
    return np.clip(255 * lit ** (1 / GAMMA), 0, 255).astype(np.uint8)


def lit_from_the_right(image: Image, face: Face, stops: float) -> Image:
    """The right of the picture gets more light, ``stops`` from one end of the face to the other."""
    across = (np.arange(image.shape[1]) - face.points[:, 0].mean()) / np.ptp(face.points[:, 0])
    return exposed(image, np.clip(across, -0.5, 0.5)[None, :, None] * stops)


def blurred(image: Image, face: Face, share: float) -> Image:
    """Out of focus by a share of the eye distance."""
    radius = share * eye_distance(face.points)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), radius), np.uint8)


def with_fringe(image: Image, face: Face) -> Image:
    """Strands of dark hair from the top of the forehead to above the brows."""
    result = image.copy()
    points, strands = face.points, np.random.default_rng(5)
    top, across = points[10], points[103] - points[332]
    down = 0.8 * (points[9] - top)
    for share in np.linspace(-0.5, 0.5, 60):
        start = top + share * across - 0.2 * down
        end = start + (1.05 + 0.1 * strands.random()) * down
        shade = int(strands.integers(22, 46))
        a, b = np.rint(start).astype(int).tolist(), np.rint(end).astype(int).tolist()
        thick = max(2, round(0.03 * eye_distance(points)))
        cv2.line(result, a, b, (shade, shade - 8, shade - 14), thick, cv2.LINE_AA)
    return result


def from_afar(image: Image, share: float) -> Image:
    """The picture at a share of its size, on a plain wall of the colour of its corner."""
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    wall = np.empty_like(image)
    wall[:] = image[:20, :20].mean(axis=(0, 1))
    top, left = ((a - b) // 2 for a, b in zip(image.shape[:2], small.shape[:2], strict=True))
    wall[top : top + small.shape[0], left : left + small.shape[1]] = small
    return wall


def with_half_rims(image: Image, face: Face) -> Image:
    """Spectacles without a lower rim: a bridge, and a rim above each lens."""
    result, unit = image.copy(), eye_distance(face.points)
    right, left = face.points[[RIGHT_IRIS, LEFT_IRIS]]
    lens, thick = round(0.24 * unit), max(2, round(0.02 * unit))
    tilt = float(np.degrees(np.arctan2(left[1] - right[1], left[0] - right[0])))
    for iris in (right, left):
        at = np.rint(iris).astype(int).tolist()
        cv2.ellipse(result, at, (lens, lens), tilt, 180, 360, (25, 22, 20), thick, cv2.LINE_AA)
    along = 0.24 * unit * (left - right) / np.linalg.norm(left - right)
    a, b = (np.rint(end).astype(int).tolist() for end in (right + along, left - along))
    cv2.line(result, a, b, (25, 22, 20), thick, cv2.LINE_AA)
    return result
