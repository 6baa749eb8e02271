"""Which of several faces are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from appliance.errors import NoFaceError
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


WhichFace: TypeAlias = FaceRule | int
"""The one face that is meant: largest, left, right, or its number, from 1, largest first."""

# A face that is smaller than this share of the largest one is somebody in the background. By
# choice: a child next to a grown-up has about 0.75, somebody two steps behind the other 0.5.
COUNTS = 0.4
ALONE = "Use a photo that shows the person alone, or cut this one until it does."


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


def one_person(
    faces: Sequence[Face], which: WhichFace | None, photo: str, hint: str = ALONE
) -> Face:
    """The face of a photo that is to show one person: ``which``, if more than one counts.

    ``faces``: not empty, largest first; faces smaller than ``COUNTS`` of the largest do not
    count, unless a number names one. ``photo``: how messages call the photo.
    Raises ``NoFaceError``, with ``hint``, if several count and ``which`` is ``None``, or if it is
    the number of none.
    """
    counting = [face for face in faces if face.extent >= COUNTS * faces[0].extent]
    if len(faces) == 1:
        return faces[0]
    if isinstance(which, int):
        if which > len(faces):
            text = f"{photo} shows {len(faces)} faces, so there is none of that number."
            raise NoFaceError(text[0].upper() + text[1:], hint)
        return faces[which - 1]
    if which is not None:
        return counting[FaceSelection(which).select(counting)[0]]
    if len(counting) > 1:
        text = f"{photo} shows {len(counting)} faces, and it is not clear which one is meant."
        raise NoFaceError(text[0].upper() + text[1:], hint)
    return faces[0]
