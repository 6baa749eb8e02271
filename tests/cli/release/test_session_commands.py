"""The commands about the results of a session, against a broker at a socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from click.testing import CliRunner, Result

from appliance.audit.entries import events
from appliance.cli.release.command import release
from appliance.errors import ApplianceError, InputError, OutputError, ReleaseError, SessionError
from appliance.protocols import broker_api, releaser_api
from appliance.release.watermark.mark import SMALLEST_SIDE
from appliance.wire.message import CallError
from tests.session.releasing import HASH, ITEM, RESULT, VIEWING, Desk
from tests.session.scene import PIN, Login, scene_in


@dataclass
class Terminal:
    """A person at a terminal, and the broker that their commands call."""

    desk: Desk
    socket: Path

    @property
    def handle(self) -> str:
        return self.desk.scene.handles[self.desk.session]

    def run(self, *words: str, typed: str = "") -> Result:
        """Raises what the command raises."""
        arguments = [*words, "--socket", str(self.socket)]
        return CliRunner().invoke(release, arguments, input=typed, catch_exceptions=False)

    def decide(self, *words: str, pin: str = PIN) -> Result:
        """By ruth, whose token is plugged in for that."""
        self.desk.scene.tokens.add("hidraw1")
        try:
            return self.run(*words, "--user", "ruth", typed=f"{pin}\n")
        finally:
            self.desk.scene.tokens.discard("hidraw1")

    def requested(self) -> broker_api.ReleaseStands:
        asked = self.run("request", self.handle, str(ITEM), "--json")
        return msgspec.json.decode(asked.stdout, type=broker_api.ReleaseStands)


@pytest.fixture
def terminal(tmp_path: Path, login: Login) -> Iterator[Terminal]:
    path = tmp_path / "session.sock"
    with scene_in(tmp_path, login, policy=VIEWING) as scene:
        desk = Desk(scene)
        # The caller of the session is this process from here on, as the kiosk would be.
        (session,) = scene.broker._slots.all()
        session.caller = os.getuid()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(os.fspath(path))
            listener.listen()
            serving = Thread(target=scene.broker.service(os.getuid()).listen, args=(listener,))
            serving.start()
            yield Terminal(desk, path)
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()


@pytest.fixture
def login() -> Login:
    return Login()


def test_a_result_is_asked_for_looked_at_approved_and_burned(
    terminal: Terminal, tmp_path: Path
) -> None:
    asked = terminal.run("request", terminal.handle, str(ITEM), "--sha256", HASH)
    assert HASH in asked.stdout
    stands = next(
        line.split()[-1] for line in asked.stdout.splitlines() if line.startswith("request")
    )
    output = tmp_path / "look.jpg"
    looked = terminal.decide("look", stands, "--output", str(output))
    assert HASH in looked.stdout
    assert output.read_bytes() == RESULT
    assert PIN not in looked.output
    approved = terminal.decide("approve", stands, HASH, "--json")
    number = msgspec.json.decode(approved.stdout, type=broker_api.Released).number
    assert terminal.desk.scene.releaser.taken == {number: RESULT}
    burned = terminal.run("burn-session", "-", typed=f"{terminal.handle}\n")
    assert str(number) in burned.stdout
    assert "d" * 64 in burned.stdout
    assert terminal.handle not in burned.output
    as_json = msgspec.json.decode(
        _later(terminal).run("burn-session", terminal.handle, "--json").stdout,
        type=broker_api.Burning,
    )
    assert (as_json.numbers, as_json.size) == ([number], 4096)


def _later(terminal: Terminal) -> Terminal:
    terminal.desk.scene.clock.seconds += 10
    return terminal


def test_a_release_is_declined_with_a_reason(terminal: Terminal) -> None:
    stands = terminal.requested()
    said = terminal.decide("decline", stands.release, "--reason", "consent")
    assert "consent" in said.stdout
    declined = terminal.desk.logged()[-1]
    assert isinstance(declined, events.ReleaseDeclined)
    assert declined.reason == "consent"
    with pytest.raises(ReleaseError, match="decided"):
        terminal.decide("approve", stands.release, HASH)
    wrong = terminal.decide("decline", stands.release, "--reason", "whim")
    assert wrong.exit_code == 2


def test_what_is_refused_says_why_and_what_can_be_done(terminal: Terminal) -> None:
    stands = terminal.requested()
    with pytest.raises(ReleaseError, match="other-result"):
        terminal.decide("approve", stands.release, "e" * 64)
    with pytest.raises(ReleaseError, match="no such request"):
        terminal.decide("approve", "0" * 16, HASH)
    with pytest.raises(SessionError, match="A value is none"):
        terminal.decide("approve", "no request", HASH)
    with pytest.raises(SessionError, match="no-token"):
        terminal.run("approve", stands.release, HASH, "--user", "ruth", typed=f"{PIN}\n")
    assert terminal.decide("approve", stands.release, HASH).exit_code == 0


def test_a_result_that_cannot_leave_is_refused_with_the_least_size(terminal: Terminal) -> None:
    terminal.desk.be("picture-too-small")
    with pytest.raises(ReleaseError, match="picture-too-small") as caught:
        terminal.requested()
    assert f"{SMALLEST_SIDE} pixels" in caught.value.hint
    assert "larger photo" in caught.value.hint
    terminal.desk.be(None)
    terminal.desk.scene.clock.seconds += 60
    assert terminal.decide("approve", terminal.requested().release, HASH).exit_code == 0


@pytest.mark.parametrize("handle", ["", "0" * 63, "g" * 64, "0" * 65, "../../etc/passwd"])
@pytest.mark.parametrize("words", [("request", "7"), ("burn-session",)])
def test_what_is_no_handle_is_not_sent(
    terminal: Terminal, handle: str, words: tuple[str, ...]
) -> None:
    command, *rest = words
    with pytest.raises(SessionError, match="no handle"):
        terminal.run(command, handle, *rest)
    with pytest.raises(SessionError, match="no session with this handle"):
        terminal.run(command, "0" * 64, *rest)


def test_a_broker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    words = ["burn-session", "0" * 64, "--socket", str(tmp_path / "none")]
    with pytest.raises(ApplianceError) as caught:
        CliRunner().invoke(release, words, catch_exceptions=False)
    assert caught.value.hint


def test_a_look_leaves_no_file_if_it_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    stands = terminal.requested()
    output = tmp_path / "look.jpg"
    with pytest.raises(ReleaseError, match="no such request"):
        terminal.decide("look", "0" * 16, "--output", str(output))
    assert not output.exists()
    terminal.desk.put(b"")
    with pytest.raises(InputError, match="No picture came"):
        terminal.decide("look", stands.release, "--output", str(output))
    assert not output.exists()
    terminal.desk.put(RESULT)
    output.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        terminal.decide("look", stands.release, "--output", str(output))
    assert output.read_bytes() == b"mine"
    terminal.decide("look", stands.release, "--output", str(output), "--overwrite")
    assert output.read_bytes() == RESULT


def test_why_no_disc_was_burned_is_said(terminal: Terminal) -> None:
    def too_small() -> releaser_api.Burning:
        details = releaser_api.NotBurned("too-small", 9 << 20, 5 << 20)
        raise CallError(releaser_api.error_name("NotBurned"), details)

    terminal.desk.scene.releaser.burns = too_small
    with pytest.raises(ReleaseError, match="too-small") as caught:
        terminal.run("burn-session", terminal.handle)
    assert "9 MiB are needed" in caught.value.hint
    terminal.desk.scene.burner.missing = True
    with pytest.raises(ReleaseError, match="no-burner"):
        _later(terminal).run("burn-session", terminal.handle)
