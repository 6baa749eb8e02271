"""Two people, two tokens: what one made leaves the session as a copy that the other approved."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from appliance.protocols import broker_api
from appliance.protocols import worker_api as worker
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError
from tests.lab.guest.visitor import (
    HANDLES,
    PIN,
    Broker,
    Token,
    all_events,
    connection,
    ledger_kinds,
    nothing_is_left,
    register,
    shell,
    take_in,
    verify_the_ledger,
)

PHOTO = Path(__file__).parent / "portraits/person_a_1.jpg"
TOKENS, ROLES = Path("/etc/appliance/tokens"), Path("/etc/appliance/roles")
KEYS = Path("/var/lib/appliance-release-keys")
OUTBOX = Path("/run/appliance/workspace/w0/outbox")
COMMAND = "python3 -m appliance.cli.main"


@pytest.fixture
def second(token: Token) -> Iterator[Token]:
    """A token of ruth's, who may approve; it is pulled, and so is not in anybody's way."""
    shell("id ruth || useradd --no-create-home --shell /usr/sbin/nologin ruth")
    token.pull()
    other = Token("ruth")
    other.plug_in()
    other.finger(on=True)
    before = TOKENS.read_text()
    TOKENS.write_text(f"{before}{register('ruth')}\n")
    other.pull()
    token.plug_in()
    ROLES.write_text("anna:clinician\nruth:approver\n")
    ROLES.chmod(0o640)
    shutil.chown(ROLES, group="appliance-broker")
    yield other
    other.pull()
    TOKENS.write_text(before)
    ROLES.unlink()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Path]:
    """Keys of a site, sealed to this machine as its administrator does it."""
    made = tmp_path / "keys"
    shell(f'{COMMAND} release keys {made} --organisation "A hospital"')
    for name in ("release.pem", "release.key", "watermark.key", "anchor.pem"):
        shell(f"systemd-creds encrypt --name={name} {made / name} {KEYS / name}")
    shell("systemctl start appliance-releaser@w0.socket")
    yield made
    shell(f"systemctl stop appliance-releaser@w0.socket; rm {KEYS}/*")


def _photo_of_a_session(broker: Broker, folder: Path) -> tuple[str, int]:
    """A session with a result, and its number."""
    large = folder / "large.png"  # the portrait has no room for a watermark
    with Image.open(PHOTO) as small:
        small.resize((2 * small.width, 2 * small.height)).save(large)
    session, descriptor = broker.open()
    client = Client(Connection(connection(descriptor)))
    photo = take_in(client, large)
    wanted = worker.Swap([photo], photo, {"nose": 1.0})
    *_, (done, _) = client.follow(f"{worker.NAME}.Swap", wanted, gives=worker.Progress)
    client.close()
    assert done.result is not None
    return session, done.result


def _request(broker: Broker, session: str, item: int) -> broker_api.ReleaseStands:
    wanted = broker_api.RequestRelease(HANDLES[session], item)
    return broker.ask("RequestRelease", wanted, broker_api.ReleaseStands)[0]


def test_without_keys_nothing_is_approved(broker: Broker, second: Token, tmp_path: Path) -> None:
    session, item = _photo_of_a_session(broker, tmp_path)
    asked = _request(broker, session, item)
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
    session, item = _photo_of_a_session(broker, tmp_path)
    assert list(OUTBOX.iterdir()) == []
    asked = _request(broker, session, item)
    second.plug_in()
    released, _ = broker.ask(
        "ApproveRelease",
        broker_api.ApproveRelease(asked.release, "ruth", PIN, asked.sha256),
        broker_api.Released,
    )
    names = sorted(path.name for path in OUTBOX.iterdir())
    stem = f"{session}.{released.number}"
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
    assert str(released.number) in said
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
