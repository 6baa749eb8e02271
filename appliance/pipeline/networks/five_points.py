"""The five points that a face is aligned by, from the best landmarks available."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.inference.batch_scheduler import InferenceTask
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import five_points
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.networks.landmarks_68 import Landmarker68, five_of_68
from appliance.pipeline.networks.landmarks_68_from_5 import Landmarks68From5
from appliance.pipeline.networks.landmarks_203 import Landmarker203, five_of_203

MIN_SCORE = 0.5  # of 68 points, below which they are not used


@dataclass(frozen=True, slots=True)
class FivePoints:
    """From the pack's landmark networks, where it has any; otherwise from the mesh.

    A generator works best on crops aligned by the landmarks that it was trained with.
    """

    landmarker: Landmarker68 | None = None
    completer: Landmarks68From5 | None = None
    portrait: Landmarker203 | None = None

    def find(self, image: Image, face: Face) -> InferenceTask[Float]:
        """(5, 2) in the picture's pixels: eyes, nose tip, mouth corners, left ones first."""
        mesh = five_points(face.points)
        if self.landmarker is not None:
            points, score = yield from self.landmarker.find(image, face)
            if score >= MIN_SCORE:
                return five_of_68(points)
        if self.completer is not None:
            return five_of_68((yield from self.completer.complete(mesh)))
        if self.portrait is not None:
            return five_of_203((yield from self.portrait.find(image, face)))
        return mesh
