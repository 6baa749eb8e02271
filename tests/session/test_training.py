"""Under a policy of training all goes as ever, but nothing leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit.entries import events
from appliance.protocols import broker_api
from tests.session.releasing import HASH, ITEM, VIEWING, Desk
from tests.session.scene import KIOSK, PIN, Login, scene_in

WHO = "f" * 32  # the pseudonym of everybody here
POLICY = VIEWING.replace("{slots: 3}", "{slots: 3, backend: memory}") + "training: true\n"


@pytest.fixture
def desk(tmp_path: Path, login: Login) -> Iterator[Desk]:
    with scene_in(tmp_path, login, policy=POLICY) as scene:
        yield Desk(scene)


def waiting(desk: Desk) -> list[broker_api.WaitingRelease]:
    handle = desk.scene.handles[desk.session]
    told = desk.scene.call_as(KIOSK, "Waiting", broker_api.SessionRef(handle))
    assert isinstance(told, broker_api.Waiting)
    return told.requests


def test_each_session_says_so_in_the_ledger(desk: Desk) -> None:
    session = desk.scene.open_as("anna").session
    opened = events.SessionOpened(session, WHO, None, "training")
    assert opened in desk.scene.ledger.events


def test_the_second_person_is_asked_as_ever_and_nothing_is_copied(desk: Desk, login: Login) -> None:
    release = desk.request()
    (stands,) = waiting(desk)
    assert (stands.release, stands.item, stands.sha256) == (release, ITEM, HASH)
    desk.scene.tokens.add("hidraw1")
    desk.scene.call_as(KIOSK, "LookAtRelease", broker_api.LookAtRelease(release, "ruth", PIN))
    login.asked.clear()
    assert desk.refusal_of(release) == "ReleaseRefused training"
    assert login.asked == ["ruth by fido2"]
    requested, viewed, refused = desk.logged()
    assert isinstance(requested, events.ReleaseRequested)
    assert isinstance(viewed, events.ReleaseViewed)
    index = viewed.requested
    assert refused == events.ReleaseRefused(desk.session, "decide", "training", WHO, index)
    assert not desk.scene.releaser.connections  # none was asked
    assert waiting(desk) == []


def test_who_may_not_decide_is_refused_for_that_reason(desk: Desk) -> None:
    release = desk.request()
    (desk.scene.folder / "roles").write_text("ruth:approver\nbert:clinician\n")
    assert desk.refusal_of(release, "bert") == "LoginRefused role"
    assert desk.refusal_of(release, sha256="e" * 64) == "ReleaseRefused other-result"
    assert [one.release for one in waiting(desk)] == [release]


def test_a_release_can_be_declined(desk: Desk) -> None:
    release = desk.request()
    desk.scene.tokens.add("hidraw1")
    wanted = broker_api.DeclineRelease(release, "ruth", PIN, "quality")
    desk.scene.call_as(KIOSK, "DeclineRelease", wanted)
    assert waiting(desk) == []


def test_no_disc_is_burned(desk: Desk) -> None:
    wanted = broker_api.SessionRef(desk.scene.handles[desk.session])
    assert desk.scene.refusal("BurnReleases", wanted) == "ReleaseRefused training"
    assert desk.logged() == [events.ReleaseRefused(desk.session, "burn", "training", WHO)]
    assert not desk.scene.burner.others
    assert not desk.scene.releaser.connections
