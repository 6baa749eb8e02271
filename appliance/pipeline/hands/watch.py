"""The hands in front of all faces that are followed in a video."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.hands.finder import HandFinder
from appliance.pipeline.hands.follower import HandFollower
from appliance.pipeline.hands.mask import HandMask, hand_mask
from appliance.pipeline.media.canvas import Canvas


class HandWatch:
    """Follows the hands in front of each face, frame by frame, in the order they are shown."""

    def __init__(self, finder: HandFinder) -> None:
        self._finder = finder
        self._followers: dict[int, HandFollower] = {}
        self._last_seconds = 0.0

    def update(
        self, canvas: Canvas, faces: Sequence[tuple[int, Face]], number: int, seconds: float
    ) -> list[HandMask | None]:
        """What hands cover in the next frame, the ``number``-th, shown at ``seconds``.

        ``faces``: each with the number of its track; the hands of a track that is not among them
        are forgotten. For each face the hands near it; ``None`` where there are none.
        """
        elapsed, self._last_seconds = seconds - self._last_seconds, seconds
        self._followers = {
            track: self._followers.get(track) or HandFollower(self._finder) for track, _ in faces
        }
        masks = []
        for track, face in faces:
            hands = self._followers[track].update(canvas, face, number, elapsed)
            masks.append(hand_mask(canvas, face, hands) if hands else None)
        return masks
