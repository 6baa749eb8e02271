"""A rendered head before an operation and after it, as photos with points set by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import cv2
import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.mesh_engine.source import MeshSource
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.points import NAMED, PlacedPoints, proposed
from tests.pipeline.heads import SCALE, SIDE, Head, projected

NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stand:
    """How a head is photographed: turned by degrees, ``larger`` by so many times, in what light.

    ``light``: how bright the picture is on its left and on its right.
    """

    yaw: float
    pitch: float = 0.0
    roll: float = 0.0
    larger: float = 1.0
    light: tuple[float, float] = (1.0, 1.0)

    @property
    def mm(self) -> float:
        """Of a pixel, at the middle of the head."""
        return MM / SCALE / self.larger

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture, pixels."""
        return (round(SIDE * self.larger),) * 2

    def turned(self, yaw: float) -> Stand:
        """Another day: turned by ``yaw`` more, nearer, and in another light."""
        by = (1 if yaw >= 0 else -1) * bool(yaw)
        return Stand(self.yaw + yaw, 3.0 * by, 2.0 * by, 1.12 * self.larger, (1.1, 0.75))


class Operated:
    """One person's head, and what operations make of it; values are of handles."""

    def __init__(self, canonical: Canonical, source: MeshSource) -> None:
        self._canonical, self._source = canonical, source
        self._mover = HandleMover(canonical)

    def mesh(self, stand: Stand, values: Mapping[str, float] = NOTHING) -> Float:
        """Where it truly lies in the picture: (478, 3)."""
        mesh = projected(self._shape(values), stand.yaw, stand.pitch, stand.roll)
        mesh *= np.float32(stand.larger)
        mesh[:, :2] += np.float32((stand.larger - 1) / 2)
        return mesh

    def picture(self, stand: Stand, values: Mapping[str, float] = NOTHING) -> Image:
        """(h, w, 3) RGB."""
        head = Head(self._canonical, replace(self._source, shape=self._shape(values)))
        image = head.render(stand.yaw, stand.pitch, stand.roll).image
        grown = cv2.resize(image, stand.size, interpolation=cv2.INTER_CUBIC)
        ramp = np.linspace(*stand.light, stand.size[0], dtype=np.float32)[None, :, None]
        return np.asarray(np.clip(grown * ramp, 0, 255), np.uint8)

    def points(
        self, stand: Stand, values: Mapping[str, float], noise: float, seed: Sequence[int]
    ) -> PlacedPoints:
        """All landmarks that it shows, set with a ``noise`` of so many mm along each axis."""
        mesh = self.mesh(stand, values)
        random = np.random.default_rng(seed)
        mesh[:, :2] += random.normal(0, noise / stand.mm, (len(mesh), 2))
        places = proposed(mesh, stand.size, stand.yaw).places
        return PlacedPoints(stand.size, {name: places[name] for name in places if name in NAMED})

    def _shape(self, values: Mapping[str, float]) -> Float:
        shape = self._source.shape.astype(np.float32)
        move = self._mover.move(shape * np.float32(MM), values)
        return shape + move / np.float32(MM)
