"""What the networks and the meters find in one photo of a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from appliance.errors import ModelError
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.appearance.visibility import VisibilityEstimator
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.perspective_pose import PerspectivePose
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.mesh_engine.engine import MeshEngine
from appliance.pipeline.selection import COUNTS
from appliance.pipeline.series.background import SIZE, background_edges
from appliance.pipeline.series.face_measures import FaceMeasures, FaceMeter
from appliance.pipeline.series.views import SeenPose

# Canonical cm: from the top of the forehead to the chin, and between the outer corners of the eyes.
FACE_HEIGHT, EYES_APART = 17.7, 8.9


@dataclass(frozen=True, slots=True)
class SeenFace:
    """The face of a photo.

    ``size``: the height that it has from the front, over the picture's. ``width``: pixels between
    the outer corners of the eyes from the front. ``is_cut``: whether the border of the picture cuts
    it off. ``measures``: none where the mesh does not follow its turn.
    """

    pose: SeenPose
    size: float
    width: float
    is_cut: bool
    measures: FaceMeasures | None


@dataclass(frozen=True, slots=True)
class SeenPhoto:
    """One photo. ``faces``: how many count. ``face``: the only one. ``edges``: behind the head."""

    faces: int
    face: SeenFace | None
    edges: float | None


class SeriesEye:
    """Looks at photos; changes none."""

    def __init__(
        self, analyser: FaceAnalyser, visibility: VisibilityEstimator, meter: FaceMeter
    ) -> None:
        self._analyser, self._visibility, self._meter = analyser, visibility, meter
        self._poses = PerspectivePose(analyser.canonical)

    @classmethod
    def of(cls, pipeline: Pipeline) -> Self:
        """With the networks of a pipeline. Raises ``ModelError`` unless it has the mesh engine."""
        engine = pipeline.engine
        if not isinstance(engine, MeshEngine):
            raise ModelError(
                "A series is checked with the mesh engine, and another was loaded.",
                "Leave packs with a generator out.",
            )
        editor, canonical = engine.still, pipeline.analyser.canonical
        meter = FaceMeter(canonical, editor.meter, editor.visibility)
        return cls(pipeline.analyser, editor.visibility, meter)

    def look(self, canvas: Canvas) -> SeenPhoto:
        """What a photo, in sRGB, shows."""
        edges = background_edges(self._visibility, canvas.thumbnail(SIZE))
        faces = self._analyser.faces_of(canvas, COUNTS)
        face = self._face(canvas, faces[0]) if len(faces) == 1 else None
        return SeenPhoto(len(faces), face, edges)

    def _face(self, canvas: Canvas, face: Face) -> SeenFace:
        size, oval = (canvas.width, canvas.height), face.points[OVAL]
        # Turned from the way to the camera: a photo may be cut from a larger one, and then the
        # camera did not look at its middle.
        x, y = (np.array(size) - 1) / 2 - (oval.min(axis=0) + oval.max(axis=0)) / 2
        found = self._poses.of(face.moved(float(x), float(y)).mesh, size)
        pose = SeenPose.of(found, face.logit)
        return SeenFace(
            pose=pose,
            size=found.scale * FACE_HEIGHT / canvas.height,
            width=found.scale * EYES_APART,
            is_cut=bool(((oval < 0) | (oval > np.array(size) - 1)).any()),
            measures=None
            if pose.is_folded
            else self._meter.measure(*self._analyser.cut_out(canvas, face)),
        )
