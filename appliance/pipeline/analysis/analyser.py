"""The faces of a picture: found, meshed and identified."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

import numpy as np

from appliance.inference.batcher import Batcher
from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import ModelPack, Models
from appliance.pipeline.face_model.boxes import detection_box, face_box
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Detection, Face
from appliance.pipeline.face_model.shape import PoseEstimator
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.networks.detector import Detector
from appliance.pipeline.networks.face_mesh import FaceMeshEstimator
from appliance.pipeline.networks.recogniser import Recogniser

DETECTION_SIZE = 640  # longest side, in pixels, of the picture that the detector sees
MIN_MESH_SCORE = 0.5  # the mesh network's score, 0-1, below which its mesh is no face's


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
    ) -> Self:
        """From the starter pack, or another that can do all that it can.

        ``detecting``: the models that the detector comes from, if not ``pack``. ``tracking``: what
        runs the small networks that see one face after the other, if not ``runtime``.
        Raises ``ModelError`` or ``ProviderError``.
        """
        tracking = tracking or runtime
        canonical = Canonical.load(pack.read("canonical-mesh"))
        return cls(
            canonical=canonical,
            detector=Detector(runtime.load(detecting or pack, "detector")),
            mesh_estimator=FaceMeshEstimator(
                tracking.load(pack, "mesh"), json.loads(pack.read("attention-subsets"))
            ),
            recogniser=Recogniser(Batcher.load_any(tracking, pack, "identity")),
            pose_estimator=PoseEstimator(canonical),
        )

    def locate(self, canvas: Canvas, size: int = DETECTION_SIZE) -> tuple[Detection, ...]:
        """The faces that the detector finds, best first, in pixels of the picture.

        It sees the picture shrunk to ``size`` pixels along the longest side.
        """
        small = canvas.thumbnail(size)
        scale = max(canvas.width, canvas.height) / max(small.shape[:2])
        return tuple(
            Detection(found.box * scale, found.keypoints * scale, found.score)
            for found in self.detector.detect(small)
        )

    def mesh(self, canvas: Canvas, detection: Detection) -> Face | None:
        """The mesh of a detected face; ``None`` where the mesh network sees no face."""
        box = detection_box(detection, canvas)
        if box is None:
            return None
        corner = np.array([box.x, box.y], np.float32)
        local = Detection(
            detection.box - np.append(corner, [0, 0]).astype(np.float32),
            detection.keypoints - corner,
            detection.score,
        )
        face = self.mesh_estimator.estimate(canvas.read(box), local)
        return face.moved(box.x, box.y) if face.score >= MIN_MESH_SCORE else None

    def faces(self, canvas: Canvas) -> tuple[Face, ...]:
        """The faces of a picture with their meshes, largest first."""
        found = [self.mesh(canvas, detection) for detection in self.locate(canvas)]
        return tuple(
            sorted((face for face in found if face), key=lambda face: face.extent, reverse=True)
        )

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
