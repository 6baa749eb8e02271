"""The stages that need a model, loaded once, and the tools they share."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from appliance.inference.batch import Batcher
from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import ModelPack, Models
from appliance.pipeline.appearance.illumination import LightMeter
from appliance.pipeline.appearance.visibility import Masker
from appliance.pipeline.face_model.boxes import detection_box, face_box
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import (
    Detection,
    Face,
    Float,
    Image,
)
from appliance.pipeline.face_model.shape import Poser, ShapeTransfer
from appliance.pipeline.generator_engine.generation import Generation
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.mesh_engine.source import SourceReader
from appliance.pipeline.mesh_engine.swapper import STILL, VIDEO, MeshSwapper
from appliance.pipeline.networks.detector import Detector
from appliance.pipeline.networks.face_mesh import Aligner
from appliance.pipeline.networks.recogniser import Recogniser
from appliance.pipeline.selection import extent

DETECTION_SIZE = 640  # longest side, in pixels, of the picture the detector sees
MESH_ENGINE = "geometric simulation"
LEAST_SCORE = 0.5  # the mesh network's own belief below which what it drew is no face


@dataclass(frozen=True, slots=True)
class Stages:
    """Everything a run needs that does not depend on what is run."""

    face: Canonical
    detector: Detector
    aligner: Aligner
    recogniser: Recogniser
    masker: Masker
    poser: Poser
    meter: LightMeter
    reader: SourceReader
    still: MeshSwapper
    video: MeshSwapper
    provider: str
    generation: Generation | None = None

    @classmethod
    def load(
        cls,
        pack: ModelPack,
        runtime: NetworkLoader,
        generation: Generation | None = None,
        detecting: Models | None = None,
        following: NetworkLoader | None = None,
    ) -> Stages:
        """From a model pack; faces are changed by the mesh engine, or by ``generation``.

        ``detecting``: where the detector comes from, if not from there. ``following``: what runs
        the small networks that look at one face after the other, if not ``runtime``.

        Raises ModelError or ProviderError.
        """
        following = following or runtime
        face = Canonical.load(pack.read("canonical-mesh"))
        poser, meter, transfer = Poser(face), LightMeter(face), ShapeTransfer(face)
        masker = Masker(face, following.load(pack, "person-mask"))
        detector = Detector(runtime.load(detecting or pack, "detector"))
        return cls(
            face=face,
            detector=detector,
            aligner=Aligner(
                following.load(pack, "mesh"), json.loads(pack.read("attention-subsets"))
            ),
            recogniser=Recogniser(Batcher.load_any(following, pack, "identity")),
            masker=masker,
            poser=poser,
            meter=meter,
            reader=SourceReader(face, poser, meter, masker),
            still=MeshSwapper(face, poser, transfer, STILL),
            video=MeshSwapper(face, poser, transfer, VIDEO),
            provider=generation.provider if generation else detector.provider,
            generation=generation,
        )

    @property
    def engine(self) -> str:
        """What every result is called wherever it is shown."""
        return f"generator {self.generation.family}" if self.generation else MESH_ENGINE

    def locate(self, canvas: Canvas, size: int = DETECTION_SIZE) -> tuple[Detection, ...]:
        """Faces of a picture, best first; looked for in it shrunk to ``size`` pixels."""
        small = canvas.thumbnail(size)
        scale = max(canvas.width, canvas.height) / max(small.shape[:2])
        return tuple(
            Detection(found.box * scale, found.keypoints * scale, found.score)
            for found in self.detector.detect(small)
        )

    def mesh(self, canvas: Canvas, detection: Detection) -> Face | None:
        """The mesh of a detected face; ``None`` where the mesh network sees none."""
        box = detection_box(detection, canvas)
        if box is None:
            return None
        corner = np.array([box.x, box.y], np.float32)
        local = Detection(
            detection.box - np.append(corner, [0, 0]).astype(np.float32),
            detection.keypoints - corner,
            detection.score,
        )
        face = self.aligner.align(canvas.read(box), local)
        return face.moved(box.x, box.y) if face.score >= LEAST_SCORE else None

    def faces(self, canvas: Canvas) -> tuple[Face, ...]:
        """The meshes of the faces of a picture, largest first."""
        found = [self.mesh(canvas, detection) for detection in self.locate(canvas)]
        return tuple(sorted((face for face in found if face), key=extent, reverse=True))

    def embedding(self, canvas: Canvas, face: Face) -> Float:
        """The unit embedding, (128,), of a face of a picture."""
        return self.recogniser.embed(*self.cut_out(canvas, face))

    def cut_out(self, canvas: Canvas, face: Face, margin: float = 0.0) -> tuple[Image, Face]:
        """The RGB pixels around a face of a picture, and the face in them.

        ``margin``: how much more of them on every side, in the face's size.
        """
        box = face_box(face, canvas, margin)
        if box is None:
            raise ValueError("the face is outside the picture")
        return canvas.read(box), face.moved(-box.x, -box.y)
