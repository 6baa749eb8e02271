"""With swtpm, whose power is cut: what it then refuses, and what clears that."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appliance.errors import TpmError
from appliance.tpm import lockout
from tests.software_tpm import software_tpm


def tpm(*words: object) -> int:
    """The exit code of a tool; no object stays in the TPM, which has room for three."""
    done = subprocess.run([*map(str, words)], check=False, capture_output=True)
    flush = ["tpm2_flushcontext", "-t"]
    subprocess.run(flush, check=True, capture_output=True)
    return done.returncode


def seal(folder: Path) -> None:
    """A secret that guesses are counted for, as systemd-creds makes them."""
    (folder / "secret").write_bytes(b"secret")
    assert not tpm("tpm2_createprimary", "-C", "o", "-c", folder / "primary")
    attributes = "fixedtpm|fixedparent|userwithauth"
    sealed = ("-i", folder / "secret", "-u", folder / "public", "-r", folder / "private")
    assert not tpm("tpm2_create", "-C", folder / "primary", *sealed, "-a", attributes)


def unseals(folder: Path) -> bool:
    parts = ("-u", folder / "public", "-r", folder / "private", "-c", folder / "key")
    if tpm("tpm2_createprimary", "-C", "o", "-c", folder / "primary"):
        return False
    if tpm("tpm2_load", "-C", folder / "primary", *parts):
        return False
    return not tpm("tpm2_unseal", "-c", folder / "key")


def test_power_cuts_lock_a_tpm_and_a_start_clears_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with software_tpm(tmp_path, monkeypatch):
        seal(tmp_path)
        assert unseals(tmp_path)
    for _ in range(4):  # swtpm allows three
        with software_tpm(tmp_path, monkeypatch):
            unseals(tmp_path)
    with software_tpm(tmp_path, monkeypatch):
        assert not unseals(tmp_path)
        assert lockout.main() == 0
        assert unseals(tmp_path)
    for _ in range(4):
        with software_tpm(tmp_path, monkeypatch):
            lockout.clear_lockout()
            assert unseals(tmp_path)


def test_a_lockout_with_a_password_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with software_tpm(tmp_path, monkeypatch):
        assert not tpm("tpm2_changeauth", "-c", "lockout", "password")
        with pytest.raises(TpmError, match="count of guesses"):
            lockout.clear_lockout()
        assert lockout.main() == TpmError.exit_code
    assert "power cut" in capsys.readouterr().err
