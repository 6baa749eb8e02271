"""The hands in front of one face through a shot: looked for now and then, followed in between.

The joints network is a chaotic map: two crops of one hand that differ by a pixel give joints that
differ by several, and so do the crops cut around those. So that a start one second earlier gives
the same result, hands are taken from a fresh search at fixed frames of the video; what is
followed from there depends on nothing before it, and the filter forgets the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.hands.finder import TRIES, VIEWS, HandFinder
from appliance.pipeline.hands.hand import Hand
from appliance.pipeline.imaging.one_euro import OneEuro
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.networks.hand_landmarks import JOINTS

# Frames between two searches; the first so many frames of a face are all searched.
SEARCH_INTERVAL = 5
# Searches after which hands that are followed are taken from the search; no other is made then.
FRESH_INTERVAL = 2
# Frames between two looks at a hand that moves slowly.
JOINTS_INTERVAL = 2
# Metres a second from which every frame is looked at: a hand moves by 8 mm from a frame to the next
# then, at 25 a second.
FAST = 0.2
# The 1 € filter: Hz at rest, the rise for one unit a second, and Hz of the speed's own filter. The
# unit is 10 cm of the hand.
CUTOFF, SLOPE, SPEED_CUTOFF = 1.5, 10.0, 5.0
UNIT = 0.1


@dataclass(frozen=True, slots=True)
class _Look:
    """The network's last look at a hand.

    ``hand``: as it gave it. ``speed``: (21, 2) pixels a second since the look before; ``None`` at a
    first one.
    """

    hand: Hand
    speed: Float | None = None

    def after(self, seconds: float) -> Hand:
        """Where the hand should be that much later."""
        if self.speed is None:
            return self.hand
        return replace(self.hand, joints=self.hand.joints + self.speed * np.float32(seconds))

    def next(self, hand: Hand, seconds: float) -> _Look:
        """The look after this one, ``seconds`` later."""
        if seconds <= 0:
            return _Look(hand)
        return _Look(hand, (hand.joints - self.hand.joints) / np.float32(seconds))

    @property
    def is_slow(self) -> bool:
        """Whether the hand may be left alone for a frame."""
        if self.speed is None:
            return False
        pace = float(np.median(np.linalg.norm(self.speed, axis=1)))
        return pace < FAST * self.hand.pixels_a_metre


class FollowedHand:
    """One hand from frame to frame. ``hand``: in the last frame, without jitter."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self._look = _Look(hand)
        self._since = 0.0  # seconds since that look
        self._filter = OneEuro(np.full(JOINTS, CUTOFF, np.float32), SLOPE, SPEED_CUTOFF)
        self._smooth: Float = hand.joints  # at that look
        self._drift: Float = np.zeros_like(hand.joints)  # of the smooth joints, pixels a second

    def move_on(self, seconds: float) -> Hand:
        """Go on to the next frame, ``seconds`` later. Where the hand should be there."""
        self._since += max(seconds, 0.0)
        joints = self._smooth + self._drift * np.float32(self._since)
        self.hand = replace(self._look.hand, joints=joints)
        return self._look.after(self._since)

    @property
    def is_slow(self) -> bool:
        """Whether the hand may be left alone in this frame."""
        return self._look.is_slow

    def see(self, hand: Hand, *, fresh: bool = False) -> None:
        """Take over what this frame shows; ``fresh``: whether a search found it."""
        self._look = _Look(hand) if fresh else self._look.next(hand, self._since)
        unit = np.float32(UNIT * hand.pixels_a_metre)
        smooth = unit * self._filter.smooth(self._smooth / unit, hand.joints / unit, self._since)
        if self._since > 0:
            self._drift = (smooth - self._smooth) / np.float32(self._since)
        self._smooth, self._since = smooth, 0.0
        self.hand = replace(hand, joints=smooth)


class HandFollower:
    """The hands in front of one face, frame by frame."""

    def __init__(self, finder: HandFinder) -> None:
        self._finder = finder
        self._followed: list[FollowedHand] = []
        self._frames = 0

    def update(self, canvas: Canvas, face: Face, number: int, seconds: float) -> tuple[Hand, ...]:
        """The hands in the next frame, the ``number``-th of the video, ``seconds`` later.

        ``face``: in that frame.
        """
        self._frames += 1
        before = self._followed
        expected = [one.move_on(seconds) for one in before]
        turn, left = divmod(number, SEARCH_INTERVAL)
        is_fresh = left == 0 and turn % FRESH_INTERVAL == 0
        tries = (TRIES[0], TRIES[1 + turn % (len(TRIES) - 1)])
        found: list[Hand] = []
        if is_fresh:
            # From near and from far in turn: a second hand may be found in one of them alone.
            view = VIEWS[turn // FRESH_INTERVAL % len(VIEWS)]
            found += self._finder.search(canvas, face, (view,), (), tries)
        kept: list[FollowedHand] = []
        for one, guess in zip(before, expected, strict=True):
            same = next((hand for hand in found if hand.is_same(guess)), None)
            if same is not None:
                found = [hand for hand in found if hand is not same]
                one.see(same, fresh=True)
            elif not self._follow(one, guess, canvas, face, number):
                continue
            if not any(one.hand.is_same(other.hand) for other in kept):
                kept.append(one)
        starts = self._frames <= SEARCH_INTERVAL
        if starts or len(kept) < len(before) or (left == 0 and not kept and not is_fresh):
            view = VIEWS[number % len(VIEWS) if starts else 1]
            known = [*(one.hand for one in kept), *found]
            found += self._finder.search(canvas, face, (view,), known, tries)
        others = [hand for hand in found if not any(hand.is_same(one.hand) for one in kept)]
        kept += [FollowedHand(hand) for hand in others]
        self._followed = kept
        return tuple(one.hand for one in kept)

    def _follow(
        self, one: FollowedHand, guess: Hand, canvas: Canvas, face: Face, number: int
    ) -> bool:
        """Go on with a hand that no search has found. Whether it is still there."""
        if number % JOINTS_INTERVAL and one.is_slow:
            return True
        hand = self._finder.follow(canvas, face, guess)
        if hand is not None:
            one.see(hand)
        return hand is not None
