"""Merkle trees of RFC 6962, section 2.1, and the checks of RFC 9162, sections 2.1.3 and 2.1.4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def hash_leaf(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Root over ``hashes`` (32 bytes each), whose number is a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [
            sha256(b"\x01" + row[n] + row[n + 1]).digest()  # hash_node, without its call
            for n in range(0, len(row), 2)
        ]
    return row[0]


@dataclass(slots=True)
class CompactRange:
    """The roots of the perfect subtrees that make up a tree of ``size`` leaves, largest first.

    There is one for each set bit of ``size``. They suffice to append a leaf in constant time (two
    hashes on average) and to compute the root.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf's hash; returns the roots of the subtrees it completes, the leaf first."""
        completed = [leaf]
        size = self.size
        while size & 1:
            completed.append(hash_node(self.peaks.pop(), completed[-1]))
            size >>= 1
        self.peaks.append(completed[-1])
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Merkle tree hash of all leaves."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = hash_node(peak, root)
        return root

    def copy(self) -> CompactRange:
        """A copy that can grow independently."""
        return CompactRange(self.size, list(self.peaks))


def inclusion_holds(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``proof`` shows ``leaf`` at ``index`` of the tree (RFC 9162, section 2.1.3.2).

    ``leaf``, ``root`` and the members of ``proof`` are hashes of 32 bytes.
    """
    if not 0 <= index < size:
        return False
    node, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            current = hash_node(sibling, current)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            current = hash_node(current, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and current == root


def consistency_holds(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether ``proof`` shows that the tree grew from the old one (RFC 9162, section 2.1.4.2).

    The roots and the members of ``proof`` are hashes of 32 bytes.
    """
    if old_size == size:
        return not proof and old_root == root
    if not 0 <= old_size < size:
        return False
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old, new = path[0], path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = hash_node(sibling, old), hash_node(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = hash_node(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == root
