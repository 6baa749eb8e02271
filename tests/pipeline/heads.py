"""Heads rendered in any pose: a portrait's texture on its own mesh, with skull, ears and neck.

What a photograph cannot give is known of them exactly: the pose and where each mesh point lies.
Lengths are centimetres on the canonical axes: x to the subject's left, y up, z out of the face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical, signed_area
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import OVAL, POINTS
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk, smoothstep
from appliance.pipeline.imaging.raster import Cover, Raster
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.mesh_engine.source import MeshSource

SIDE = 480  # pixels of the picture
FINER = 2  # times as fine it is drawn, then shrunk, so that edges are smooth
SCALE = 13.0  # pixels a centimetre at the head's middle: 115 between the eyes
DISTANCE = 90.0  # cm from the camera to the head's middle, which is a portrait's

# The skull by eye on photographs of heads in profile: as wide as the mesh, 19 cm deep.
SKULL, SKULL_SIZE = np.array([0.0, 1.5, -4.5]), np.array([7.9, 10.6, 9.5])
BACK = np.array([0.0, 0.25, -1.0]) / np.linalg.norm([0.0, 0.25, -1.0])
RINGS = 10
HAIRLINE = 2.0  # cm above the origin; behind the ears there is hair too
BEHIND_EARS = -6.0
HAIR, CLOTH, WALL = (58.0, 46.0, 38.0), (70.0, 84.0, 104.0), (172.0, 176.0, 180.0)
LAMP = np.array([0.35, 0.5, 0.8]) / np.linalg.norm([0.35, 0.5, 0.8])
AMBIENT = 0.62
# Trust in the portrait's texture below which the head shows plain skin, and from which its own:
# before the ears a frontal portrait shows hair and background.
TRUSTED = (0.3, 0.8)


@dataclass(frozen=True, slots=True)
class Solid:
    """``points`` (n, 3) cm, ``triangles`` (t, 3), ``colours`` (n, 3) RGB."""

    points: Float
    triangles: NDArray[np.int32]
    colours: Float


@dataclass(frozen=True, slots=True)
class Rendered:
    """A head in a picture.

    ``image``: (480, 480, 3) RGB. ``face``: where the mesh truly lies. ``places``: (480, 480, 3)
    canonical cm of what each pixel shows of the face; no number where it shows none of it.
    """

    image: Image
    face: Face
    places: Float


class Head:
    """One person's head."""

    def __init__(self, canonical: Canonical, source: MeshSource) -> None:
        self._canonical = canonical
        self._texture, self._cover = source.texture, smoothstep(source.cover, *TRUSTED)
        skin = self._plain = np.asarray(np.exp(source.tone) - 4, np.float32)
        dim = np.asarray(skin * 0.87, np.float32)
        face = source.shape.astype(np.float32)
        self.triangles = canonical.triangles[canonical.kind != SKIRT_RING]
        """Of the mesh, (t, 3), without the skirt around it."""
        self._turning = [Solid(face, self.triangles, np.zeros_like(face)), skull(face, skin)]
        ear = np.array([0.7, 3.0, 1.8])
        for side in (-1, 1):
            self._turning.append(_ellipsoid(np.array([7.8 * side, 0.3, -4.2]), ear, dim))
        self._standing = [
            _ellipsoid(np.array([0, -13.0, -5.0]), np.array([6.4, 14.0, 6.0]), dim),
            _ellipsoid(
                np.array([0, -24.0, -6.0]), np.array([22.0, 9.5, 9.0]), np.array(CLOTH, np.float32)
            ),
        ]

    def render(
        self, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, noise: int | None = None
    ) -> Rendered:
        """The head in a pose, in degrees as :func:`...source_quality.pose` has them.

        ``noise``: the seed of a sensor's noise of 2 levels.
        """
        rotation = rotation_of(yaw, pitch, roll)
        solids = [(one, one.points @ rotation.T) for one in self._turning]
        solids += [(one, one.points) for one in self._standing]
        points = np.vstack([at for _, at in solids]).astype(np.float32)
        starts = np.cumsum([0, *(len(at) for _, at in solids)])
        triangles = np.vstack(
            [one.triangles + start for (one, _), start in zip(solids, starts, strict=False)]
        ).astype(np.int32)
        colours = np.vstack([one.colours for one, _ in solids])
        seen = in_picture(points)
        outward = signed_area(seen[triangles][..., :2]) < 0
        shown = triangles[outward]
        fine = np.asarray((seen[:, :2] + 0.5) * FINER - 0.5, np.float32)
        raster = Raster.draw(
            fine, seen[:, 2][shown].mean(axis=1), shown, (SIDE * FINER, SIDE * FINER)
        )
        image = self._painted(raster.cover(), points, triangles, colours)
        image = shrunk(image, FINER)
        if noise is not None:
            grain = np.random.default_rng(noise).normal(0, 2, image.shape)
            image = np.clip(image + grain, 0, 255).astype(np.uint8)
        mesh = seen[:POINTS]
        return Rendered(image, Face(mesh, 1.0), self._places(seen, shown))

    def mesh(self, yaw: float, move: Float | None = None) -> Float:
        """Where the mesh lies in its picture: (478, 3). ``move``: (478, 3) cm before it turns."""
        return projected(self.shape if move is None else self.shape + move, yaw)

    def surface(self, yaw: float, move: Float | None = None) -> tuple[Float, NDArray[np.int32]]:
        """As ``mesh``, and what lies between its points: (n, 3), the mesh first, and triangles."""
        return self.mesh(yaw, move), self.triangles

    @property
    def shape(self) -> Float:
        """The mesh on the canonical axes: (478, 3) cm."""
        return self._turning[0].points

    def _painted(
        self, cover: Cover, points: Float, triangles: NDArray[np.int32], colours: Float
    ) -> Image:
        uv = np.zeros((len(points), 2), np.float32)
        uv[:POINTS] = self._canonical.uv
        is_face = np.zeros((len(points), 1), np.float32)
        is_face[:POINTS] = 1
        trust = np.zeros((len(points), 1), np.float32)
        trust[:POINTS, 0] = self._cover
        light = AMBIENT + (1 - AMBIENT) * np.maximum(normals_of(points, triangles) @ LAMP, 0)
        drawn = cover.interpolate(
            np.hstack([uv, is_face, colours, light[:, None], trust]).astype(np.float32)
        )
        texel = drawn[..., :2] * self._texture.shape[0] - 0.5
        face = images.remapped(self._texture, np.ascontiguousarray(texel))
        face = drawn[..., 7:] * face + (1 - drawn[..., 7:]) * self._plain
        lit = np.where(drawn[..., 2:3] > 0.999, face, drawn[..., 3:6]) * drawn[..., 6:7]
        wall = np.linspace(1.0, 0.85, len(lit), dtype=np.float32)[:, None, None] * WALL
        covered = np.zeros(cover.shape, np.bool_)
        covered.ravel()[cover.pixels] = True
        return np.clip(np.where(covered[..., None], lit, wall), 0, 255).astype(np.uint8)

    def _places(self, seen: Float, shown: NDArray[np.int32]) -> Float:
        raster = Raster.draw(seen[:, :2], seen[:, 2][shown].mean(axis=1), shown, (SIDE, SIDE))
        values = np.full((len(seen), 3), np.nan, np.float32)
        values[:POINTS] = self._canonical.xyz
        places = raster.cover().interpolate(values)
        places[raster.ids < 0] = np.nan
        return places


def projected(shape: Float, yaw: float, pitch: float = 0.0, roll: float = 0.0) -> Float:
    """Where the points of a head's (n, 3) ``shape``, cm, lie in its picture: (n, 3), as a mesh."""
    return in_picture((shape @ rotation_of(yaw, pitch, roll).T).astype(np.float32))


def places_of(canonical: Canonical, face: Face, side: int = SIDE) -> Float:
    """As ``Rendered.places``, for a mesh that was found: (side, side, 3)."""
    triangles = canonical.triangles[canonical.kind != SKIRT_RING]
    shown = triangles[signed_area(face.points[triangles]) < 0]
    raster = Raster.draw(face.points, face.mesh[:, 2][shown].mean(axis=1), shown, (side, side))
    places = raster.cover().interpolate(canonical.xyz)
    places[raster.ids < 0] = np.nan
    return places


def skull(face: Float, skin: Float) -> Solid:
    """From the face's oval around the skull to the back of the head."""
    start = face[OVAL] - SKULL
    radius = np.linalg.norm(start, axis=1, keepdims=True)
    angle = np.arccos(np.clip(start / radius @ BACK, -1, 1))[:, None]
    rings = []
    for step in range(RINGS + 1):
        t = step / RINGS
        way = (np.sin((1 - t) * angle) * start / radius + np.sin(t * angle) * BACK) / np.sin(angle)
        own = 1 / np.linalg.norm(way / SKULL_SIZE, axis=1, keepdims=True)
        share = min(1.0, 2.5 * t)
        rings.append(SKULL + way * ((1 - share) * radius + share * own))
    points = np.vstack(rings).astype(np.float32)
    hair = (points[:, 1] > HAIRLINE) | (points[:, 2] < BEHIND_EARS)
    colours = np.where(hair[:, None], np.array(HAIR), skin * 0.92)
    strands = np.random.default_rng(1).normal(1, 0.12, (len(points), 1))
    colours = np.where(hair[:, None], colours * strands, colours)
    return Solid(points, _strips(RINGS + 1, len(OVAL)), colours.astype(np.float32))


def _ellipsoid(centre: Float, size: Float, colour: Float) -> Solid:
    rows, columns = 12, 24
    up = np.linspace(0.02, np.pi - 0.02, rows)[:, None]
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    ring = np.sin(up)
    across, back = ring * np.cos(around), -ring * np.sin(around)
    unit = np.stack([across, np.cos(up) + 0 * around, back], axis=-1)
    points = (centre + unit.reshape(-1, 3) * size).astype(np.float32)
    colours = np.broadcast_to(colour, points.shape).astype(np.float32)
    return Solid(points, _strips(rows, columns), colours)


def _strips(rows: int, columns: int) -> NDArray[np.int32]:
    """The triangles between rings of points, (rows · columns) of them."""
    at = np.arange(rows * columns).reshape(rows, columns)
    a, b = at[:-1], np.roll(at[:-1], -1, axis=1)
    c, d = at[1:], np.roll(at[1:], -1, axis=1)
    return np.concatenate(
        [np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)]
    ).astype(np.int32)


def rotation_of(yaw: float, pitch: float, roll: float) -> Float:
    """From the canonical axes to the camera's, x to the right and y up: (3, 3)."""
    y, p, r = np.radians([yaw, pitch, -roll])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(tilt @ turn @ nod, np.float32)


def in_picture(points: Float) -> Float:
    """(n, 3) cm as x, y in pixels and the depth in the same unit, away from the camera."""
    nearness = DISTANCE / (DISTANCE - points[:, 2:])
    across = SIDE / 2 + SCALE * points[:, :1] * nearness
    down = SIDE * 0.47 - SCALE * points[:, 1:2] * nearness
    return np.hstack([across, down, -SCALE * points[:, 2:] * nearness]).astype(np.float32)


def normals_of(points: Float, triangles: NDArray[np.int32]) -> Float:
    """Of a surface at its (n, 3) points, outwards: (n, 3)."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    total = np.zeros_like(points)
    for corner in range(3):
        np.add.at(total, triangles[:, corner], np.cross(b - a, c - a))
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1)[:, None], 1e-9), np.float32)
