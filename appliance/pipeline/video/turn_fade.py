"""Faces of a video that turn away and back: how much of the change each shows, frame by frame.

What the turn of a frame allows (:mod:`appliance.pipeline.face_model.turn`) is smoothed in time, for
the score of a mesh that folds may fall within two frames. A face is followed from what it shows
first, so a member of a pool has the same shares after its run-up, to within a thousandth.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import PoseEstimator
from appliance.pipeline.face_model.turn import TurnLimits

# Seconds in which a difference falls to a third. By choice: nothing springs, and a face whose mesh
# folds at once is gone within a third of a second.
SMOOTHING = 0.08
NOTHING = 0.02  # a share, or a rest of it, that cannot be seen


class TurnFades:
    """The shares of all followed faces. Not thread-safe; frames come in the order shown."""

    def __init__(self, pose_estimator: PoseEstimator, limits: TurnLimits) -> None:
        self._pose_estimator = pose_estimator
        self._limits = limits
        self._shares: dict[int, float] = {}
        self._seconds = 0.0

    def shares(self, faces: Sequence[tuple[int, Face]], seconds: float) -> list[float]:
        """Of the next frame's faces, shown at ``seconds``: 1 all of the change, 0 none.

        ``faces``: each with the number of its track; a track that is not among them has ended.
        """
        kept = exp(-max(seconds - self._seconds, 0.0) / SMOOTHING)
        self._seconds = seconds
        self._shares = {number: self._next(number, face, kept) for number, face in faces}
        return list(self._shares.values())

    def _next(self, number: int, face: Face, kept: float) -> float:
        allowed = self._limits.share(face, self._pose_estimator)
        share = allowed + kept * (self._shares.get(number, allowed) - allowed)
        if share < NOTHING:
            return 0.0
        return 1.0 if share > 1 - NOTHING else share
