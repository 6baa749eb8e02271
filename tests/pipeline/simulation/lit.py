"""Heads as a photograph has them: shapes of their own, cast shadows, highlights, several lights.

Everything is known of such a picture: where each pixel went when the shape was moved, and the light
that falls on the skin there. Light is added up linearly, as a camera does, and drawn in gamma 2.2.
Directions are those of the camera: x to the picture's right, y up, z towards it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import Canonical, signed_area
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.raster import Raster
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.mesh_engine.source import MeshSource
from tests.pipeline.heads import (
    DISTANCE,
    SCALE,
    WALL,
    Head,
    Solid,
    in_picture,
    normals_of,
    rotation_of,
    skull,
)
from tests.pipeline.simulation.shapes import SHAPES, Shape
from tests.pipeline.simulation.subdivision import Finer

ZOOM = 1.5  # of the pictures over those of plain heads: as fine as the portraits' skin is known
CORNER = np.array([120.0, 100.0], np.float32)  # of the picture in theirs, pixels
SIZE = (480, 512)
LIT_MM = MM / SCALE / ZOOM
"""Millimetres of a pixel at the middle of a head."""

GAMMA = 2.2

# The highlights of skin by eye on the sample portraits: a quarter of its light more on the tip of
# a nose, over a patch of 6 mm.
GLOSS, SHARPNESS = 0.12, 25.0
SKY = 0.25  # by how much the surrounding light from above is more than that from the side

SHADOW_REACH, SHADOW_CELL = 15.0, 0.12  # cm of a lamp's map, from the middle, and of its cells
BIAS = 0.2  # cm that a place may lie behind the nearest one and still be lit
# Lamps of clinics are boxes 60 cm wide, 1.5 m away: what is 1.5 cm before the skin, as a nose is,
# casts a shadow whose edge is 6 mm wide.
SOFTNESS = 0.3  # cm, radius of that edge
TAPS = 16
# A standard deviation as a share of a texture's side, 2 cm, and the log ratio that is taken out.
EVEN, MOST_UNEVEN = 0.1, 0.7

LEAST_LIGHT = 0.02  # below this a place counts as black


@dataclass(frozen=True, slots=True)
class Lamps:
    """``towards``: (n, 3) unit vectors to them. ``power``: of each. ``around``: of the room."""

    towards: Float
    power: float
    around: float


def _lamps(around: float, power: float, *towards: tuple[float, float, float]) -> Lamps:
    vectors = np.array(towards)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Lamps(unit.astype(np.float32), power / len(towards), around)


LAMPS: Mapping[str, Lamps] = MappingProxyType(
    {
        "soft": _lamps(0.35, 0.75, (-0.35, 0.3, 0.9), (0.35, 0.3, 0.9), (0, 0.65, 0.8)),
        "side": _lamps(0.18, 0.95, (0.70, 0.20, 0.66), (0.76, 0.32, 0.6)),
        "high": _lamps(0.20, 1.0, (0.05, 0.78, 0.6), (0.15, 0.86, 0.5)),
        "boxes": _lamps(0.20, 1.0, (0.72, 0.25, 0.64), (0.8, 0.4, 0.55),
                        (-0.72, 0.25, 0.64), (-0.8, 0.4, 0.55)),
    }
)  # fmt: skip
"""Lights of a room by name; those of a pair are the two ends of one soft box."""


@dataclass(frozen=True, slots=True)
class Lit:
    """A picture of a head after a move, and what is known of it.

    ``image``: (512, 480, 3) RGB. ``mesh``: (478, 3) where its points truly lie now. ``shift``:
    (512, 480, 2) pixels by which what is seen there was moved. ``light``: (512, 480) of the skin
    there, matt and linear. ``skin``: (512, 480) where the face is.
    """

    image: Image
    mesh: Float
    shift: Float
    light: Float
    skin: NDArray[np.bool_]


class LitHead(Head):
    """One person's head with a shape of its own, finer than the mesh."""

    def __init__(self, canonical: Canonical, source: MeshSource, shape: str = "plain") -> None:
        rest, moved = canonical.xyz, SHAPES[shape]
        texture = _even(source.texture)
        super().__init__(
            canonical, replace(source, shape=source.shape + moved(rest), texture=texture)
        )
        self._finer = Finer.of(self.triangles, POINTS)
        self._detail = self._detail_of(moved, rest)
        self._flat = np.asarray(
            self._finer.straight @ np.column_stack([canonical.uv, self._cover]), np.float32
        )

    def surface(self, yaw: float, move: Float | None = None) -> tuple[Float, NDArray[np.int32]]:
        """As ``Head.surface``, four triangles for one."""
        turned = self._face(move) @ rotation_of(yaw, 0, 0).T
        return in_picture(np.asarray(turned, np.float32)), self._finer.triangles

    def lit(self, yaw: float, lamps: Lamps, move: Float | None = None) -> Lit:
        """In a pose, degrees, under ``lamps``, after a ``move``, (478, 3) cm before it turns."""
        face = self._face(move)
        solids = self._solids(face, rotation_of(yaw, 0, 0))
        points = np.vstack([one.points for one in solids])
        triangles = _joined(solids)
        seen = _pixels(in_picture(points))
        shown = triangles[signed_area(seen[triangles][..., :2]) < 0]
        raster = Raster.draw(seen[:, :2], seen[:, 2][shown].mean(axis=1), shown, SIZE)
        cover = raster.cover()
        covered = raster.ids >= 0
        count = len(face)
        attributes = np.zeros((len(points), 4), np.float32)
        attributes[:count, :3], attributes[:count, 3] = self._flat, 1
        colours = np.vstack([one.colours for one in solids])
        shift = np.zeros((len(points), 2), np.float32)
        shift[:count] = seen[:count, :2] - _pixels(self.surface(yaw)[0])[:, :2]
        normals = normals_of(points, triangles)
        drawn = cover.interpolate(
            np.hstack([attributes, colours, shift, normals, points]).astype(np.float32)
        )
        skin = drawn[..., 3] > 0.999
        matt, gloss = _light(drawn[..., 12:15], drawn[..., 9:12], covered, lamps, solids)
        albedo = np.where(skin[..., None], self._skin_colour(drawn), drawn[..., 4:7])
        linear = (np.maximum(albedo, 0) / 255) ** GAMMA * matt[..., None]
        linear += (gloss * skin)[..., None]
        wall = np.broadcast_to(np.array(WALL) / 255, linear.shape) ** GAMMA
        linear = np.where(covered[..., None], linear, wall)
        image = np.clip(np.rint(255 * linear ** (1 / GAMMA)), 0, 255).astype(np.uint8)
        return Lit(image, seen[:POINTS], drawn[..., 7:9], matt, skin)

    def _detail_of(self, moved: Shape, rest: Float) -> Float:
        fine = np.asarray(self._finer.smooth @ rest, np.float32)
        return np.asarray(moved(fine) - self._finer.smooth @ moved(rest), np.float32)

    def _face(self, move: Float | None) -> Float:
        coarse = self.shape if move is None else self.shape + move
        return np.asarray(self._finer.smooth @ coarse + self._detail, np.float32)

    def _solids(self, face: Float, rotation: Float) -> list[Solid]:
        bones = skull(face[:POINTS], self._plain)
        turning = [Solid(face, self._finer.triangles, np.zeros_like(face)), bones]
        turned = [
            replace(one, points=np.asarray(one.points @ rotation.T, np.float32))
            for one in (*turning, *self._turning[2:])
        ]
        return [*turned, *self._standing]

    def _skin_colour(self, drawn: Float) -> Float:
        texel = np.ascontiguousarray(drawn[..., :2] * self._texture.shape[0] - 0.5)
        trust = drawn[..., 2:3]
        texture = images.remapped(self._texture, texel)
        return np.asarray(trust * texture + (1 - trust) * self._plain, np.float32)


def log_light(before: Lit, after: Lit) -> Float:
    """The log ratio of the light on what each pixel shows, after to before a move: (512, 480)."""
    rows, columns = np.indices(before.light.shape, dtype=np.float32)
    origin = np.stack([columns, rows], axis=-1) - after.shift
    old = images.remapped(np.maximum(before.light, LEAST_LIGHT), np.ascontiguousarray(origin))
    return np.asarray(np.log(np.maximum(after.light, LEAST_LIGHT) / old), np.float32)


def as_plain(mesh: Float) -> Float:
    """A (478, 3) mesh in a lit picture as that of a plain head would be: (478, 3)."""
    return np.asarray((mesh + np.append(CORNER, 0)) / ZOOM, np.float32)


def _even(texture: Float) -> Float:
    """A (s, s, 3) texture without the light that the portrait's still has over large parts."""
    logs = np.log(np.maximum(texture, 1))
    coarse = images.blurred(np.asarray(logs.mean(axis=2), np.float32), EVEN * len(texture))
    lift = np.clip(coarse - np.median(coarse), -MOST_UNEVEN, MOST_UNEVEN)
    return np.asarray(np.minimum(np.exp(logs - lift[..., None]), 255), np.float32)


def _pixels(seen: Float) -> Float:
    return np.asarray(seen * ZOOM - np.append(CORNER, 0), np.float32)


def _joined(solids: list[Solid]) -> NDArray[np.int32]:
    starts = np.cumsum([0, *(len(one.points) for one in solids)])
    return np.vstack(
        [one.triangles + start for one, start in zip(solids, starts, strict=False)]
    ).astype(np.int32)


def _light(
    places: Float, normals: Float, covered: NDArray[np.bool_], lamps: Lamps, solids: list[Solid]
) -> tuple[Float, Float]:
    """What each pixel reflects, matt and as a highlight: (h, w) each; 0 where nothing is."""
    at, n = places[covered], normals[covered]
    n = n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-6)
    view = np.array([0, 0, DISTANCE]) - at
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    matt = lamps.around * (1 - SKY + SKY * n[:, 1])
    gloss = np.zeros(len(at))
    for towards in lamps.towards:
        lit = np.maximum(n @ towards, 0) * _reached(at, towards, solids)
        half = view + towards
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        matt += lamps.power * lit
        shine = np.maximum((n * half).sum(axis=1), 0) ** SHARPNESS
        gloss += GLOSS * lamps.power * shine * np.minimum(4 * lit, 1)
    planes = np.zeros((2, *covered.shape), np.float32)
    planes[0][covered], planes[1][covered] = matt, gloss
    return planes[0], planes[1]


def _reached(at: Float, towards: Float, solids: list[Solid]) -> Float:
    """How far a lamp's light reaches (n, 3) places, or others are before them: (n,) 0-1."""
    across = np.cross([0, 1, 0], towards)
    across /= np.linalg.norm(across)
    axes = np.stack([across, np.cross(towards, across), -towards])
    casters = np.vstack([one.points for one in solids]) @ axes.T
    triangles = _joined(solids)
    side = int(2 * SHADOW_REACH / SHADOW_CELL)
    flat = np.asarray((casters[:, :2] + SHADOW_REACH) / SHADOW_CELL, np.float32)
    raster = Raster.draw(flat, casters[:, 2][triangles].mean(axis=1), triangles, (side, side))
    nearest = raster.cover().interpolate(np.asarray(casters[:, 2:], np.float32))[..., 0]
    nearest[raster.ids < 0] = np.inf
    own = at @ axes.T
    reached = np.zeros(len(at), np.float32)
    for step in _disc():
        cell = (own[:, :2] + step + SHADOW_REACH) / SHADOW_CELL
        x, y = np.clip(np.round(cell).astype(int), 0, side - 1).T
        reached += own[:, 2] < nearest[y, x] + BIAS
    return np.asarray(reached / TAPS, np.float32)


def _disc() -> Float:
    """Places spread evenly over the edge of a shadow, by the golden angle: (16, 2) cm."""
    number = np.arange(TAPS) + 0.5
    radius, angle = SOFTNESS * np.sqrt(number / TAPS), number * np.pi * (3 - np.sqrt(5))
    return np.asarray(radius * [np.cos(angle), np.sin(angle)], np.float32).T
