"""Keys are sealed through a pipe, by a stand-in for systemd-creds(1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.provisioning import sealing
from appliance.provisioning.problem import ProvisionError


def _sealing_by(lines: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = folder / "systemd-creds"
    stand_in.write_text(f"#!/bin/sh\n{lines}\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr(sealing, "_PROGRAM", str(stand_in))


@pytest.mark.parametrize(("tpm", "keys"), [(True, "host+tpm2"), (False, "host")])
def test_a_key_is_sealed_under_its_name_by_a_machine_that_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tpm: bool, keys: str
) -> None:
    _sealing_by('sleep 1; echo "$@"; cat', tmp_path, monkeypatch)
    monkeypatch.setattr(sealing, "_TPM", tmp_path if tpm else tmp_path / "none")
    sealed = sealing.seal("release.key", b"secret")
    assert sealed == f"encrypt --with-key={keys} --name=release.key - -\nsecret".encode()


@pytest.mark.parametrize("lines", ["printf half; exit 1", "exec sleep infinity"])
def test_what_is_not_sealed_to_the_end_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    _sealing_by(lines, tmp_path, monkeypatch)
    monkeypatch.setattr(sealing, "LONGEST", 2)
    with pytest.raises(ProvisionError, match="cannot be sealed"):
        sealing.seal("release.key", b"secret")
