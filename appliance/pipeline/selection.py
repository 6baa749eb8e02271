"""Which of several faces are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from appliance.pipeline.face_model.face import Face, Float
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.networks.recogniser import similarity

SAME_PERSON = 0.363  # SFace's cosine threshold (OpenCV Zoo's model card, LFW)


class Which(StrEnum):
    """The words a person may use; left and right are the picture's."""

    LARGEST = "largest"
    ALL = "all"
    LEFT = "left"
    RIGHT = "right"
    LIKE = "like"


@dataclass(frozen=True, slots=True, eq=False)
class FaceChoice:
    """``reference``: the unit embedding that ``like`` compares with."""

    which: Which = Which.LARGEST
    reference: Float | None = None

    def choose(self, faces: Sequence[Face], embeddings: Sequence[Float] | None = None) -> list[int]:
        """The indices of the faces that are meant, maybe none.

        ``embeddings`` are for ``like`` only, which takes the most alike face, if it is alike.
        """
        if not faces:
            return []
        match self.which:
            case Which.ALL:
                return list(range(len(faces)))
            case Which.LEFT:
                return [int(np.argmin([face.points[:, 0].mean() for face in faces]))]
            case Which.RIGHT:
                return [int(np.argmax([face.points[:, 0].mean() for face in faces]))]
            case Which.LARGEST:
                return [int(np.argmax([extent(face) for face in faces]))]
            case Which.LIKE:
                if self.reference is None or embeddings is None:
                    raise ValueError("a choice by likeness needs a reference and embeddings")
                alike = [similarity(self.reference, embedding) for embedding in embeddings]
                best = int(np.argmax(alike))
                return [best] if alike[best] >= SAME_PERSON else []


def extent(face: Face) -> float:
    """The longer side of a face's oval, in pixels."""
    return float(np.ptp(face.points[OVAL], axis=0).max())
