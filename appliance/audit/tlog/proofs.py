"""Proofs from a ledger's tiles, and the file format that proves a single entry.

A tlog-proof (C2SP tlog-proof) holds an entry, the hashes that lead from it to the root, and the
signed checkpoint with that root::

    c2sp.org/tlog-proof@v1
    extra base64(<the entry>)
    index <decimal>
    base64(<hash>)          the sibling of the leaf first, the child of the root last
    <blank line>
    <checkpoint>
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from appliance.audit.tlog.checkpoint import Checkpoint
from appliance.audit.tlog.merkle import (
    EMPTY_ROOT,
    hash_leaf,
    hash_node,
    inclusion_holds,
    perfect_root,
)
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.signed_note import Note, b64
from appliance.audit.tlog.tiles import WIDTH, Tile
from appliance.errors import LedgerError

_MAGIC = "c2sp.org/tlog-proof@v1"

MOST_IN_QR = 2953
"""Bytes in a QR code of version 40 at the lowest error correction (ISO/IEC 18004, table 7)."""


class Tree:
    """The tree over the first ``size`` entries of the ledger in ``reader``.

    ``stored`` is the size of the checkpoint on disk, which determines the widths of the partial
    tiles. Every method raises ``LedgerError`` if a tile that it needs was pruned or is damaged.
    """

    def __init__(self, reader: LedgerReader, stored: int, size: int | None = None) -> None:
        self._stored = stored
        self._size = stored if size is None else size
        # A proof of the next entry needs nearly the same tiles.
        self._hashes = lru_cache(maxsize=1024)(reader.hashes)

    def root(self) -> bytes:
        """Merkle tree hash (RFC 6962, section 2.1)."""
        return self._span(0, self._size) if self._size else EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """The audit path of the entry ``index`` (RFC 6962, section 2.1.1)."""
        path = []
        low, high = 0, self._size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._span(middle, high))
                high = middle
            else:
                path.append(self._span(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """The proof that this tree grew from its first ``old`` entries (RFC 6962, 2.1.2)."""
        if old in (0, self._size):
            return []
        path = []
        low, high = 0, self._size
        while high != old:
            middle = low + _split(high - low)
            if old <= middle:
                path.append(self._span(middle, high))
                high = middle
            else:
                path.append(self._span(low, middle))
                low = middle
        # If the old tree is one subtree, the verifier knows its root already.
        if low:
            path.append(self._span(low, high))
        return path[::-1]

    def _span(self, low: int, high: int) -> bytes:
        """Root over the entries ``low`` to ``high``, a subtree of this tree."""
        count = high - low
        if count & (count - 1):
            middle = low + _split(count)
            return hash_node(self._span(low, middle), self._span(middle, high))
        level, rest = divmod(count.bit_length() - 1, 8)
        index, offset = divmod(low >> 8 * level, WIDTH)
        width = min(WIDTH, (self._stored >> 8 * level) - index * WIDTH)
        return perfect_root(self._hashes(Tile(level, index, width))[offset : offset + (1 << rest)])


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Proves that ``entry`` is at ``index`` of the log whose signed head is ``checkpoint``."""

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """The bytes of a ``.tlog-proof`` file."""
        hashes = "".join(f"{b64(value)}\n" for value in self.path)
        head = f"{_MAGIC}\nextra {b64(self.entry)}\nindex {self.index}\n{hashes}\n"
        return head.encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The proof in the bytes of a ``.tlog-proof`` file as ``encode`` writes it; unchecked.

        Raises ``LedgerError``.
        """
        head, blank, checkpoint = data.partition(b"\n\n")
        lines = head.decode("ascii", "replace").split("\n")
        try:
            _, extra, index, *hashes = lines
            path = tuple(base64.b64decode(line, validate=True) for line in hashes)
            entry = base64.b64decode(extra.removeprefix("extra "), validate=True)
            found = cls(entry, int(index.removeprefix("index ")), path, checkpoint)
        except ValueError:
            found = None
        if not blank or found is None or found.encode() != data:
            raise LedgerError(
                "A proof of the ledger cannot be read.", "Use the same version of both programs."
            )
        return found


class EntryProver:
    """Proves entries against one checkpoint, ``note``, of the ledger in ``reader``."""

    def __init__(self, reader: LedgerReader, note: bytes) -> None:
        self._note = note
        self._head = Checkpoint.parse(Note.parse(note).text)
        self._tree = Tree(reader, self._head.size)

    def prove(self, index: int, entry: bytes) -> TlogProof:
        """The proof of the ``entry`` at ``index``.

        Raises ``LedgerError`` if a tile that it needs is missing or damaged.
        """
        head = self._head
        path = self._tree.inclusion(index)
        # A damaged tile would give a proof that fails, as if the log had been forged.
        if not inclusion_holds(hash_leaf(entry), index, head.size, path, head.root):
            raise LedgerError(
                f"The ledger is damaged: entry {index} cannot be proved.",
                "Run `appliance audit verify`, keep the damaged copy, and restore the last good "
                "one.",
            )
        return TlogProof(entry, index, tuple(path), self._note)


def _split(count: int) -> int:
    """The largest power of two below ``count``, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1
