"""Two members who open one project at once must not get two workspaces of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from appliance.keeper.protocol import Command
from appliance.session.slots import Slots
from appliance.wire.message import CallError
from tests.session.scene import Scene


def _open(scene: Scene, user: str) -> None:
    """A token answers one question at a time: whoever finds it busy asks again."""
    while True:
        try:
            scene.open_as(user, "film")
        except CallError as refused:
            if getattr(refused.parameters, "reason", "") != "busy":
                raise
        else:
            return


def test_by_looking_for_it_at_the_same_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    both, look = Barrier(2), Slots.of_project
    found = []

    def of_project(slots: Slots, name: str | None) -> object:
        session = look(slots, name)
        found.append(session)
        both.wait()
        return session

    monkeypatch.setattr(Slots, "of_project", of_project)
    with ThreadPoolExecutor(2) as members:
        asked = [members.submit(_open, scene, user) for user in ("anna", "bert")]
        answers = [one.exception() for one in asked]
    assert found == [None, None]  # the control: each of them saw that there was none yet
    assert [type(one) for one in answers if one is not None] == [CallError]
    assert len(scene.states()) == 1
    made = [keeper for keeper in scene.keepers if Command.MAKE in keeper.asked]
    assert len(made) == 1
    # The slot of the one who was late is free again.
    slots = scene.broker._slots
    assert [slots.reserve() is not None for _ in range(3)] == [True, True, False]
