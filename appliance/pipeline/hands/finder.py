"""Finds hands near a face, and a hand again that was somewhere a moment ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import Models
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import PoseEstimator
from appliance.pipeline.hands.crops import around_face, around_joints, around_palm, cut
from appliance.pipeline.hands.hand import Hand, likely_scale, measured_scale
from appliance.pipeline.imaging.geometry import invert, transform
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.networks.hand_landmarks import SIZE as HAND_SIZE
from appliance.pipeline.networks.hand_landmarks import HandLandmarker
from appliance.pipeline.networks.palm_detector import SIZE as PALM_SIZE
from appliance.pipeline.networks.palm_detector import Palm, PalmDetector

# Sides of the crops in which palms are looked for, in extents of the face: in a photo all of them,
# in a video one at a time. Others found hardly any hand that these two do not show.
VIEWS = (3.0, 2.5)
# Score from which a palm is looked at more closely: it is the joints that decide.
LIKELY_PALM = 0.02
# Candidates of a view that are looked at.
CANDIDATES = 5
# Side of a palm's box over the extent of a face behind it. The box is about as wide as a palm, 85
# mm, and a face 180 mm high; what is taken for a palm within a face, such as a nostril's shadow, is
# smaller.
LEAST_PALM = 0.31
# Presence from which a hand is found, in two looks, and below which one that is followed is lost.
FOUND, LOST = 0.85, 0.75
# Presence from which a look is followed by another, cut by the joints that it found; and how many
# there are at most. Looks at what is no hand have 0.05 and less.
HOPE, LOOKS = 0.1, 3
# The first crops that are tried of a palm: by how much they are turned, in rad, and their size over
# MediaPipe's. Where a border of the picture cuts a palm off, its direction and size are a guess, so
# that one with the score below is tried in all ways in a photo, and in two ways in a frame.
TRIES = ((0.0, 1.0), (0.0, 1.35), (np.pi / 3, 1.35), (-np.pi / 3, 1.35))
GOOD_PALM = 0.2
# The least scale of a hand, in pixels a metre, over that of the face. A hand in front of a face is
# nearer than it; the rest is for small hands and for errors of both scales. Parts of faces that the
# network takes for hands have half of the face's scale.
LEAST_SCALE = 0.75
# Hands that are followed at once.
MOST_HANDS = 4


@dataclass(frozen=True, slots=True)
class HandFinder:
    """The two networks that find hands, and what they have to agree on."""

    palms: PalmDetector
    landmarker: HandLandmarker
    pose_estimator: PoseEstimator

    @classmethod
    def load(cls, models: Models, runtime: NetworkLoader, canonical: Canonical) -> Self:
        """Raises ``ModelError`` or ``ProviderError``."""
        return cls(
            PalmDetector(runtime.load(models, "palm-detector")),
            HandLandmarker(runtime.load(models, "hand-joints")),
            PoseEstimator(canonical),
        )

    def search(
        self,
        canvas: Canvas,
        face: Face,
        views: Sequence[float] = VIEWS,
        known: Sequence[Hand] = (),
        tries: Sequence[tuple[float, float]] = TRIES,
    ) -> tuple[Hand, ...]:
        """Hands around ``face`` that are none of ``known``.

        ``views``: sides of the crops that are searched, in extents of the face. ``tries``: see
        ``TRIES``; the first is for all palms, and good ones get the others, too.
        """
        found: list[Hand] = []
        for view in views:
            for palm in self._candidates(canvas, face, view):
                others = (*known, *found)
                if len(others) >= MOST_HANDS:
                    return tuple(found)
                if any(other.is_at(palm.centre) for other in others):
                    continue
                hand = self._confirmed(canvas, face, palm, others, tries)
                if hand is not None:
                    found.append(hand)
        return tuple(found)

    def follow(self, canvas: Canvas, face: Face, last: Hand) -> Hand | None:
        """The hand that was at ``last`` in the frame before; ``None`` if it is lost."""
        hand = self._look(canvas, face, around_joints(last))
        return hand if hand is not None and hand.presence >= LOST else None

    def _candidates(self, canvas: Canvas, face: Face, view: float) -> list[Palm]:
        """The best palms in a square of ``view`` extents of the face, in pixels of the picture."""
        matrix, side = around_face(face.points.mean(axis=0), view * face.extent)
        crop = cut(canvas, matrix, PALM_SIZE)
        if crop is None:
            return []
        back = invert(matrix)
        larger = np.float32(side / PALM_SIZE)
        large = [
            palm
            for palm in self.palms.find(crop, LIKELY_PALM)
            if palm.side * larger >= LEAST_PALM * face.extent
        ]
        return [
            replace(
                palm,
                centre=transform(palm.centre[None], back)[0],
                side=float(palm.side * larger),
                up=palm.up * larger,
            )
            for palm in large[:CANDIDATES]
        ]

    def _confirmed(
        self,
        canvas: Canvas,
        face: Face,
        palm: Palm,
        others: Sequence[Hand],
        tries: Sequence[tuple[float, float]],
    ) -> Hand | None:
        """The hand that ``palm`` belongs to, if two looks agree and it is not among ``others``."""
        for turn, size in tries if palm.score >= GOOD_PALM else tries[:1]:
            hand = self._settled(canvas, face, around_palm(palm, turn, size), others)
            if hand is not None:
                return None if any(hand.is_same(other) for other in others) else hand
        return None

    def _settled(
        self, canvas: Canvas, face: Face, matrix: Float, others: Sequence[Hand]
    ) -> Hand | None:
        """The hand that the crop through ``matrix`` leads to, each crop cut by the look before.

        Two looks in a row have to find it; one is enough where it is among ``others``.
        """
        last = 0.0
        for _ in range(LOOKS):
            hand = self._look(canvas, face, matrix)
            if hand is None or not hand.presence >= HOPE:
                return None
            is_sure = hand.presence >= FOUND
            if is_sure and (last >= FOUND or any(hand.is_same(other) for other in others)):
                return hand
            last, matrix = hand.presence, around_joints(hand)
        return None

    def _look(self, canvas: Canvas, face: Face, matrix: Float) -> Hand | None:
        """What the crop through ``matrix`` shows, if that is large enough for a hand."""
        crop = cut(canvas, matrix, HAND_SIZE)
        if crop is None:
            return None
        seen = self.landmarker.estimate(crop)
        back = invert(matrix)
        joints = transform(seen.joints[:, :2], back)
        centimetre, _, _ = self.pose_estimator.pose(face.mesh)
        measured, behind = measured_scale(joints, seen.world), 100 * centimetre
        if not measured >= LEAST_SCALE * behind:
            return None
        return Hand(joints, likely_scale(measured, behind), seen.presence)
