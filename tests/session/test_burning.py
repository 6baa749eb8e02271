"""The person of a session has its released copies burned to a disc."""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Thread

import pytest

from appliance.audit.entries import events
from appliance.keeper.protocol import Command
from appliance.protocols import broker_api, releaser_api
from appliance.wire.message import CallError
from tests.session.releasing import Desk
from tests.session.scene import KIOSK, Scene
from tests.session.standins import until

WHO = "f" * 32  # the pseudonym of everybody here
DISC = "d" * 64


@pytest.fixture
def desk(scene: Scene) -> Desk:
    """With one copy that may leave."""
    made = Desk(scene)
    made.approve(made.request())
    return made


def burn(desk: Desk, handle: str | None = None, user: int = KIOSK) -> broker_api.Burning:
    wanted = broker_api.SessionRef(handle or desk.scene.handles[desk.session])
    burned = desk.scene.call_as(user, "BurnReleases", wanted)
    assert isinstance(burned, broker_api.Burning)
    return burned


def refusal(desk: Desk, handle: str | None = None, user: int = KIOSK) -> str:
    with pytest.raises(CallError) as caught:
        burn(desk, handle, user)
    reason = getattr(caught.value.parameters, "reason", "")
    return f"{caught.value.error.rpartition('.')[2]} {reason}".rstrip()


def not_burned(
    reason: releaser_api.NotBurnedReason, needed: int | None = None, free: int | None = None
) -> Callable[[], releaser_api.Burning]:
    def burns() -> releaser_api.Burning:
        details = releaser_api.NotBurned(reason, needed, free)
        raise CallError(releaser_api.error_name("NotBurned"), details)

    return burns


def close(desk: Desk) -> list[events.AnyEvent]:
    """What the ledger has of releases when the session ends."""
    desk.scene.ledger.events.clear()
    desk.scene.act_for_kiosk("Close", desk.session)
    return desk.logged()


def test_a_disc_of_the_session_is_burned_and_its_copies_were_written(desk: Desk) -> None:
    burned = burn(desk)
    numbers = sorted(desk.scene.releaser.taken)
    assert (burned.done, burned.numbers, burned.sha256, burned.size) == (1, numbers, DISC, 4096)
    assert desk.scene.releaser.burned == [desk.session]
    # The releaser logs what was burned; nothing is called wiped without a disc.
    assert close(desk) == []


def test_what_was_not_burned_is_said_when_the_session_ends(desk: Desk) -> None:
    (number,) = desk.scene.releaser.taken
    assert close(desk) == [events.ReleaseDropped(desk.session, number)]


def test_another_disc_can_be_burned(desk: Desk) -> None:
    burn(desk)
    desk.scene.clock.seconds += 10
    assert burn(desk).sha256 == DISC
    assert desk.scene.releaser.burned == [desk.session] * 2


def test_nobody_fills_the_ledger_by_asking_for_discs(desk: Desk) -> None:
    desk.scene.burner.missing = True
    assert refusal(desk) == "ReleaseRefused no-burner"
    desk.scene.ledger.events.clear()
    assert refusal(desk) == "ReleaseRefused too-soon"
    assert desk.logged() == []
    desk.scene.clock.seconds += 10
    assert refusal(desk) == "ReleaseRefused no-burner"


@pytest.mark.parametrize(
    "reason",
    ["no-burner", "busy", "no-drive", "not-blank", "rewritable", "too-small", "spoiled"],
)
def test_each_refusal_is_in_the_ledger_and_leaves_the_copies_unwritten(
    desk: Desk, reason: releaser_api.NotBurnedReason
) -> None:
    desk.scene.releaser.burns = not_burned(reason)
    desk.scene.ledger.events.clear()
    assert refusal(desk) == f"ReleaseRefused {reason}"
    assert reason != "folder"
    assert desk.logged() == [events.ReleaseRefused(desk.session, "burn", reason, WHO)]
    (number,) = desk.scene.releaser.taken
    assert close(desk) == [events.ReleaseDropped(desk.session, number)]


def test_a_disc_that_is_too_small_says_by_how_much(desk: Desk) -> None:
    desk.scene.releaser.burns = not_burned("too-small", 9 << 20, 5 << 20)
    with pytest.raises(CallError) as caught:
        burn(desk)
    assert isinstance(caught.value.parameters, broker_api.ReleaseRefused)
    assert "9 MiB are needed, 5 MiB are free" in caught.value.parameters.hint


def test_what_the_releaser_says_can_be_done_is_passed_on(desk: Desk) -> None:
    def burns() -> releaser_api.Burning:
        details = releaser_api.Failed("It could not be recorded.", "Destroy it.")
        raise CallError(releaser_api.error_name("Failed"), details)

    desk.scene.releaser.burns = burns
    with pytest.raises(CallError) as caught:
        burn(desk)
    assert caught.value.parameters == broker_api.ReleaseRefused("error", "Destroy it.")


def test_without_copies_there_is_no_disc(scene: Scene) -> None:
    desk = Desk(scene)

    def burns() -> releaser_api.Burning:
        raise CallError(releaser_api.error_name("NoCopies"))

    scene.releaser.burns = burns
    assert refusal(desk) == "ReleaseRefused no-copies"


def test_only_the_session_s_own_handle_and_caller_burn(desk: Desk) -> None:
    assert refusal(desk, "0" * 64) == "NoSuchSession"
    assert refusal(desk, user=KIOSK + 1) == "NoSuchSession"
    desk.scene.tokens.add("hidraw1")
    other = desk.scene.open_as("bert")
    burn(desk, other.handle)
    # Whose handle it is decides whose copies; the releaser is that of the session's own slot.
    assert desk.scene.releaser.burned == [other.session]


def test_a_role_that_was_taken_away_burns_nothing(desk: Desk) -> None:
    (desk.scene.folder / "roles").write_text("anna:administrator\nruth:approver\n")
    assert refusal(desk) == "ReleaseRefused role"
    assert desk.scene.releaser.burned == []


def test_a_locked_session_burns_nothing(desk: Desk) -> None:
    desk.scene.act_for_kiosk("Lock", desk.session)
    assert refusal(desk) in ("WrongState", "Failed")
    assert desk.scene.releaser.burned == []


@pytest.mark.parametrize("how", ["Lock", "Close"])
def test_a_session_that_is_locked_or_ends_meanwhile_spoils_the_disc(desk: Desk, how: str) -> None:
    desk.scene.releaser.during = lambda: desk.scene.act_for_kiosk(how, desk.session)
    desk.scene.releaser.waits = True
    assert refusal(desk) == "ReleaseRefused not-open"
    (refused,) = [one for one in desk.logged() if isinstance(one, events.ReleaseRefused)]
    assert refused == events.ReleaseRefused(desk.session, "burn", "not-open", WHO)


def test_a_releaser_that_ends_meanwhile_may_have_spoiled_the_disc(desk: Desk) -> None:
    releaser = desk.scene.releaser
    releaser.during = lambda: releaser.connections[-1].shutdown(socket.SHUT_RDWR)
    assert refusal(desk) == "ReleaseRefused spoiled"


def test_a_releaser_that_does_not_say_what_it_burned_is_not_believed(desk: Desk) -> None:
    desk.scene.releaser.burns = lambda: releaser_api.Burning(1.0)
    assert refusal(desk) == "ReleaseRefused spoiled"
    (number,) = desk.scene.releaser.taken
    assert close(desk) == [events.ReleaseDropped(desk.session, number)]


def test_a_session_in_which_a_disc_is_burned_is_not_idle(desk: Desk) -> None:
    desk.scene.clock.seconds += 590
    burn(desk)
    desk.scene.after(590)
    desk.scene.act_for_kiosk("Touch", desk.session)  # it was not locked


def test_the_end_of_a_session_waits_until_the_burner_lets_go(desk: Desk) -> None:
    """A file system of which a file is open elsewhere could not be closed."""
    scene, told = desk.scene, []
    scene.burner.holds = True
    scene.releaser.waits = True
    keeper = next(one for one in scene.keepers if one.slot == "w0")
    burning = Thread(target=lambda: told.append(refusal(desk)))
    burning.start()
    until(lambda: bool(scene.releaser.burned))
    ending = Thread(target=lambda: scene.act_for_kiosk("Close", desk.session))
    ending.start()
    (theirs,) = scene.burner.others
    assert theirs.recv(1) == b""  # the burner is hung up on
    assert Command.WIPE not in keeper.asked
    theirs.close()
    ending.join()
    burning.join()
    assert Command.WIPE in keeper.asked
    assert told == ["ReleaseRefused not-open"]
