"""The faces of a picture: found, meshed and identified."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Self

import numpy as np

from appliance.inference.batcher import Batcher
from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import ModelPack, Models
from appliance.pipeline.analysis.tiles import (
    PHOTO_TILE,
    Level,
    joined,
    placed,
    smallest_seen_whole,
    surroundings,
    tiles,
)
from appliance.pipeline.face_model.boxes import detection_box, face_box
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Detection, Face
from appliance.pipeline.face_model.shape import PoseEstimator
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.networks.detector import Detector
from appliance.pipeline.networks.face_mesh import FaceMeshEstimator
from appliance.pipeline.networks.recogniser import Recogniser

DETECTION_SIZE = 640  # longest side, in pixels, of the picture that the detector sees
MIN_MESH_SCORE = 0.5  # the mesh network's score, 0-1, below which its mesh is no face's
# The score from which a face is seen as a whole. Two portraits that cross have 0.78 to 0.89 while
# one hides nearly half of the other, and 0.999 and more before and after that.
WHOLE_MESH_SCORE = 0.95
# Distance between the middles of two faces, in widths of the better one, below which it may hide
# the other. Such portraits were 0.8 to 1.0 apart.
IN_FRONT = 1.25


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """What a search of one picture found.

    ``pairs``: each face as the detector and as the mesh network found it, largest first.
    ``unclear``: how many more places the detector takes for a face and the mesh network does not.
    ``is_complete``: whether small ones were looked for.
    """

    pairs: tuple[tuple[Detection, Face], ...]
    unclear: int
    is_complete: bool = True

    @property
    def faces(self) -> tuple[Face, ...]:
        """The faces with their meshes, largest first."""
        return tuple(face for _, face in self.pairs)


@dataclass(frozen=True, slots=True)
class FaceAnalyser:
    """The networks that find and measure faces, loaded once; they change no pixel."""

    canonical: Canonical
    detector: Detector
    mesh_estimator: FaceMeshEstimator
    recogniser: Recogniser
    pose_estimator: PoseEstimator

    @classmethod
    def load(
        cls,
        pack: ModelPack,
        runtime: NetworkLoader,
        detecting: Models | None = None,
        tracking: NetworkLoader | None = None,
        canonical: Canonical | None = None,
    ) -> Self:
        """From the starter pack, or another that can do all that it can.

        ``detecting``: the models that the detector comes from, if not ``pack``. ``tracking``: what
        runs the small networks that see one face after the other, if not ``runtime``.
        ``canonical``: the pack's, if the caller has it. Raises ``ModelError`` or ``ProviderError``.
        """
        tracking = tracking or runtime
        canonical = canonical or Canonical.load(pack.read("canonical-mesh"))
        return cls(
            canonical=canonical,
            detector=Detector(runtime.load(detecting or pack, "detector")),
            mesh_estimator=FaceMeshEstimator(
                tracking.load(pack, "mesh"), json.loads(pack.read("attention-subsets"))
            ),
            recogniser=Recogniser(Batcher.load_any(tracking, pack, "identity")),
            pose_estimator=PoseEstimator(canonical),
        )

    def locate(self, canvas: Canvas, views: Iterable[Box] = ()) -> tuple[Detection, ...]:
        """The faces that the detector finds, best first, in pixels of the picture.

        It sees the whole picture, shrunk to ``DETECTION_SIZE`` pixels along the longest side, and
        after that each of ``views``, tiles of it: see :mod:`appliance.pipeline.analysis.tiles`.
        """
        levels = [Level(max(canvas.width, canvas.height), self._whole(canvas))]
        for side, level in groupby(views, key=lambda view: max(view.w, view.h)):
            near = [placed(self.detector.detect(canvas.read(one)), one, canvas) for one in level]
            levels.append(Level(side, [one for seen in near for one in seen]))
        whole = levels[0].found
        if len(levels) == 1:
            return tuple(whole)
        certain = (
            one
            if any(one is other for other in whole) or self.detector.is_certain(one)
            else self._look_again(canvas, one)
            for one in joined(levels)
        )
        return tuple(one for one in certain if one is not None)

    def _look_again(self, canvas: Canvas, found: Detection) -> Detection | None:
        box = surroundings(found, canvas)
        again = self.detector.look_again(canvas.read(box), found.moved(-box.x, -box.y))
        return None if again is None else again.moved(box.x, box.y)

    def _whole(self, canvas: Canvas) -> list[Detection]:
        small = canvas.thumbnail(DETECTION_SIZE)
        scale = max(canvas.width, canvas.height) / max(small.shape[:2])
        return [
            Detection(found.box * scale, found.keypoints * scale, found.score)
            for found in self.detector.detect(small)
        ]

    def mesh(self, canvas: Canvas, detection: Detection) -> Face | None:
        """The mesh of a detected face; ``None`` where the mesh network sees no face."""
        box = detection_box(detection, canvas)
        if box is None:
            return None
        local = detection.moved(-box.x, -box.y)
        face = self.mesh_estimator.estimate(canvas.read(box), local)
        return face.moved(box.x, box.y) if face.score >= MIN_MESH_SCORE else None

    def find(self, canvas: Canvas, *, small: bool = True) -> FoundFaces:
        """The faces of a picture with their meshes.

        ``small``: whether a large picture is also searched in tiles, so that every face of
        ``SMALLEST_FACE`` pixels and more is found.
        """
        views = tiles(canvas, PHOTO_TILE)
        found = self.meshed(canvas, self.locate(canvas, views if small else ()))
        return replace(found, is_complete=small or not views)

    def faces_of(self, canvas: Canvas, share: float) -> tuple[Face, ...]:
        """The faces of a picture, largest first: all that have ``share`` of the largest's size."""
        found = self.find(canvas, small=False)
        if not found.is_complete:
            widest = max((float(one.box[2]) for one, _ in found.pairs), default=0.0)
            if share * widest < smallest_seen_whole(canvas):
                found = self.find(canvas)
        return found.faces

    def meshed(
        self, canvas: Canvas, located: Sequence[Detection], known: Sequence[Detection] = ()
    ) -> FoundFaces:
        """The meshes of what was located in a picture, each face once.

        ``known``: what was located, too, and needs no mesh. A face that another one half hides is
        left: its mesh would lie on both.
        """
        found = [
            (one, face)
            for one in located
            if (face := self.mesh(canvas, one)) and not _is_hidden(one, face, [*located, *known])
        ]
        found.sort(key=lambda pair: pair[1].extent, reverse=True)
        kept: list[tuple[Detection, Face]] = []
        for detection, face in found:
            if not any(_is_same(face, other) for _, other in kept):
                kept.append((detection, face))
        return FoundFaces(tuple(kept), len(located) - len(found))

    def faces(self, canvas: Canvas) -> tuple[Face, ...]:
        """The faces of a picture with their meshes, largest first."""
        return self.find(canvas).faces

    def embedding(self, canvas: Canvas, face: Face) -> Float:
        """The unit embedding, (128,), of a face of a picture."""
        return self.recogniser.embed(*self.cut_out(canvas, face))

    def cut_out(self, canvas: Canvas, face: Face, margin: float = 0.0) -> tuple[Image, Face]:
        """A copy of the RGB pixels around a face, and the face in them.

        ``margin``: how much more of the picture on every side, in the face's size. Raises
        ValueError where the face lies outside the picture.
        """
        box = face_box(face, canvas, margin)
        if box is None:
            raise ValueError("the face is outside the picture")
        return canvas.read(box), face.moved(-box.x, -box.y)


def _is_hidden(detection: Detection, face: Face, others: Sequence[Detection]) -> bool:
    """Whether a face that is not seen well has a better one of ``others`` in front of it."""
    if face.score >= WHOLE_MESH_SCORE:
        return False
    return any(
        other.score > detection.score
        and np.linalg.norm(other.centre - detection.centre) < IN_FRONT * other.box[2]
        for other in others
    )


def _is_same(face: Face, other: Face) -> bool:
    """Whether two meshes are of one face: their centres are nearer than half of the smaller one."""
    off = np.linalg.norm(face.points.mean(axis=0) - other.points.mean(axis=0))
    return bool(off < 0.5 * min(face.extent, other.extent))
