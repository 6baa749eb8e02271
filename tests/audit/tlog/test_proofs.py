from __future__ import annotations

import pytest
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader

from appliance.audit.tlog.merkle import consistency_holds, hash_leaf, inclusion_holds
from appliance.audit.tlog.proofs import Tree
from appliance.audit.tlog.reader import LedgerReader
from tests.audit.large import SIZE, LargeLog, large_entry
from tests.audit.test_independent import INDICES


@pytest.mark.parametrize("index", INDICES)
def test_an_entry_is_proved_in_every_tree_that_has_it(index: int, large_log: LargeLog) -> None:
    for size, root in large_log.roots.items():
        if index < size:
            proof = Tree(LedgerReader(large_log.folder), SIZE, size).inclusion(index)
            leaf = hash_leaf(large_entry(index))
            assert inclusion_holds(leaf, index, size, proof, root)


def test_growth_is_proved_between_all_sizes(large_log: LargeLog) -> None:
    for size, root in large_log.roots.items():
        tree = Tree(LedgerReader(large_log.folder), SIZE, size)
        assert tree.root() == root
        for old, old_root in large_log.roots.items():
            if old <= size:
                assert consistency_holds(old, old_root, size, root, tree.consistency(old))
        assert tree.consistency(0) == []


def test_the_root_is_that_of_another_program(large_log: LargeLog) -> None:
    reader = TilesReader(LocalBackend(large_log.folder))
    reader.get_checkpoint()
    assert Tree(LedgerReader(large_log.folder), SIZE).root() == reader.mth(0, SIZE)
