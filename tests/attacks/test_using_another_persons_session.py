"""Another process of the kiosk's user must not reach a session that it did not open."""

from __future__ import annotations

import pytest

from appliance.protocols import broker_api
from appliance.wire.message import Empty
from tests.session.scene import KIOSK, PIN, Scene

METHODS = ("Attach", "Touch", "Lock", "Leave", "Close")


def test_its_list_names_no_session(scene: Scene) -> None:
    opened = scene.open_as("anna")
    listed = scene.call_as(KIOSK, "List", Empty()).sessions
    assert listed == [broker_api.SessionStatus("w0", None, "active", worker=True)]
    # The control: root sees the id, which is in the ledger too. Nobody sees a handle.
    (seen,) = scene.call_as(0, "List", Empty()).sessions
    assert seen.session == opened.session
    assert not hasattr(seen, "handle")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("user", [0, KIOSK])
def test_the_id_is_no_key(scene: Scene, method: str, user: int) -> None:
    opened = scene.open_as("anna", "film")
    guesses = [opened.session * 4, "0" * 64, opened.handle[:-1] + "x"]
    for guess in guesses:
        assert scene.refusal(method, broker_api.SessionRef(guess)) == "NoSuchSession"
    # The control: with the handle each of them is done.
    scene.call_as(user, method, broker_api.SessionRef(opened.handle))


def test_another_user_has_no_use_for_a_handle(scene: Scene) -> None:
    opened = scene.call_as(0, "Open", broker_api.Open("anna", PIN))
    assert scene.refusal("Attach", broker_api.SessionRef(opened.handle)) == "NoSuchSession"
    scene.call_as(0, "Attach", broker_api.SessionRef(opened.handle))


def test_a_handle_is_void_once_the_owner_has_logged_in_again(scene: Scene) -> None:
    opened = scene.open_as("anna")
    scene.call_as(KIOSK, "Lock", broker_api.SessionRef(opened.handle))
    again = scene.call_as(KIOSK, "Reopen", broker_api.Reopen(opened.session, "anna", PIN))
    assert again.session == opened.session
    assert scene.refusal("Attach", broker_api.SessionRef(opened.handle)) == "NoSuchSession"
    scene.call_as(KIOSK, "Attach", broker_api.SessionRef(again.handle))


def test_handles_do_not_repeat(scene: Scene) -> None:
    handles = {scene.open_as("anna").handle for _ in range(3)}
    assert len(handles) == 3
    assert {len(handle) for handle in handles} == {64}
