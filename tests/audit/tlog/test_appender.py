from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.audit.entries import canonical
from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import LedgerKeys, keys_folder_for
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from appliance.audit.tlog.immutable import set_immutable
from appliance.audit.tlog.merkle import hash_leaf
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.signed_note import Signer
from appliance.audit.tlog.tiles import Tile, edge_tiles
from appliance.audit.verification.verify import verify_ledger
from appliance.errors import LedgerError
from tests.audit.synthetic import job_event, with_role
from tests.audit.tlog.test_merkle import root_of


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def expected_names(size: int) -> set[str]:
    tiles = [Tile(level, n) for level in (0, 1) for n in range(size >> 8 * (level + 1))]
    tiles += edge_tiles(size)
    entries = {tile.entries_path for tile in tiles if tile.level == 0}
    return {"checkpoint", "lock", "log.vkey"} | entries | {tile.path for tile in tiles}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(0, 600), max_size=4), reopen=st.booleans())
def test_it_holds_what_was_appended_and_nothing_else(
    steps: list[int], reopen: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ledgers") / "ledger"
    signer, anchor = Signer.generate("test.example/log"), FileAnchor(folder.with_name("anchor"))
    create_ledger(folder, signer, anchor)
    ledger = Ledger(folder, signer, anchor)
    entries: list[bytes] = []
    for step in steps:
        if reopen:
            ledger = Ledger(folder, signer, anchor)
        new = [b"%d" % n for n in range(len(entries), len(entries) + step)]
        with ledger.locked():
            assert ledger.append(new) == (len(entries), list(map(hash_leaf, new)))
            entries += new
            assert ledger.size == len(entries)
            assert ledger.last() == (entries[-1] if entries else None)
            head = LedgerReader(folder).checkpoint(signer.verifier)
        assert head.root == root_of(list(map(hash_leaf, entries)))
        assert names(folder) == expected_names(len(entries))
    reader = LedgerReader(folder)
    found = [
        entry
        for index in range(0, len(entries), 256)
        for entry in reader.entries(Tile(0, index // 256, min(256, len(entries) - index)))
    ]
    assert found == entries


def test_an_existing_ledger_is_not_overwritten(
    ledger: Ledger, keys: LedgerKeys, anchor: FileAnchor
) -> None:
    before = ledger.reader.read("checkpoint")
    with pytest.raises(LedgerError, match="not empty"):
        create_ledger(ledger.reader.folder, Signer.generate("other.example/log"), anchor)
    with pytest.raises(LedgerError, match="signing key already"):
        LedgerKeys.create(keys_folder_for(ledger.reader.folder), "other.example/log")
    assert ledger.reader.read("checkpoint") == before
    assert (
        LedgerKeys.load(keys_folder_for(ledger.reader.folder)).signer.verifier
        == keys.signer.verifier
    )


def test_another_key_does_not_append(ledger: Ledger, anchor: FileAnchor) -> None:
    other = Ledger(ledger.reader.folder, Signer.generate("test.example/log"), anchor)
    with pytest.raises(LedgerError, match="not the one of this ledger"), other.locked():
        pass


def test_keys_that_others_may_read_are_not_used(
    folder: Path, keys: LedgerKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = keys_folder_for(folder) / "log.skey"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    with pytest.raises(LedgerError, match="may be read by other users"):
        LedgerKeys.load(keys_folder_for(folder))
    file.chmod(0o600)
    assert LedgerKeys.load(keys_folder_for(folder)).pseudonym == keys.pseudonym
    # Of a credential the group's bits are those of an access control list, the others' are not.
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(keys_folder_for(folder)))
    file.chmod(0o440)
    assert LedgerKeys.load(keys_folder_for(folder)).pseudonym == keys.pseudonym
    file.chmod(0o444)
    with pytest.raises(LedgerError, match="may be read by other users"):
        LedgerKeys.load(keys_folder_for(folder))


@pytest.mark.parametrize("size", [1, 255, 256, 300, 512])
def test_what_a_crash_left_beyond_the_checkpoint_is_removed(
    size: int, ledger: Ledger, keys: LedgerKeys, anchor: FileAnchor
) -> None:
    folder = ledger.reader.folder
    with ledger.locked():
        ledger.append([b"x"] * size)
        signed, remembered = ledger.note, anchor.load()
        ledger.append([b"y"] * 700)
    # As if the process had died before it renamed the checkpoint; the partial tiles of the
    # checkpoint are only removed afterwards.
    lost = names(folder)
    with_partial = Ledger(folder.with_name("same"), keys.signer, FileAnchor(folder / "../other"))
    create_ledger(with_partial.reader.folder, keys.signer, FileAnchor(folder / "../other"))
    with with_partial.locked():
        with_partial.append([b"x"] * size)
    for tile in edge_tiles(size):
        kinds = (tile.path, tile.entries_path) if tile.level == 0 else (tile.path,)
        for name in kinds:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(with_partial.reader.read(name))
    pending = folder / f"{Tile(0, size // 256, 77).path}.new"
    pending.parent.mkdir(exist_ok=True)
    pending.write_bytes(b"half")
    (folder / "tile/entries/002.new").write_bytes(b"half")
    (folder / "checkpoint").write_bytes(signed)
    assert remembered is not None
    anchor.save(remembered)
    again = Ledger(folder, keys.signer, anchor)
    with again.locked():
        assert again.size == size
        assert names(folder) == expected_names(size) < lost | expected_names(size)
        again.append([b"z"])
        assert again.size == size + 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (Tile(0, 1, 44).path, "lacks its file"),
        (Tile(0, 1, 44).entries_path, "lacks its file"),
        ("checkpoint", "lacks its file"),
        ("log.vkey", "lacks its file"),
        ("lock", "no ledger here"),
    ],
)
def test_a_ledger_that_lacks_a_file_is_not_appended_to(
    name: str, message: str, ledger: Ledger, keys: LedgerKeys, anchor: FileAnchor
) -> None:
    with ledger.locked():
        ledger.append([b"x"] * 300)
    (ledger.reader.folder / name).unlink()
    again = Ledger(ledger.reader.folder, keys.signer, anchor)
    with pytest.raises(LedgerError, match=message), again.locked():
        pass


def test_a_ledger_whose_newest_entries_were_not_signed_is_not_appended_to(
    ledger: Ledger, keys: LedgerKeys, anchor: FileAnchor
) -> None:
    with ledger.locked():
        ledger.append([b"x"] * 3)
    path = ledger.reader.folder / Tile(0, 0, 3).entries_path
    path.write_bytes(path.read_bytes().replace(b"x", b"y", 1))
    again = Ledger(ledger.reader.folder, keys.signer, anchor)
    with pytest.raises(LedgerError, match="not those that were signed"), again.locked():
        pass


def test_full_tiles_are_made_immutable_where_that_is_allowed(
    ledger: Ledger, keys: LedgerKeys, anchor: FileAnchor
) -> None:
    folder = ledger.reader.folder
    probe = folder / "probe"
    probe.touch()
    allowed = set_immutable(probe, wanted=True)
    assert set_immutable(probe, wanted=False) or not allowed
    probe.unlink()
    firm = Ledger(folder, keys.signer, anchor, immutable=True)
    with firm.locked():
        firm.append([b"x"] * 300)
        firm.append([b"y"] * 300)
    full = [Tile(0, n) for n in range(2)]
    paths = [folder / name for tile in full for name in (tile.path, tile.entries_path)]
    if allowed:
        for path in paths:
            with pytest.raises(PermissionError):
                path.unlink()
    assert expected_names(600) == names(folder)
    for path in paths:
        assert set_immutable(path, wanted=False)
        path.unlink()


def test_several_processes_write_one_ledger(folder: Path, recorder: Recorder) -> None:
    recorder.record(with_role(job_event(0)))
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.audit.writer", folder, str(first), str(first + 99)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (1000, 2000, 3000)
    ]
    acknowledged: dict[int, int] = {}
    for writer in writers:
        out, _ = writer.communicate()
        assert writer.returncode == 0
        acknowledged |= {int(index): int(n) for n, index in map(str.split, out.splitlines())}
    assert sorted(acknowledged) == list(range(2, 302))
    result = verify_ledger(folder)
    assert (result.size, result.findings) == (302, ())
    reader = LedgerReader(folder)
    entries = reader.entries(Tile(0, 0)) + reader.entries(Tile(0, 1, 46))
    for index, number in acknowledged.items():
        assert canonical.decode(entries[index]).event == job_event(number)
    # The one that was here first has seen none of that and writes on all the same.
    assert recorder.record(with_role(job_event(1)))[0].index == 302
