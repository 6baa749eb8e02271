"""The real process, sealed, over a ledger that it may only read."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time

import pytest

from appliance.audit.export.attested import ATTESTATION, ATTESTED_CHECKPOINT
from appliance.audit.keys.ledger_keys import ANCHOR, keys_folder_for
from appliance.diagnostics.machine_status import status_of, write_status
from appliance.machine import boot_id
from appliance.protocols import auditor_api as api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from tests.auditor.endings import SESSIONS
from tests.auditor.served import StandInDesk
from tests.auditor.test_export import Keeping, burner_of
from tests.paths import REPOSITORY

PATIENCE = 120  # seconds; only a defect takes as long, however busy the machine is
WEAK = "seal: {minimum: [seccomp]}\n"  # what any machine that runs tests has


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    client: Client
    way: socket.socket


@contextmanager
def running(ledger: Path, folder: Path, desk: StandInDesk, idle: int = 600) -> Iterator[Running]:
    stage = folder / "discs"
    stage.mkdir()
    policy = folder / "policy.yaml"
    policy.write_text(WEAK)
    ours, theirs = socket.socketpair()
    arguments: list[str | Path] = [
        *(sys.executable, "-m", "appliance.auditor", "--ledger", ledger, "--stage", stage),
        *("--anchor", keys_folder_for(ledger) / ANCHOR, "--policy", policy),
        *(
            "--status",
            folder / "status.json",
            "--attested",
            folder / "attested",
            "--socket",
            str(theirs.fileno()),
        ),
    ]
    process = subprocess.Popen(arguments, pass_fds=[theirs.fileno()], cwd=REPOSITORY)
    theirs.close()
    with closing(Client(Connection(ours))) as client, desk.serve() as way:
        try:
            client.call(
                f"{api.NAME}.Begin",
                api.Begin(idle, False),
                gives=Empty,
                descriptors=[way.fileno()],
                timeout=PATIENCE,
            )
            yield Running(process, client, way)
        finally:
            process.kill()
            process.wait()


def test_it_shows_verifies_and_exports_while_it_is_sealed(ledger: Path, tmp_path: Path) -> None:
    burner = Keeping()
    before = {path: path.read_bytes() for path in ledger.rglob("*") if path.is_file()}
    desk = StandInDesk(ledger, burner_of(burner))
    status = status_of(int(time() * 1000), boot_id(), [], [], 17)
    write_status(status, tmp_path / "status.json")
    (tmp_path / "attested").mkdir()
    for name in (ATTESTATION, ATTESTED_CHECKPOINT):
        (tmp_path / "attested" / name).touch()
    with running(ledger, tmp_path, desk) as at:
        page, _ = at.client.call(
            f"{api.NAME}.Sessions", api.AskSessions(), gives=api.Sessions, timeout=PATIENCE
        )
        assert {one.session for one in page.sessions} == set(SESSIONS.values())
        *_, (verified, _) = at.client.follow(f"{api.NAME}.Verify", gives=api.Verifying)
        assert verified.report is not None
        assert (verified.report.verdict, verified.report.outside) == ("sound", "yes")
        assert verified.report.counter == "yes"
        after = {path: path.read_bytes() for path in ledger.rglob("*") if path.is_file()}
        assert after == before
        *_, (exported, _) = at.client.follow(
            f"{api.NAME}.Export", api.Export(), gives=api.Exporting
        )
    assert exported.entries == verified.report.entries
    assert {"ledger/bundle.tlog-proof", ATTESTATION} < burner.files.keys()


@pytest.mark.parametrize("who", ["broker", "screen"])
def test_it_ends_when_either_end_hangs_up(ledger: Path, tmp_path: Path, who: str) -> None:
    with running(ledger, tmp_path, StandInDesk(ledger)) as at:
        if who == "broker":
            # As the broker does, whose end it is: the two ends of a pair are the same to it.
            at.way.shutdown(socket.SHUT_RDWR)
        else:
            at.client.close()
        assert at.process.wait(PATIENCE) == 0


def test_it_ends_when_nobody_asks(ledger: Path, tmp_path: Path) -> None:
    with running(ledger, tmp_path, StandInDesk(ledger), idle=1) as at:
        assert at.process.wait(PATIENCE) == 0


def test_a_device_in_the_place_of_a_tile_is_no_ledger(ledger: Path, tmp_path: Path) -> None:
    tile = next((ledger / "tile/entries").rglob("*.p"))
    for file in tile.iterdir():
        file.unlink()
        file.symlink_to("/dev/zero")
    with running(ledger, tmp_path, StandInDesk(ledger)) as at, pytest.raises(CallError) as caught:
        at.client.call(f"{api.NAME}.Sessions", api.AskSessions(), gives=api.Sessions)
    assert caught.value.error == api.error_name("NoLedger")
