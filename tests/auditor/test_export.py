from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.audit.entries import events
from appliance.audit.entries.reader import read_lines
from appliance.audit.tlog.reader import LedgerReader
from appliance.auditor import export
from appliance.burner.medium import Drive
from appliance.burner.service import Burner
from appliance.protocols import auditor_api as api
from appliance.protocols import burner_api
from appliance.wire.client import Client
from appliance.wire.message import CallError
from appliance.wire.service import Answer, Method, Request, Service
from tests.auditor.endings import SESSIONS
from tests.auditor.served import SUBJECT, StandInDesk, serving
from tests.burner.folders import says


def burner_of(burn: Callable[[Request[burner_api.Burn]], Answer | None]) -> Service:
    methods = {"Burn": Method(burner_api.Burn, burn, descriptors=1)}
    return Service(burner_api.NAME, burner_api.DESCRIPTION, methods, lambda _: None)


class Keeping:
    """A burner that keeps the files, and says that it burned them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.wanted: burner_api.Burn | None = None

    def __call__(self, request: Request[burner_api.Burn]) -> Answer:
        self.wanted = request.parameters
        (folder,) = request.descriptors
        root = Path(f"/proc/self/fd/{folder}")
        for path in (path for path in root.rglob("*") if path.is_file()):
            assert path.stat().st_mode & 0o004  # the burner is another user
            self.files[str(path.relative_to(root))] = path.read_bytes()
        request.progress(burner_api.Burning(0.5))
        return Answer(burner_api.Burning(1.0, "d" * 64, 1 << 30))


def exported(client: Client, wanted: api.Export | None = None) -> list[api.Exporting]:
    asked = wanted or api.Export()
    return [one for one, _ in client.follow(f"{api.NAME}.Export", asked, gives=api.Exporting)]


def refusal(client: Client, wanted: api.Export | None = None) -> tuple[str, api.NotExported]:
    with pytest.raises(CallError) as caught:
        exported(client, wanted)
    raw = getattr(caught.value.parameters, "json", b"")
    return caught.value.error.rpartition(".")[2], api.NotExported(**json.loads(raw))


def test_the_whole_ledger_can_be_checked_from_the_disc(ledger: Path, tmp_path: Path) -> None:
    burner = Keeping()
    desk = StandInDesk(ledger, burner_of(burner))
    with serving(ledger, tmp_path, desk=desk) as client:
        *others, last = exported(client)
    assert others
    assert [one.done for one in others] == sorted(one.done for one in others)
    assert (last.done, last.sha256, last.size) == (1.0, "d" * 64, 1 << 30)
    for name, data in burner.files.items():
        path = tmp_path / "disc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    program = tmp_path / "disc/appliance-verify.py"
    checked = subprocess.run(
        [sys.executable, program, tmp_path / "disc/ledger", "--key", ledger / "log.vkey"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stdout == f"sound: {last.entries} entries, exported as entry {last.number}\n"
    sums = hashlib.sha256(burner.files["ledger/SHA256SUMS"]).hexdigest()
    store = LedgerReader(ledger)
    assert last.number is not None
    line = next(read_lines(store, store.checkpoint(store.verifier()), last.number))
    assert line.entry.event == events.LogExported(
        0, last.number - 2, last.number - 1, sums, SUBJECT
    )
    assert "README.txt" in burner.files


def test_what_the_boot_record_left_goes_along(ledger: Path, tmp_path: Path) -> None:
    left = tmp_path / "attested"
    left.mkdir()
    (left / "attestation.json").write_bytes(b"a quote")
    burner = Keeping()
    with serving(ledger, tmp_path, burner=burner_of(burner)) as client:
        exported(client)
        assert b"attestation" not in burner.files["README.txt"]  # half of it proves nothing
        (left / "attested-checkpoint").write_bytes(b"a note")
        burner.files.clear()
        exported(client)
    assert burner.files["attestation.json"] == b"a quote"
    assert burner.files["attested-checkpoint"] == b"a note"
    assert b"--checkpoint attested-checkpoint" in burner.files["README.txt"]


def test_a_session_alone(ledger: Path, tmp_path: Path) -> None:
    burner = Keeping()
    with serving(ledger, tmp_path, burner=burner_of(burner)) as client:
        last = exported(client, api.Export(SESSIONS["idle"]))[-1]
    entries = burner.files["ledger/entries.jsonl"].splitlines()
    assert len(entries) == last.entries
    assert all(
        SESSIONS["idle"].encode() in entry or b"workspace-erased" in entry for entry in entries
    )
    assert SESSIONS["user"].encode() not in b"".join(burner.files.values())


def test_a_span_of_time(ledger: Path, tmp_path: Path) -> None:
    store = LedgerReader(ledger)
    lines = list(read_lines(store, store.checkpoint(store.verifier())))
    since, until = lines[10].entry.at, lines[20].entry.at
    burner = Keeping()
    with serving(ledger, tmp_path, burner=burner_of(burner)) as client:
        last = exported(client, api.Export(since=since, until=until))[-1]
    expected = [line.data for line in lines if since <= line.entry.at < until]
    assert burner.files["ledger/entries.jsonl"].splitlines() == expected
    assert last.entries == len(expected)


def test_nothing_stays_behind(ledger: Path, tmp_path: Path) -> None:
    with serving(ledger, tmp_path, burner=burner_of(Keeping())) as client:
        exported(client)
        exported(client)  # the stage serves again
    assert [path for path in (tmp_path / "stage").rglob("*") if path.is_file()] == []


def failing(error: CallError) -> Service:
    def burn(_request: Request[burner_api.Burn]) -> Answer:
        raise error

    return burner_of(burn)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("Busy", "busy"),
        ("NoProgram", "no-burner"),
        ("NoDrive", "no-drive"),
        ("NotBlank", "not-blank"),
        ("Rewritable", "rewritable"),
        ("BadFolder", "folder"),
        ("Failed", "spoiled"),
        ("Bug", "spoiled"),
    ],
)
def test_what_the_burner_refuses(ledger: Path, tmp_path: Path, error: str, reason: str) -> None:
    burner = failing(CallError(burner_api.error_name(error)))
    with serving(ledger, tmp_path, burner=burner) as client:
        assert refusal(client) == ("NotExported", api.NotExported(reason))  # type: ignore[arg-type]


def test_a_disc_that_is_too_small(ledger: Path, tmp_path: Path) -> None:
    error = CallError(burner_api.error_name("TooSmall"), burner_api.TooSmall(9000, 4000))
    with serving(ledger, tmp_path, burner=failing(error)) as client:
        assert refusal(client)[1] == api.NotExported("too-small", 9000, 4000)


def test_a_burner_that_wrote_less_than_it_was_given(ledger: Path, tmp_path: Path) -> None:
    burner = burner_of(lambda _: Answer(burner_api.Burning(1.0, "d" * 64, 2048)))
    with serving(ledger, tmp_path, burner=burner) as client:
        assert refusal(client)[1].reason == "spoiled"


def test_without_a_burner_nothing_is_logged(ledger: Path, tmp_path: Path) -> None:
    desk = StandInDesk(ledger)
    with serving(ledger, tmp_path, desk=desk) as client:
        assert refusal(client)[1].reason == "no-burner"
    assert desk.logged == []


def test_what_cannot_be_logged_does_not_leave(ledger: Path, tmp_path: Path) -> None:
    burner = Keeping()
    desk = StandInDesk(ledger, burner_of(burner), full=True)
    with serving(ledger, tmp_path, desk=desk) as client:
        assert refusal(client)[1].reason == "ledger"
    assert burner.wanted is None


def test_training_leaves_on_no_disc(ledger: Path, tmp_path: Path) -> None:
    burner = Keeping()
    with serving(ledger, tmp_path, burner=burner_of(burner), training=True) as client:
        assert refusal(client)[1].reason == "training"
    assert burner.wanted is None


def test_nothing_and_too_much(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_ENTRIES", 20)
    with serving(ledger, tmp_path, burner=burner_of(Keeping())) as client:
        assert refusal(client)[1].reason == "too-many"
        assert refusal(client, api.Export("f" * 16))[1].reason == "nothing"
        assert refusal(client, api.Export(until=1))[1].reason == "nothing"


def test_a_real_disc(ledger: Path, tmp_path: Path) -> None:
    disc = tmp_path / "disc.iso"
    burner = Burner(lambda: Drive(f"stdio:{disc}"), says(tmp_path)).service()
    with serving(ledger, tmp_path, burner=burner) as client:
        last = exported(client)[-1]
    assert last.sha256 == hashlib.sha256(disc.read_bytes()).hexdigest()
