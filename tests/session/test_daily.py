"""Once a day, at the policy's time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from appliance.session.daily import Daily


def test_it_is_due_once_a_day_and_not_at_the_start() -> None:
    daily = Daily("03:00")
    start = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    due = [
        start + timedelta(minutes=minute)
        for minute in range(3 * 24 * 60)
        if daily.due(start + timedelta(minutes=minute))
    ]
    assert due == [datetime(2026, 11, day, 3, 0, tzinfo=UTC) for day in (25, 26, 27)]


def test_a_start_after_its_time_waits_for_the_next_day() -> None:
    daily = Daily("03:00")
    assert not daily.due(datetime(2026, 11, 24, 3, 0, 1, tzinfo=UTC))
    assert not daily.due(datetime(2026, 11, 24, 23, 59, tzinfo=UTC))
    assert daily.due(datetime(2026, 11, 25, 3, 0, tzinfo=UTC))
