"""Appends entries to the log on disk and signs a durable checkpoint over them.

Entries and tiles are written first and made durable, then the checkpoint that covers them: an
append is complete once the checkpoint is. What a crash leaves beyond the checkpoint was never
acknowledged and is removed when the ledger is opened next.

::

    lock            flock(2) of the appending process; the kernel releases it when that ends
    checkpoint      the signed head
    log.vkey        the public key
    minimum-index   first entry that is kept, once something was pruned
    tile/…          see tiles.py
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.audit.tlog.anchor import MISMATCH_MESSAGES, FileAnchor, anchor_mismatch
from appliance.audit.tlog.checkpoint import Checkpoint
from appliance.audit.tlog.crash_recovery import remove_unacknowledged
from appliance.audit.tlog.immutable import set_immutable
from appliance.audit.tlog.merkle import EMPTY_ROOT, hash_leaf
from appliance.audit.tlog.reader import CHECKPOINT, VKEY, LedgerReader
from appliance.audit.tlog.signed_note import Signer
from appliance.audit.tlog.tiles import (
    MAX_ENTRY,
    WIDTH,
    Frontier,
    Tile,
    edge_tiles,
    join_entries,
)
from appliance.errors import LedgerError, LedgerFullError
from appliance.files.atomic import PENDING, publish, sync_folder

LOCK = "lock"

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


@dataclass(slots=True)
class _State:
    """What is kept in memory of the log whose signed checkpoint is ``note``."""

    note: bytes
    frontier: Frontier
    entries: list[bytes]  # of the partial bundle


def create_ledger(folder: Path, signer: Signer, anchor: FileAnchor) -> None:
    """Make a ledger in ``folder``, which is empty or does not exist. Raises ``LedgerError``."""
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        # An interrupted creation leaves these files only.
        started = {LOCK, VKEY, VKEY + PENDING, LOCK + PENDING, CHECKPOINT + PENDING}
        if any(path.name not in started for path in folder.iterdir()):
            raise LedgerError(
                "The folder for the new ledger is not empty.",
                "Name a folder that does not exist yet; an existing ledger is never overwritten.",
            )
        head = Checkpoint(signer.name, 0, EMPTY_ROOT)
        note = head.sign(signer)
        # The checkpoint comes last: a folder that has one is a whole ledger.
        publish(folder, {LOCK: b"", VKEY: f"{signer.verifier.vkey}\n".encode()})
        anchor.save(note)
        publish(folder, {CHECKPOINT: note})
        sync_folder(folder.parent)
    except OSError as error:
        raise as_ledger_error(error) from error


class Ledger:
    """The ledger in ``folder``, signed with ``signer``, its checkpoints copied to ``anchor``.

    Several processes may append to one ledger; each uses it ``with ledger.locked()``. An object
    must not be shared between threads.
    """

    def __init__(
        self, folder: Path, signer: Signer, anchor: FileAnchor, *, immutable: bool = False
    ) -> None:
        """Reads nothing until the ledger is locked.

        ``immutable``: set that flag on full tiles where file system and privileges allow it.
        """
        self.reader = LedgerReader(folder)
        self._anchor = anchor
        self._immutable = immutable
        self._signer = signer
        self._state: _State | None = None

    @property
    def size(self) -> int:
        """Number of entries; with the lock held."""
        return self._loaded.frontier.range.size

    @property
    def root(self) -> bytes:
        """Hash over all entries; with the lock held."""
        return self._loaded.frontier.range.root()

    @property
    def note(self) -> bytes:
        """The signed checkpoint; with the lock held."""
        return self._loaded.note

    def last(self) -> bytes | None:
        """The newest entry; with the lock held. Raises ``LedgerError``."""
        if self._loaded.entries:
            return self._loaded.entries[-1]
        if not self.size:
            return None
        return self.reader.entries(Tile(0, self.size // WIDTH - 1))[-1]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the ledger against other processes and load its newest state.

        Raises ``LedgerError`` if it is missing, damaged or cannot be written.
        """
        try:
            descriptor = os.open(
                self.reader.folder / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
            )
        except FileNotFoundError as error:
            raise LedgerError(
                "There is no ledger here.", "Make one with `appliance audit init`."
            ) from error
        except OSError as error:
            raise as_ledger_error(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._refresh()
            yield
        finally:
            os.close(descriptor)

    def append(self, entries: Sequence[bytes]) -> tuple[int, list[bytes]]:
        """Append ``entries``; returns the index of the first and all leaf hashes.

        They are durable when it returns. Call it with the lock held. Raises ``LedgerError``; then
        no entry counts as appended, although all are in the log if only the last step failed.
        """
        if not all(0 < len(entry) <= MAX_ENTRY for entry in entries):
            raise LedgerError(
                "An entry of the ledger has 1 to 65535 bytes.", "Split it into several events."
            )
        before = self._loaded
        # Unset until the append succeeds, so that after a failure the state is read from disk.
        self._state = None
        frontier, bundle = before.frontier.copy(), list(before.entries)
        leaves = [hash_leaf(entry) for entry in entries]
        files: dict[str, bytes] = {}
        for entry, leaf in zip(entries, leaves, strict=True):
            bundle.append(entry)
            for tile, data in frontier.append(leaf):
                if tile.level == 0:
                    files[tile.entries_path] = join_entries(bundle)
                    bundle.clear()
                files[tile.path] = data
        partial = dict(_partial_files(frontier, bundle))
        obsolete = dict(_partial_files(before.frontier, before.entries)).keys() - partial.keys()
        unchanged = _edge_paths(before.frontier.range.size)
        files |= {name: data for name, data in partial.items() if name not in unchanged}
        first = before.frontier.range.size
        head = Checkpoint(self._signer.name, frontier.range.size, frontier.range.root())
        note = head.sign(self._signer)
        try:
            publish(self.reader.folder, files)
            publish(self.reader.folder, {CHECKPOINT: note})
            self._anchor.save(note)
        except OSError as error:
            raise as_ledger_error(error) from error
        if self._immutable:
            for name in files.keys() - partial.keys():
                set_immutable(self.reader.folder / name, wanted=True)
        for name in obsolete:
            with suppress(OSError):
                _remove(self.reader.folder / name)
        self._state = _State(note, frontier, bundle)
        return first, leaves

    @property
    def _loaded(self) -> _State:
        if self._state is None:
            raise LedgerError(
                "The ledger was used without its lock, or after a failure.", "Lock it again."
            )
        return self._state

    def _refresh(self) -> None:
        note = self.reader.read(CHECKPOINT)
        if self._state is None or self._state.note != note:
            self._state = self._load(note)

    def _load(self, note: bytes) -> _State:
        verifier = self.reader.verifier()
        if verifier != self._signer.verifier:
            raise LedgerError(
                "The signing key is not the one of this ledger.",
                "Name the ledger's own key with --keys.",
            )
        head = self.reader.checkpoint(verifier)
        edges: list[list[bytes]] = [[] for _ in range((head.size.bit_length() + 7) // 8)]
        entries: list[bytes] = []
        for tile in edge_tiles(head.size):
            edges[tile.level] = self.reader.hashes(tile)
            if tile.level == 0:
                entries = self.reader.entries(tile)
        frontier = Frontier.restore(head.size, edges)
        sound = not edges or list(map(hash_leaf, entries)) == edges[0]
        if not sound or frontier.range.root() != head.root:
            raise LedgerError(
                "The ledger is damaged: its newest entries are not those that were signed.",
                "Run `appliance audit verify`, keep the damaged copy, and restore the last good "
                "one.",
            )
        found = anchor_mismatch(self._anchor.load(), verifier, self.reader, head)
        if found is not None:
            raise LedgerError(
                MISMATCH_MESSAGES[found],
                "Keep this copy as evidence and run `appliance audit verify`. Nothing can be "
                "logged or done until the ledger and its outside checkpoint agree.",
            )
        try:
            remove_unacknowledged(self.reader.folder, head.size)
        except OSError as error:
            raise as_ledger_error(error) from error
        return _State(note, frontier, entries)


def as_ledger_error(error: OSError) -> LedgerError:
    """The ``LedgerError`` that tells the user what to do about ``error``."""
    if error.errno in _FULL:
        return LedgerFullError(
            "The disk of the ledger is full: nothing more can be logged, so all work stops.",
            "Free space on it, or prune entries beyond the retention with `appliance audit prune`.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return LedgerError(
            "The ledger may not be written by this user.",
            "Run the command as the owner of the ledger.",
        )
    name = errno.errorcode.get(error.errno or 0, "unknown error")
    return LedgerError(f"The ledger cannot be written ({name}).", "Check the disk it is on.")


def _partial_files(frontier: Frontier, bundle: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    for tile, data in frontier.partial():
        if tile.level == 0:
            yield tile.entries_path, join_entries(bundle)
        yield tile.path, data


def _edge_paths(size: int) -> frozenset[str]:
    return frozenset(tile.path for tile in edge_tiles(size))


def _remove(path: Path) -> None:
    """Remove a partial tile, and its folder if that is empty then."""
    path.unlink()
    with suppress(OSError):
        path.parent.rmdir()
