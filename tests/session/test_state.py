"""The life of a session: what is drawn is allowed, and nothing else."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SessionError
from appliance.session.state import Limits, State, Step, Times, after, due

LIMITS = Limits(idle=600, grace=300, absolute=28_800)
ENDS = {State.WIPED}


def _reached(steps: list[Step]) -> State:
    state = State.OPENING
    for step in steps:
        state = after(state, step)
    return state


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([Step.OPENED], State.ACTIVE),
        ([Step.FAILED, Step.CLEAN], State.WIPED),
        ([Step.OPENED, Step.TOKEN_REMOVED], State.LOCKED),
        ([Step.OPENED, Step.IDLE, Step.REOPENED], State.ACTIVE),
        ([Step.OPENED, Step.LEDGER_GONE, Step.GRACE_PASSED], State.WIPING),
        ([Step.OPENED, Step.CLOSE, Step.NOT_CLEAN, Step.RETRY, Step.CLEAN], State.WIPED),
        ([Step.OPENED, Step.LOCK, Step.REOPENED], State.ACTIVE),
        ([Step.OPENED, Step.FAULT, Step.FAILED], State.WIPING),
        ([Step.OPENED, Step.LEFT, Step.REOPENED], State.ACTIVE),
        ([Step.OPENED, Step.LEFT, Step.TIME_LIMIT], State.WIPING),
    ],
)
def test_what_is_drawn_is_allowed(steps: list[Step], state: State) -> None:
    assert _reached(steps) is state


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (State.OPENING, Step.REOPENED),
        (State.LOCKED, Step.OPENED),
        (State.WIPING, Step.REOPENED),
        (State.WIPED, Step.REOPENED),
        (State.WIPED, Step.RETRY),
        (State.WIPE_FAILED, Step.REOPENED),
        (State.WIPE_FAILED, Step.CLEAN),
        (State.PARKED, Step.OPENED),
    ],
)
def test_what_is_not_drawn_is_refused(state: State, step: Step) -> None:
    with pytest.raises(SessionError):
        after(state, step)


@given(steps=st.lists(st.sampled_from(Step), max_size=30))
def test_a_wipe_is_never_turned_back(steps: list[Step]) -> None:
    state, wiping = State.OPENING, False
    for step in steps:
        try:
            state = after(state, step)
        except SessionError:
            continue
        wiping = wiping or state is State.WIPING
        assert not wiping or state in (State.WIPING, State.WIPED, State.WIPE_FAILED)


def test_from_every_state_a_wipe_can_be_reached() -> None:
    for state in set(State) - ENDS:
        reached = {state}
        for _ in State:
            for known, step in itertools.product(tuple(reached), Step):
                try:
                    reached.add(after(known, step))
                except SessionError:
                    continue
        assert State.WIPED in reached, state


@pytest.mark.parametrize(
    ("state", "times", "now", "step"),
    [
        (State.ACTIVE, Times(0, 0), 599, None),
        (State.ACTIVE, Times(0, 0), 600, Step.IDLE),
        (State.ACTIVE, Times(0, 28_799), 28_800, Step.TIME_LIMIT),
        (State.LOCKED, Times(0, 0, locked=600), 899, None),
        (State.LOCKED, Times(0, 0, locked=600), 900, Step.GRACE_PASSED),
        (State.WIPING, Times(0, 0), 1e9, None),
        (State.WIPE_FAILED, Times(0, 0), 1e9, None),
    ],
)
def test_the_step_that_time_demands(
    state: State, times: Times, now: float, step: Step | None
) -> None:
    assert due(state, times, LIMITS, now) is step


def test_a_project_is_parked_where_a_session_is_wiped() -> None:
    limits = Limits(600, 300, 86_400, parks=True)
    times = Times(0, 0, locked=600)
    assert due(State.LOCKED, times, limits, 900) is Step.LEFT
    assert due(State.PARKED, times, limits, 86_400) is Step.TIME_LIMIT
