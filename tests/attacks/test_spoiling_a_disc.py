"""Somebody has the burner, a connection or the outbox, and wants something else on a disc.

The control is the same call with the real burner: its disc is whole, and in the ledger.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.audit.entries import events
from appliance.protocols import burner_api
from appliance.release.record import ReleaseRecord
from appliance.releaser.staging import STAGE
from appliance.wire.message import CallError
from appliance.wire.service import Answer, Request, Service
from tests.releaser.burning import burn, copied, lying, opened, real, reason
from tests.releaser.process import OTHER_SESSION, Site
from tests.session.conftest import Daemon

HASH = "d" * 64


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """With one copy in its session."""
    daemon = Daemon(tmp_path)
    daemon.start()
    made = Site(tmp_path, daemon)
    opened(made)
    copied(made)
    yield made
    made.end()
    daemon.kill()


def saying(last: burner_api.Burning) -> Service:
    """A burner that writes nothing, and says this."""
    return lying(lambda _: Answer(last))


def burned(site: Site) -> list[events.ReleaseBurned]:
    return [event for event in site.events() if isinstance(event, events.ReleaseBurned)]


def test_a_burner_that_says_what_cannot_be_is_not_believed(site: Site, tmp_path: Path) -> None:
    answers = (
        burner_api.Burning(1.0),
        burner_api.Burning(1.0, HASH),
        burner_api.Burning(1.0, HASH, 2048),  # less than the copy
        burner_api.Burning(1.0, HASH, (1 << 30) + 1),  # no whole sectors
    )
    for last in answers:
        with pytest.raises(CallError, match="NotBurned") as refused:
            burn(site, saying(last))
        assert reason(refused.value) == "spoiled"
    assert burned(site) == []
    burn(site, real(tmp_path, tmp_path / "control.iso"))
    assert len(burned(site)) == 1


def test_a_burner_that_is_gone_in_the_middle_leaves_nothing_staged(
    site: Site, tmp_path: Path
) -> None:
    before, seen = site.left(), []
    connections: list[socket.socket] = []

    def hang_up(request: Request[burner_api.Burn]) -> Answer:
        seen.append(site.left())
        request.progress(burner_api.Burning(0.3))
        connections[0].shutdown(socket.SHUT_RDWR)
        return Answer(burner_api.Burning(1.0, HASH, 1 << 30))

    with pytest.raises(CallError, match="NotBurned") as refused:
        burn(site, lying(hang_up), kept=connections)
    assert reason(refused.value) == "spoiled"
    assert f"{STAGE}/manifest.json" in seen[0]
    assert site.left() == before
    assert burned(site) == []
    burn(site, real(tmp_path, tmp_path / "control.iso"))


def test_a_burner_can_change_nothing_by_the_folder_that_it_gets(site: Site) -> None:
    """By another user: the tests are one user, so what counts is what the modes say."""
    found: list[tuple[str, int]] = []

    def look(_: Request[burner_api.Burn]) -> Answer:
        folder = site.outbox / STAGE
        found.extend((path.name, path.stat().st_mode & 0o777) for path in folder.rglob("*"))
        found.append(("outbox", site.outbox.stat().st_mode & 0o777))
        return Answer(burner_api.Burning(1.0, HASH, 1 << 30))

    burn(site, lying(look))
    modes = dict(found)
    assert modes.pop("outbox") == 0o700
    assert {*modes.values()} == {0o644, 0o755}


def test_a_copy_that_was_changed_is_not_burned(site: Site, tmp_path: Path) -> None:
    (copy,) = site.outbox.glob("*.copy")
    sound = copy.read_bytes()
    changed = bytearray(sound)
    changed[-3] ^= 1
    copy.write_bytes(changed)
    disc = tmp_path / "disc.iso"
    with pytest.raises(CallError, match="Failed"):
        burn(site, real(tmp_path, disc))
    assert not disc.exists()
    copy.write_bytes(sound)
    burn(site, real(tmp_path, disc))


def test_a_copy_that_the_ledger_has_otherwise_is_not_burned(site: Site, tmp_path: Path) -> None:
    (path,) = site.outbox.glob("*.record")
    sound = path.read_bytes()
    record = msgspec.json.decode(sound, type=ReleaseRecord)
    disc = tmp_path / "disc.iso"
    for changed in ({"result": "e" * 64}, {"number": record.number + 1}):
        path.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, **changed)))
        with pytest.raises(CallError, match="Failed") as refused:
            burn(site, real(tmp_path, disc))
        assert "does not have what is to be burned" in reason(refused.value)
        assert not disc.exists()
    path.write_bytes(sound)
    burn(site, real(tmp_path, disc))


def test_another_session_s_ledger_proves_nothing(site: Site, tmp_path: Path) -> None:
    opened(site, OTHER_SESSION)
    with pytest.raises(CallError, match="Failed"):
        burn(site, real(tmp_path, tmp_path / "disc.iso"), ledger=site.ledger(OTHER_SESSION))
    with pytest.raises(CallError, match="NoCopies"):
        burn(site, real(tmp_path, tmp_path / "disc.iso"), OTHER_SESSION)
    assert burned(site) == []
    burn(site, real(tmp_path, tmp_path / "disc.iso"))


def test_what_lay_in_the_folder_before_is_not_on_the_disc(site: Site, tmp_path: Path) -> None:
    stage = site.outbox / STAGE
    (stage / "results" / "smuggled.jpg").write_bytes(b"smuggled")
    (stage / "link").symlink_to("/etc/passwd")
    disc = tmp_path / "disc.iso"
    last = burn(site, real(tmp_path, disc))[-1]
    data = disc.read_bytes()
    assert last.sha256 == hashlib.sha256(data).hexdigest()
    assert b"smuggled" not in data


def test_a_burner_that_writes_something_else_is_found_out_by_the_list(
    site: Site, tmp_path: Path
) -> None:
    """The releaser cannot see the disc: its receiver does, by the signed list on it."""
    disc = tmp_path / "disc.iso"

    def write_other(_: Request[burner_api.Burn]) -> Answer:
        folder = site.outbox / STAGE
        shutil.copytree(folder, tmp_path / "seen")
        disc.write_bytes(os.urandom(2048))
        return Answer(burner_api.Burning(1.0, HASH, 1 << 30))

    burn(site, lying(write_other))
    # It is believed in what it says of the medium; docs/limitations.md says so.
    assert [one.disc for one in burned(site)] == [HASH]
    assert (tmp_path / "seen/manifest.sig").exists()
