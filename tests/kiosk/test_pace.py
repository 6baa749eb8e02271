"""How long a swap still takes, as the screen says."""

from __future__ import annotations

from appliance.kiosk.visit.pace import Pace


def paced(*counts: tuple[float, int]) -> Pace:
    pace = Pace()
    for now, done in counts:
        pace.note(now, done)
    return pace


def test_nothing_is_said_before_it_was_measured() -> None:
    assert Pace().seconds_left(5.0, 100) is None
    assert paced((0.0, 0)).seconds_left(60.0, 100) is None  # not one frame came
    assert paced((0.0, 0), (1.0, 5)).seconds_left(1.0, 100) is None
    assert paced((0.0, 0), (2.0, 5)).seconds_left(2.0, 105) == 40.0


def test_the_pace_is_that_of_the_last_seconds() -> None:
    slow = [(float(second), second) for second in range(31)]  # one a second
    fast = [(30.0 + tenth / 2, 30 + 5 * tenth) for tenth in range(1, 41)]  # ten a second
    assert paced(*slow).seconds_left(30.0, 130) == 100.0
    assert paced(*slow, *fast).seconds_left(50.0, 430) == 20.0


def test_what_does_not_come_takes_longer() -> None:
    pace = paced((0.0, 0), (5.0, 50))
    assert pace.seconds_left(5.0, 100) == 5.0
    assert pace.seconds_left(10.0, 100) == 10.0


def test_frames_that_take_longer_than_the_window_are_measured() -> None:
    pace = paced((0.0, 0), (20.0, 1), (40.0, 2), (60.0, 3))
    assert pace.seconds_left(60.0, 5) == 40.0
