from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.tlog.merkle import hash_leaf, perfect_root
from appliance.audit.tlog.tiles import (
    Frontier,
    Tile,
    edge_tiles,
    join_entries,
    split_entries,
    split_hashes,
)
from appliance.errors import LedgerError
from tests.audit.tlog.test_merkle import root_of


def test_paths_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(3, 999, 7).path == "tile/3/999.p/7"
    assert Tile(0, 1000, 255).entries_path == "tile/entries/x001/000.p/255"


def test_the_edge_of_70000_entries_is_that_of_the_specification() -> None:
    assert list(edge_tiles(70_000)) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(edge_tiles(256)) == [Tile(1, 0, 1)]
    assert list(edge_tiles(0)) == []


@given(st.lists(st.integers(0, 700), min_size=1, max_size=3))
def test_a_frontier_grows_the_same_wherever_it_was_restored(steps: list[int]) -> None:
    leaves = [hash_leaf(n.to_bytes(4)) for n in range(sum(steps))]
    frontier, at = Frontier(), 0
    full: dict[Tile, bytes] = {}
    for step in steps:
        frontier = Frontier.restore(frontier.range.size, [list(edge) for edge in frontier.edges])
        for leaf in leaves[at : at + step]:
            full.update(frontier.append(leaf))
        at += step
    assert frontier.range.root() == root_of(leaves)
    roots = []
    for tile, data in full.items():
        assert split_hashes(data, 256) == leaves[tile.index * 256 : (tile.index + 1) * 256]
        roots.append(perfect_root(split_hashes(data, 256)))
    partial = dict(frontier.partial())
    assert list(partial) == list(edge_tiles(len(leaves)))
    for tile, data in partial.items():
        row = (leaves, roots)[tile.level]
        assert split_hashes(data, tile.width) == row[tile.index * 256 :]


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20), st.integers(0, 5))
def test_a_bundle_returns_its_entries_and_a_truncated_one_is_refused(
    entries: list[bytes], cut: int
) -> None:
    data = join_entries(entries)
    assert split_entries(data, len(entries)) == entries
    with pytest.raises(LedgerError):
        split_entries(data, len(entries) + 1)
    if 0 < cut < len(data):
        with pytest.raises(LedgerError):
            split_entries(data[:-cut], len(entries))
