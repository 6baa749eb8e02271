"""FaceRule of several faces are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.networks.recogniser import similarity

SAME_PERSON = 0.363  # SFace's cosine threshold (OpenCV Zoo's model card, LFW)


class FaceRule(StrEnum):
    """How faces are selected; left and right are those of the picture."""

    LARGEST = "largest"
    ALL = "all"
    LEFT = "left"
    RIGHT = "right"
    LIKE = "like"


@dataclass(frozen=True, slots=True, eq=False)
class FaceSelection:
    """``reference``: (128,) the unit embedding that ``like`` compares with."""

    rule: FaceRule = FaceRule.LARGEST
    reference: Float | None = None

    def select(self, faces: Sequence[Face], embeddings: Sequence[Float] | None = None) -> list[int]:
        """The indices of the selected faces; none where no face fits.

        ``embeddings``: the faces' own, (128,) each, needed by ``like`` alone: it selects the most
        similar face, if its cosine to the reference is at least ``SAME_PERSON``. Raises ValueError
        where ``like`` lacks what it compares.
        """
        if not faces:
            return []
        match self.rule:
            case FaceRule.ALL:
                return list(range(len(faces)))
            case FaceRule.LEFT:
                return [int(np.argmin([face.points[:, 0].mean() for face in faces]))]
            case FaceRule.RIGHT:
                return [int(np.argmax([face.points[:, 0].mean() for face in faces]))]
            case FaceRule.LARGEST:
                return [int(np.argmax([face.extent for face in faces]))]
            case FaceRule.LIKE:
                if self.reference is None or embeddings is None:
                    raise ValueError("a selection by similarity needs a reference and embeddings")
                cosines = [similarity(self.reference, embedding) for embedding in embeddings]
                best = int(np.argmax(cosines))
                return [best] if cosines[best] >= SAME_PERSON else []
