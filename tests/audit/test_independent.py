"""Independent programs read our log: Go's module mirror code, pymerkle, tlog-scales."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pymerkle import InmemoryTree
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import PlainEd25519Verifier, Vkey

from appliance.audit.tlog.merkle import hash_leaf
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.signed_note import b64
from appliance.audit.tlog.tiles import Tile
from tests.audit.large import SIZE, LargeLog, large_entry

INDICES = (0, 1, 255, 256, 257, 4096, 65_535, 65_536, 69_887, 69_888, SIZE - 1)


@pytest.fixture(scope="session")
def go_check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of ``independent/``, built with Debian's golang.org/x/mod."""
    folder = tmp_path_factory.mktemp("go")
    environment = {
        **os.environ,
        "GO111MODULE": "off",  # packages from the system, none from a network
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(folder / "cache"),
    }
    program = folder / "independent"
    subprocess.run(
        ["go", "build", "-o", program, "."],  # noqa: S607 - wherever Go is
        check=True,
        cwd=Path(__file__).parent / "independent",
        env=environment,
    )
    return program


def go(program: Path, folder: Path, vkey: str, *arguments: str) -> str:
    """The error that Go reports for the log; empty if there is none."""
    done = subprocess.run(
        [program, folder, vkey, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (done.stderr == "")
    return done.stderr


def test_go_verifies_entries_and_growth(go_check: Path, large_log: LargeLog) -> None:
    older = [f"@{size}={b64(root)}" for size, root in large_log.roots.items()]
    vkey = large_log.keys.signer.verifier.vkey
    assert go(go_check, large_log.folder, vkey, *map(str, INDICES), *older) == ""


def test_go_refuses_what_was_changed(go_check: Path, large_log: LargeLog, tmp_path: Path) -> None:
    vkey = large_log.keys.signer.verifier.vkey
    wrong_root = f"@4096={b64(large_log.roots[257])}"
    assert "size 4096" in go(go_check, large_log.folder, vkey, wrong_root)
    for name in (Tile(0, 16).entries_path, Tile(0, 16).path, "checkpoint"):
        copy = tmp_path / "copy"
        shutil.copytree(large_log.folder, copy)
        data = bytearray((copy / name).read_bytes())
        data[40] ^= 1  # of the bundle: in entry 4096; of the tile: in its sibling's hash
        (copy / name).write_bytes(data)
        assert go(go_check, copy, vkey, "4096") != ""
        shutil.rmtree(copy)


def test_pymerkle_computes_the_same_roots(large_log: LargeLog) -> None:
    tree = InmemoryTree(algorithm="sha256")
    for index in range(SIZE):
        tree.append_entry(large_entry(index))
    assert {size: tree.get_root(size) for size in large_log.roots} == large_log.roots


def test_tlog_scales_reads_checkpoint_entries_and_proofs(large_log: LargeLog) -> None:
    reader = TilesReader(LocalBackend(large_log.folder))
    checkpoint = reader.get_checkpoint()
    verifier = large_log.keys.signer.verifier
    PlainEd25519Verifier(Vkey.from_string(verifier.vkey)).verify_note(
        checkpoint.signatures[0], checkpoint
    )
    assert (checkpoint.origin, checkpoint.size) == (verifier.name, SIZE)
    assert reader.mth(0, SIZE) == checkpoint.root_hash == large_log.roots[SIZE]
    for size, root in large_log.roots.items():
        assert reader.mth(0, size) == root
    for index in INDICES:
        assert reader.mth(index, index + 1) == hash_leaf(large_entry(index))
    assert LedgerReader(large_log.folder).checkpoint(verifier).root == checkpoint.root_hash
