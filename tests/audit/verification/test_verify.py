"""What was done to a ledger is found and named."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.audit.entries import canonical
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import JobFinished
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.signed_note import Signer
from appliance.audit.tlog.tiles import Tile, join_entries
from appliance.audit.verification.verify import Finding, verify_ledger
from appliance.errors import LedgerError
from tests.audit.large import SIZE, LargeLog, large_entry
from tests.audit.synthetic import job_event

Attack = Callable[[Path], None]


@pytest.fixture
def copy(large_log: LargeLog, tmp_path: Path) -> Path:
    """A copy of the large log, with its keys next to it."""
    folder = tmp_path / "ledger"
    shutil.copytree(large_log.folder, folder)
    shutil.copytree(keys_folder_for(large_log.folder), keys_folder_for(folder))
    return folder


def found(folder: Path) -> set[tuple[str, str]]:
    anchor = FileAnchor(keys_folder_for(folder) / ANCHOR)
    return {(f.problem, f.where) for f in verify_ledger(folder, anchor=anchor).findings}


def flip(path: Path, at: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def change_entry(folder: Path) -> None:
    path = folder / Tile(0, 7).entries_path
    path.write_bytes(path.read_bytes().replace(b'"job":1800', b'"job":1900', 1))


def drop_entry(folder: Path) -> None:
    path = folder / Tile(0, 7).entries_path
    path.write_bytes(join_entries(LedgerReader(folder).entries(Tile(0, 7))[1:]))


def swap_entries(folder: Path) -> None:
    entries = LedgerReader(folder).entries(Tile(0, 7))
    entries[0], entries[1] = entries[1], entries[0]
    (folder / Tile(0, 7).entries_path).write_bytes(join_entries(entries))


def swap_tiles(folder: Path) -> None:
    one, two = folder / Tile(0, 7).path, folder / Tile(0, 8).path
    one.rename(folder / "kept")
    two.rename(one)
    (folder / "kept").rename(two)


def tear_tile(folder: Path) -> None:
    path = folder / Tile(0, 7).path
    path.write_bytes(path.read_bytes()[:4096])


def swap_keys(folder: Path) -> None:
    """Sign the log again with another key of the same name, key file and all."""
    signer = Signer.generate("test.example/large")
    head = LedgerReader(folder).checkpoint(LedgerReader(folder).verifier())
    (folder / "checkpoint").write_bytes(head.sign(signer))
    (folder / "log.vkey").write_text(f"{signer.verifier.vkey}\n")


@pytest.mark.parametrize(
    ("attack", "expected"),
    [
        (lambda _: None, set()),
        (change_entry, {("entry", "entry 1800")}),
        (drop_entry, {("bundle", "tile/entries/007")}),
        (
            swap_entries,
            {(kind, f"entry {n}") for kind in ("entry", "sequence") for n in (1792, 1793)}
            | {("clock-back", "entry 1793")},
        ),
        (
            swap_tiles,
            {("tile", "tile/1/000")} | {("entry", f"entry {n}") for n in range(1792, 2304)},
        ),
        (tear_tile, {("tile", "tile/0/007")}),
        (lambda folder: (folder / Tile(0, 7).path).unlink(), {("tile", "tile/0/007")}),
        (
            lambda folder: (folder / Tile(0, 7).entries_path).unlink(),
            {("bundle", "tile/entries/007")},
        ),
        (
            lambda folder: flip(folder / Tile(1, 0).path, 40),
            {("tile", "tile/1/000"), ("tile", "tile/2/000.p/1")},
        ),
        (
            lambda folder: flip(folder / Tile(2, 0, 1).path),
            {("tile", "tile/2/000.p/1"), ("root", "checkpoint")},
        ),
        (lambda folder: flip(folder / "checkpoint", -5), {("checkpoint", "checkpoint")}),
        (lambda folder: flip(folder / "log.vkey", -5), {("key", "log.vkey")}),
        (swap_keys, {("anchor", "checkpoint")}),
        (
            lambda folder: (folder / "minimum-index").write_text("512\n"),
            {("minimum", "minimum-index")},
        ),
        (
            lambda folder: (folder / "minimum-index").write_text("0512\n"),
            {("minimum", "minimum-index")},
        ),
        (lambda folder: flip(keys_folder_for(folder) / ANCHOR, 3), {("anchor", "checkpoint")}),
        (lambda folder: (keys_folder_for(folder) / ANCHOR).unlink(), {("anchor", "checkpoint")}),
    ],
)
def test_each_change_is_reported_with_its_place(
    attack: Attack, expected: set[tuple[str, str]], copy: Path
) -> None:
    attack(copy)
    assert found(copy) == expected


def test_every_flipped_bit_is_found(copy: Path, large_log: LargeLog) -> None:
    """A thousand of them, each alone, in any file."""
    dice = random.Random(20261124)  # noqa: S311 - the same thousand every time
    small = copy.with_name("small")
    entries = [large_entry(n) for n in range(600)]
    ledger = _log_of(entries, small, large_log.keys)
    files = sorted(path for path in small.rglob("*") if path.is_file() and path.stat().st_size)
    sizes = [path.stat().st_size for path in files]
    assert verify_ledger(small, anchor=ledger).findings == ()
    for _ in range(1000):
        path = dice.choices(files, sizes)[0]
        data = path.read_bytes()
        bit = dice.randrange(len(data) * 8)
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        assert verify_ledger(small, anchor=ledger).findings != (), (path.name, bit)
        path.write_bytes(data)
    assert verify_ledger(small, anchor=ledger).findings == ()


def test_every_flipped_bit_of_the_short_files_is_found(folder: Path, keys: LedgerKeys) -> None:
    anchor = _log_of([large_entry(n) for n in range(3)], folder.with_name("small"), keys)
    for name in ("checkpoint", "log.vkey"):
        path = folder.with_name("small") / name
        data = path.read_bytes()
        for bit in range(len(data) * 8):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(flipped)
            assert verify_ledger(folder.with_name("small"), anchor=anchor).findings != (), (
                name,
                bit,
            )
        path.write_bytes(data)
    assert verify_ledger(folder.with_name("small"), anchor=anchor).findings == ()


def test_a_log_that_is_rolled_back_is_truncated(large_log: LargeLog, copy: Path) -> None:
    """Set back to an older state of itself, signed and whole."""
    older = _log_of([large_entry(n) for n in range(4096)], copy.with_name("older"), large_log.keys)
    assert verify_ledger(copy.with_name("older"), anchor=older).findings == ()
    anchor = FileAnchor(keys_folder_for(copy) / ANCHOR)
    assert verify_ledger(copy.with_name("older"), anchor=anchor).findings == (
        Finding("truncated", "checkpoint"),
    )
    with pytest.raises(LedgerError, match="shorter than it was"):
        _open(copy.with_name("older"), large_log.keys, anchor)


def test_a_log_with_another_past_is_forked(large_log: LargeLog, copy: Path) -> None:
    """Longer than the outside checkpoint and signed with the right key, but does not extend it."""
    entries = [large_entry(n) for n in range(4096)]
    older = _log_of(entries, copy.with_name("older"), large_log.keys)
    entries[17] = large_entry(17).replace(b'"faces":1', b'"faces":2')
    fork = copy.with_name("fork")
    itself = _log_of([*entries, large_entry(4096)], fork, large_log.keys)
    assert verify_ledger(fork, anchor=itself).findings == ()
    assert verify_ledger(fork, anchor=older).findings == (Finding("forked", "checkpoint"),)
    with pytest.raises(LedgerError, match="an entry that it held earlier has been changed"):
        _open(fork, large_log.keys, older)


def test_a_clock_that_runs_backwards_without_an_event_is_reported(
    folder: Path, keys: LedgerKeys
) -> None:
    entries = [
        canonical.encode(Entry(at, "01234567", "test", job_event(n), n, n))
        for n, at in enumerate((50, 60, 55, 70))
    ]
    anchor = _log_of(entries, folder.with_name("clock"), keys)
    result = verify_ledger(folder.with_name("clock"), anchor=anchor)
    assert result.findings == (Finding("clock-back", "entry 2"),)


def test_a_trusted_key_takes_precedence_over_the_key_of_the_log(
    large_log: LargeLog, copy: Path
) -> None:
    verifier = large_log.keys.signer.verifier
    assert verify_ledger(copy, verifier).findings == ()
    swap_keys(copy)
    assert verify_ledger(copy).findings == ()  # whole, but whose?
    assert verify_ledger(copy, verifier).findings == (Finding("key", "log.vkey"),)


def test_the_report_states_size_root_and_period(large_log: LargeLog) -> None:
    result = verify_ledger(large_log.folder)
    assert (result.size, result.entries, result.minimum) == (SIZE, SIZE, 0)
    assert result.root == large_log.roots[SIZE].hex()
    assert result.until - result.since == SIZE - 1
    assert isinstance(canonical.decode(large_entry(5)).event, JobFinished)


def _log_of(entries: list[bytes], folder: Path, keys: LedgerKeys) -> FileAnchor:
    """Make a log of ``entries``, whatever they contain; returns its anchor."""
    anchor = FileAnchor(folder.with_name(f"{folder.name}-anchor"))
    create_ledger(folder, keys.signer, anchor)
    ledger = Ledger(folder, keys.signer, anchor)
    with ledger.locked():
        ledger.append(entries)
    return anchor


def _open(folder: Path, keys: LedgerKeys, anchor: FileAnchor) -> None:
    with Ledger(folder, keys.signer, anchor).locked():
        pass
