"""Numbers of releases by a command, and the second person who approves them at the terminal."""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from appliance.cli.release import numbering
from appliance.resources import policies
from appliance.session import login
from appliance.session.environment import Environment
from appliance.session.settings import Settings
from tests.cli.conftest import Call, Outcome
from tests.paths import REPOSITORY

CALLER = pwd.getpwuid(os.getuid()).pw_name
STUDIO = str(policies() / "studio.yaml")


@dataclass
class Machine:
    """What approves: tokens that are plugged in, PAM's answer, and root's files."""

    folder: Path
    plugged_in: frozenset[str] = frozenset({"hidraw0"})
    denied: login.Denial | None = None
    asked: list[str] = field(default_factory=list)

    def roles(self, text: str) -> None:
        (self.folder / "roles").write_text(text)

    def registered(self, text: str) -> None:
        (self.folder / "tokens").write_text(text)

    @contextmanager
    def environment(self, settings: Settings) -> Iterator[Environment]:
        assert settings.method == "fido2"

        def ask(user: str, pin: str, *_: object) -> login.Denial | None:
            assert not pin
            self.asked.append(user)
            return self.denied

        yield Environment(
            lambda: self.plugged_in,
            ask,
            registered=self.folder / "tokens",
            roles=self.folder / "roles",
        )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine(tmp_path)
    found.roles(f"{CALLER}:clinician\nruth:approver\n")
    found.registered("ruth:handle,key,es256,+presence\n")
    monkeypatch.setattr(numbering, "environment_for", found.environment)
    return found


@pytest.fixture
def keys(call: Call, folder: Path) -> Path:
    made = folder / "keys"
    assert call("release", "keys", made, "--organisation", "A site").code == 0
    return made


@dataclass
class Desk:
    """``release label`` with one photo, and what it left in the ledger."""

    call: Call
    photo: Path
    output: Path
    keys: Path

    def label(self, *words: str) -> Outcome:
        fixed = ("--output", self.output, "--keys", self.keys, "--engine", "mesh")
        return self.call("release", "label", self.photo, *fixed, *words)

    def events(self) -> list[tuple[int, dict[str, Any]]]:
        """Index and event of each entry."""
        shown = self.call("audit", "show", "--json").out.splitlines()
        entries = [msgspec.json.decode(line) for line in shown]
        return [(entry["seq"], entry["event"]) for entry in entries]

    def kinds(self) -> list[str]:
        return [event["kind"] for _, event in self.events() if event["kind"] not in _OTHERS]


_OTHERS = ("boot", "log-read", "clock-changed")


@pytest.fixture
def desk(
    call: Call,
    people: Mapping[str, Path],
    folder: Path,
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    return Desk(call, people["a"], folder / "out.png", keys)


def test_the_number_is_that_of_an_entry_which_came_before_the_copy(desk: Desk) -> None:
    assert desk.label().code == 0
    index, begun = next(one for one in desk.events() if one[1]["kind"] == "release-begun")
    assert begun["result"] == hashlib.sha256(desk.photo.read_bytes()).hexdigest()
    assert (begun["media"], begun["engine"]) == ("photo", "mesh")
    signed = next(event for _, event in desk.events() if event["kind"] == "release-signed")
    assert signed["number"] == index
    assert signed["copy"] == hashlib.sha256(desk.output.read_bytes()).hexdigest()
    found = desk.call("release", "inspect", desk.output, "--anchor", desk.keys, "--json")
    assert found.json["provenance"]["number"] == index


@pytest.mark.parametrize("wrong", ["--producer=a\\b", "--keys=elsewhere"])
def test_a_wrong_word_uses_up_no_number(desk: Desk, wrong: str) -> None:
    assert desk.label(wrong).code == 15
    assert desk.kinds() == []


@pytest.mark.parametrize(
    ("size", "reason", "least"),
    [((204, 244), "picture-too-small", "320 pixels"), ((320, 2561), "picture-too-narrow", "8")],
)
def test_what_cannot_leave_uses_up_no_number(
    desk: Desk, size: tuple[int, int], reason: str, least: str
) -> None:
    whole = Image.open(desk.photo)
    whole.resize(size).save(desk.photo)
    refused = desk.label()
    assert (refused.code, desk.output.exists()) == (15, False)
    assert least in refused.err
    assert desk.kinds() == ["release-refused", "job-refused"]
    event = next(event for _, event in desk.events() if event["kind"] == "release-refused")
    assert (event["step"], event["reason"]) == ("request", reason)
    whole.resize((320, 400)).save(desk.photo)
    assert desk.label().code == 0


def test_for_what_cannot_leave_no_second_person_is_asked(desk: Desk, machine: Machine) -> None:
    whole = Image.open(desk.photo)
    whole.resize((204, 244)).save(desk.photo)
    assert desk.label("--policy", STUDIO, "--approver", "ruth").code == 15
    assert machine.asked == []
    assert desk.kinds() == ["release-refused", "job-refused"]
    event = next(event for _, event in desk.events() if event["kind"] == "release-refused")
    assert (event["reason"], len(event["person"])) == ("picture-too-small", 32)
    whole.resize((320, 400)).save(desk.photo)
    assert desk.label("--policy", STUDIO, "--approver", "ruth").code == 0
    assert machine.asked == ["ruth"]


def test_a_format_that_cannot_hold_the_photo_uses_up_no_number(desk: Desk) -> None:
    clear = Image.open(desk.photo).convert("RGBA")
    clear.putalpha(100)
    clear.save(desk.photo, "PNG")
    desk.output = desk.output.with_suffix(".jpg")
    refused = desk.label()
    assert (refused.code, "transparency" in refused.err) == (7, True)
    assert desk.kinds() == ["job-refused"]
    desk.output = desk.output.with_suffix(".png")
    assert desk.label().code == 0


def test_a_policy_that_demands_a_second_person_gets_none_by_silence(desk: Desk) -> None:
    refused = desk.label("--policy", STUDIO)
    assert (refused.code, desk.output.exists()) == (8, False)
    assert "second person" in refused.err
    assert desk.kinds() == ["job-refused"]


def test_another_person_approves_it_by_their_own_token(desk: Desk, machine: Machine) -> None:
    done = desk.label("--policy", STUDIO, "--approver", "ruth")
    assert (done.code, machine.asked) == (0, ["ruth"])
    events = {event["kind"]: (index, event) for index, event in desk.events()}
    number, approved = events["release-approved"]
    requested, request = events["release-requested"]
    assert approved["requested"] == requested
    assert approved["approver"] != request["requester"]
    assert approved["result"] == hashlib.sha256(desk.photo.read_bytes()).hexdigest()
    assert approved["result"] in done.out  # which the second person can compare
    assert events["release-signed"][1]["number"] == number
    assert "release-begun" not in events
    assert events["login-granted"][0] < number


def test_the_caller_cannot_be_the_second_person(desk: Desk, machine: Machine) -> None:
    machine.roles(f"{CALLER}:clinician,approver\n")
    machine.registered(f"{CALLER}:handle,key,es256,+presence\n")
    assert desk.label("--policy", STUDIO, "--approver", CALLER).code == 15
    assert desk.kinds()[-2:] == ["release-refused", "job-refused"]
    assert "same-person" in str(desk.events())
    assert not desk.output.exists()


def test_nor_by_a_second_name_for_the_same_token(desk: Desk, machine: Machine) -> None:
    one = "handle,key,es256,+presence"
    machine.registered(f"ruth:{one}\n{CALLER}:{one}\n")
    assert desk.label("--policy", STUDIO, "--approver", "ruth").code == 15
    assert "same-person" in str(desk.events())
    machine.registered(f"ruth:{one}\n{CALLER}:other,another,es256,+presence\n")
    assert desk.label("--policy", STUDIO, "--approver", "ruth").code == 0


@dataclass(frozen=True)
class Refusal:
    """What is wrong, and the event that says so."""

    logged: str
    roles: str = f"{CALLER}:clinician\nruth:approver\n"
    denied: login.Denial | None = None
    tokens: frozenset[str] = frozenset({"hidraw0"})


@pytest.mark.parametrize(
    "wrong",
    [
        Refusal("login-refused", roles=f"{CALLER}:clinician\nruth:clinician\n"),
        Refusal("login-refused", roles=f"{CALLER}:clinician\n"),
        Refusal("release-refused", roles="ruth:approver\n"),
        Refusal("login-refused", denied="wrong-token"),
        Refusal("login-refused", tokens=frozenset()),
        Refusal("login-refused", tokens=frozenset({"hidraw0", "hidraw1"})),
    ],
    ids=["role", "no-role", "caller", "pin", "no-token", "two-tokens"],
)
def test_who_may_not_or_cannot_approve_is_refused_and_logged(
    desk: Desk, machine: Machine, wrong: Refusal
) -> None:
    machine.roles(wrong.roles)
    machine.denied, machine.plugged_in = wrong.denied, wrong.tokens
    assert desk.label("--policy", STUDIO, "--approver", "ruth").code == 15
    assert wrong.logged in desk.kinds()
    assert not {"release-approved", "release-signed"} & {*desk.kinds()}
    assert not desk.output.exists()


_ASK = """
import sys
from appliance.session import login
login.SERVICES["piv"] = sys.argv[1]
print(login.authenticate_at_terminal("nobody", "piv"))
"""
_ON_A_TERMINAL = "import pty, sys; pty.spawn(sys.argv[1:])"
_SERVICE = (
    "auth required pam_exec.so quiet expose_authtok {program}\naccount required pam_permit.so\n"
)
_RUN = 'mount --bind "$1" /etc/pam.d && exec "$2" -c "$3" appliance-piv'


@pytest.mark.parametrize(("typed", "answer"), [("1234", "None"), ("4321", "error")])
def test_the_pin_is_asked_for_on_the_terminal_by_the_child(
    tmp_path: Path, typed: str, answer: str
) -> None:
    program = tmp_path / "check"
    program.write_text('#!/bin/sh\n[ "$(tr -d "\\0")" = 1234 ]\n')
    program.chmod(0o755)
    services = tmp_path / "services"
    services.mkdir()
    (services / "appliance-piv").write_text(_SERVICE.format(program=program))
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _RUN, "sh"]
    command = [sys.executable, "-c", _ON_A_TERMINAL, *inside, str(services), sys.executable, _ASK]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY
    ) as asking:
        assert asking.stdin is not None
        assert asking.stdout is not None
        shown = b""
        while b"PIN of the second person" not in shown:
            shown += os.read(asking.stdout.fileno(), 4096)
        asking.stdin.write(f"{typed}\n".encode())
        asking.stdin.flush()
        shown += asking.stdout.read()
    assert shown.decode().split()[-1] == answer
    assert typed not in shown.decode()


def test_without_a_terminal_no_second_person_is_let_in() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASK, "appliance-piv"],
        capture_output=True,
        start_new_session=True,
        check=True,
        cwd=REPOSITORY,
    )
    assert done.stdout.decode().strip() == "error"
