"""Two people, two tokens: what one made leaves the session as a copy that the other approved."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from appliance.protocols import broker_api
from appliance.wire.client import Client
from appliance.wire.message import CallError
from tests.lab.guest.releasing import COMMAND, approve, photo_of_a_session, request
from tests.lab.guest.visitor import (
    PIN,
    Broker,
    Token,
    all_events,
    ledger_kinds,
    nothing_is_left,
    shell,
    verify_the_ledger,
)

OUTBOX = Path("/run/appliance/workspace/w0/outbox")


def test_without_keys_nothing_is_approved(broker: Broker, second: Token, tmp_path: Path) -> None:
    session, item = photo_of_a_session(broker, tmp_path)
    asked = request(broker, session, item)
    second.plug_in()
    with pytest.raises(CallError, match="NoReleaser"):
        broker.ask(
            "ApproveRelease",
            broker_api.ApproveRelease(asked.release, "ruth", PIN, asked.sha256),
            broker_api.Released,
        )
    assert "release-approved" not in ledger_kinds(session)
    second.pull()
    assert broker.close(session).clean


def test_a_second_person_releases_a_copy_that_ends_with_the_session(
    broker: Broker, second: Token, keys: Path, tmp_path: Path
) -> None:
    session, item = photo_of_a_session(broker, tmp_path)
    assert list(OUTBOX.iterdir()) == []
    asked = request(broker, session, item)
    second.plug_in()
    number = approve(broker, asked)
    names = sorted(path.name for path in OUTBOX.iterdir() if path.is_file())
    stem = f"{session}.{number}"
    assert names == [f"{stem}.copy", f"{stem}.record"]
    assert shell(f"stat -c %U:%a {OUTBOX}") == "appliance-release:700"
    # Not even the session's own worker sees it; the control: root does.
    own = "setpriv --reuid appliance-w0 --regid appliance-w0 --clear-groups"
    for attempt in (f"ls {OUTBOX}", f"mv {OUTBOX} {OUTBOX}2", f"rmdir {OUTBOX}"):
        assert shell(f"{own} {attempt} >/dev/null 2>&1; echo $?", check=False) != "0", attempt
    copy = tmp_path / "copy.jpg"
    shutil.copy(OUTBOX / names[0], copy)
    said = shell(f"{COMMAND} release inspect {copy} --anchor {keys}/anchor.pem --json")
    assert '"state": "trusted"' in said or '"state":"trusted"' in said
    assert str(number) in said
    kinds = [event["kind"] for event in all_events()]
    expected = ["release-requested", "release-approved", "handed-over", "release-signed"]
    at = [kinds.index(kind) for kind in (*expected, "release-taken")]
    assert at == sorted(at)
    second.pull()
    erasure = broker.close(session)
    assert erasure.clean
    assert erasure.after == 0
    assert shell("systemctl is-active appliance-releaser@w0.service", check=False) == "inactive"
    nothing_is_left()
    verify_the_ledger()


def test_the_wipe_waits_for_no_releaser(broker: Broker, keys: Path) -> None:
    session, worker_end = broker.open()
    os.close(worker_end)
    # Somebody keeps a releaser busy: a connection of which nothing comes.
    held = Client.to(Path("/run/appliance/releaser/w0.sock"))
    shell("until systemctl is-active appliance-releaser@w0.service; do sleep 0.2; done")
    assert broker.close(session).clean
    held.close()
    assert keys.exists()
    nothing_is_left()
