"""Pictures made of the portraits, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical, with_skirt
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import LID_PAIRS, LIP_PAIRS
from appliance.pipeline.face_model.topology import (
    LEFT_IRIS,
    OVAL,
    RIGHT_IRIS,
    eye_distance,
    indices,
)
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import transform
from appliance.pipeline.imaging.raster import Raster
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.mesh_engine.engine import MeshEngine, PreparedMeshSource
from appliance.pipeline.mesh_engine.source import MeshSource
from appliance.pipeline.run import SourceIdentity

GREY = 128
CLOTHS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "surgical": (170, 200, 215),
        "white": (235, 235, 235),
        "black": (25, 25, 28),
        "green": (60, 120, 80),
    }
)
SURGICAL_MASK = indices(
    "234 93 132 58 172 136 150 149 176 148 152 377 400 378 379 365 397 288 361 323 454 330 195 101"
)


def pixels_of(photo: Photo) -> Image:
    """A copy of an 8-bit photo's pixels."""
    return np.array(photo.pixels, np.uint8)


def cell(photo: Photo, side: int) -> Image:
    """The photo in a grey square of ``side`` pixels, top left, as large as fits."""
    pixels = pixels_of(photo)
    scale = side / max(pixels.shape[:2])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    square = np.full((side, side, 3), GREY, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(pixels, size, interpolation=way)
    return square


def mosaic(photos: Sequence[Photo], columns: int, side: int) -> Image:
    """The photos side by side in rows, each in a :func:`cell`."""
    cells = [cell(photo, side) for photo in photos]
    cells += [np.full((side, side, 3), GREY, np.uint8)] * (-len(cells) % columns)
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    return np.vstack(rows)


def covered(image: Image, points: Float, colour: tuple[int, int, int]) -> Image:
    """The picture with a polygon of one colour over it."""
    result = image.copy()
    cv2.fillPoly(result, [np.rint(points).astype(np.int32)], colour, cv2.LINE_AA)
    return result


def with_sunglasses(image: Image, face: Face, colour: tuple[int, int, int]) -> Image:
    """The picture with large lenses of one colour over both eyes."""
    result = image.copy()
    unit = eye_distance(face.points)
    for iris in (face.points[RIGHT_IRIS], face.points[LEFT_IRIS]):
        lens = (round(0.38 * unit), round(0.3 * unit))
        below = np.rint(iris + np.array([0, 0.04 * unit])).astype(int)
        cv2.ellipse(result, below.tolist(), lens, 0, 0, 360, colour, cv2.FILLED, cv2.LINE_AA)
    return result


def with_spectacles(
    image: Image, face: Face, colour: tuple[int, int, int], width: float = 0.04
) -> Image:
    """The picture with round frames, ``width`` eye distances thick, a bridge and temples."""
    result = image.copy()
    unit = eye_distance(face.points)
    right, left = face.points[RIGHT_IRIS], face.points[LEFT_IRIS]
    rim = 0.3 * unit * (left - right) / np.linalg.norm(left - right)
    thick = max(2, round(width * unit))
    for iris in (right, left):
        centre = np.rint(iris).astype(int).tolist()
        cv2.circle(result, centre, round(0.3 * unit), colour, thick, cv2.LINE_AA)
    ends = [(right + rim, left - rim), (right - rim, face.points[127])]
    ends.append((left + rim, face.points[356]))
    for start, end in ends:
        a, b = (np.rint(point).astype(int).tolist() for point in (start, end))
        cv2.line(result, a, b, colour, thick, cv2.LINE_AA)
    return result


def turned(photo: Photo, degrees: float) -> tuple[Photo, Float]:
    """The photo turned about its middle on a canvas it fits, and the 2×3 matrix that did it."""
    height, width = photo.pixels.shape[:2]
    side = int(np.ceil(np.hypot(height, width)))
    matrix: Any = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    matrix[:, 2] += [(side - width) / 2, (side - height) / 2]
    whole: Any = cv2.warpAffine(
        pixels_of(photo), matrix, (side, side), borderMode=cv2.BORDER_REPLICATE
    )
    return Photo(np.asarray(whole, np.uint8)), matrix.astype(np.float32)


def error(found: Face, wanted: Face, matrix: Float | None = None) -> float:
    """The mean distance of two meshes in eye distances, ``wanted`` first put through a matrix."""
    points = wanted.points if matrix is None else transform(wanted.points, matrix)
    off = np.linalg.norm(found.points - points, axis=1)
    return float(off.mean()) / eye_distance(points)


def changed(before: Photo, after: Photo) -> NDArray[np.bool_]:
    """(h, w) where any channel differs."""
    return np.asarray((np.asarray(before.pixels) != np.asarray(after.pixels)).any(axis=2))


def redrawn(image: Image, face: Face, mesh: Float, canonical: Canonical) -> Image:
    """The picture with its face drawn at another ``mesh`` (478, 3); the rest stays as it is.

    A photographed face in a pose or with an expression that it was not photographed in: pixels
    are moved, none is made up.
    """
    height, width = image.shape[:2]
    old, new = with_skirt(face.mesh), with_skirt(mesh)
    outer = len(new) - len(OVAL)
    new[outer:] = old[outer:]  # beyond the skirt the picture is its own, so its rim stays
    depth = new[:, 2][canonical.triangles].mean(axis=1)
    depth += 1e4 * (canonical.kind == SKIRT_RING)
    raster = Raster.draw(new[:, :2], depth, canonical.triangles, (width, height))
    places = raster.cover().interpolate(old[:, :2])
    drawn = images.remapped(image, places, cv2.INTER_CUBIC)
    return np.where((raster.ids >= 0)[..., None], drawn, image).astype(np.uint8)


def with_closed_eyes(image: Image, face: Face, canonical: Canonical) -> Image:
    """The picture with the upper lids drawn down to the lower ones."""
    mesh = face.mesh.copy()
    for upper, lower in LID_PAIRS:
        mesh[upper] = 0.1 * mesh[upper] + 0.9 * mesh[lower]
    return redrawn(image, face, mesh, canonical)


def with_lips_apart(image: Image, face: Face, canonical: Canonical, share: float) -> Image:
    """The picture with the gap of the inner lips at ``share`` of what it is."""
    mesh = face.mesh.copy()
    for upper, lower in LIP_PAIRS:
        middle = (mesh[upper] + mesh[lower]) / 2
        mesh[[upper, lower]] = middle + share * (mesh[[upper, lower]] - middle)
    return redrawn(image, face, mesh, canonical)


def looking_aside(image: Image, face: Face, canonical: Canonical, degrees: float) -> Image:
    """The picture with the head turned; positive shows the subject's left cheek."""
    angle = np.radians(degrees)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    middle = face.mesh[OVAL].mean(axis=0)
    mesh = ((face.mesh - middle) @ turn.T + middle).astype(np.float32)
    return redrawn(image, face, mesh, canonical)


def mesh_engine(pipeline: Pipeline) -> MeshEngine:
    """The pipeline's engine, known to be the mesh engine."""
    assert isinstance(pipeline.engine, MeshEngine)
    return pipeline.engine


def mesh_source(person: SourceIdentity) -> MeshSource:
    """What the mesh engine took from a person's photos."""
    assert isinstance(person.prepared, PreparedMeshSource)
    return person.prepared.source
