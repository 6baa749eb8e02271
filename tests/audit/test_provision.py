"""The ledger's keys on the appliance: sealed files that are whole, the signing key last."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.audit.keys import provision
from appliance.errors import LedgerError

FOLLOWS = ["pseudonym.key", "log.skey"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "keys"
    made.mkdir()
    monkeypatch.setattr("sys.argv", ["provision", str(made)])
    return made


def _sealing_by(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``program``, of a shell, in the place of systemd-creds(1), which needs its own machine."""
    stand_in = tmp_path / "systemd-creds"
    stand_in.write_text(f"#!/bin/sh\n{program}\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr(provision, "_SEAL", str(stand_in))


def test_each_key_is_sealed_under_its_own_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sealing_by('read -r key; echo "sealed $3"', tmp_path, monkeypatch)
    assert provision.main() == 0
    for name in FOLLOWS:
        path = folder / name
        assert path.read_text() == f"sealed --name={name}\n"
        assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(folder)) == sorted(FOLLOWS)  # noqa: PTH208 - also hidden ones


def test_where_sealing_ends_half_way_no_file_has_its_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sealing_by("printf half; exit 1", tmp_path, monkeypatch)
    assert provision.main() == LedgerError.exit_code
    assert list(folder.iterdir()) == []


def test_the_signing_key_which_says_that_all_are_made_is_last(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sealing_by('case "$3" in *log.skey) exit 1;; *) echo sealed;; esac', tmp_path, monkeypatch)
    assert provision.main() == LedgerError.exit_code
    assert [path.name for path in folder.iterdir()] == FOLLOWS[:1]
