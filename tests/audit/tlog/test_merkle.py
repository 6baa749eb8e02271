from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.tlog.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_holds,
    hash_leaf,
    hash_node,
    inclusion_holds,
)

# The tree of RFC 6962's test vectors, as Certificate Transparency's own tests have them.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hash_node(root_of(leaves[:k]), root_of(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), root_of(leaves[k:])]
    return [*path(m - k, leaves[k:]), root_of(leaves[:k])]


def subproof(m: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    """RFC 6962, section 2.1.2."""
    if m == len(leaves):
        return [] if known else [root_of(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], known=known), root_of(leaves[k:])]
    return [*subproof(m - k, leaves[k:], known=False), root_of(leaves[:k])]


def made_up(count: int) -> list[bytes]:
    return [hash_leaf(bytes((n, 7))) for n in range(count)]


def test_the_published_roots_come_out() -> None:
    tree = CompactRange()
    assert tree.root() == EMPTY_ROOT
    for entry, root in zip(ENTRIES, ROOTS, strict=True):
        tree.append(hash_leaf(entry))
        assert tree.root().hex() == root


@given(st.integers(1, 200), st.data())
def test_inclusion_holds_only_for_the_entry_at_its_index(size: int, data: st.DataObject) -> None:
    leaves = made_up(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root = path(index, leaves), root_of(leaves)
    assert inclusion_holds(leaves[index], index, size, proof, root)
    assert not inclusion_holds(hash_leaf(b"other"), index, size, proof, root)
    assert not inclusion_holds(leaves[index], index, size, proof, hash_leaf(b"other"))
    assert not inclusion_holds(leaves[index], index, size, [*proof, root], root)
    assert not inclusion_holds(leaves[index], size, size, proof, root)
    if proof:
        assert not inclusion_holds(leaves[index], index, size, proof[:-1], root)
        assert not inclusion_holds(leaves[index], index ^ 1, size, proof, root)


@given(st.integers(0, 200), st.integers(1, 200))
def test_consistency_holds_only_for_a_tree_that_grew(old: int, more: int) -> None:
    leaves = made_up(200 + 1)[: old + more] if old + more <= 200 else made_up(200)
    size = len(leaves)
    old = min(old, size)
    proof = subproof(old, leaves, known=True) if old else []
    before, now = root_of(leaves[:old]), root_of(leaves)
    other = hash_leaf(b"other")
    assert consistency_holds(old, before, size, now, proof)
    assert not consistency_holds(old, other, size, now, proof)
    assert not consistency_holds(old, before, size, now, [*proof, other])
    if old:
        assert not consistency_holds(old, before, size, other, proof)
        assert not consistency_holds(size + 1, before, size, now, proof)
    if proof:
        assert not consistency_holds(old, before, size, now, proof[:-1])
