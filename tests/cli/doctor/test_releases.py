"""Checks of what releases need, on a machine with keys, and with one deviation each."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.cli.doctor import releases
from appliance.cli.doctor.check import Check
from tests.release.signed import identity

NOW = dt.datetime.now(dt.UTC)
KEYS = "var/lib/appliance-release-keys"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys as an administrator installs them; what systemd would decrypt lies there in clear."""
    (tmp_path / KEYS).mkdir(parents=True)
    for name in ("release.pem", "release.key", "watermark.key", "anchor.pem"):
        (tmp_path / KEYS / name).write_bytes(identity("Hospital").chain)
        (tmp_path / KEYS / name).chmod(0o600)
    (tmp_path / "run/appliance/releaser").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)  # the names of sockets are short
    for slot in range(8):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"run/appliance/releaser/w{slot}.sock")

    def run_tool(*command: str) -> tuple[int, str]:
        assert command[:3] == ("systemd-creds", "decrypt", "--name=release.pem")
        return 0, Path(command[3]).read_text()

    monkeypatch.setattr(releases, "run_tool", run_tool)
    return tmp_path


def _failing(found: list[Check]) -> dict[str, str]:
    return {one.name: one.evidence for one in found if not one.ok}


def test_a_machine_with_keys_says_how_long_the_certificate_lasts(machine: Path) -> None:
    found = list(releases.release_checks(machine, NOW))
    assert _failing(found) == {}
    assert [one.name for one in found] == ["keys", "certificate", "sockets"]
    assert int(found[1].evidence.split()[0]) in range(7299, 7306)  # twenty years


def test_a_machine_without_keys_is_sound_and_releases_nothing(tmp_path: Path) -> None:
    (found,) = releases.release_checks(tmp_path, NOW)
    assert found.ok
    assert "nothing can be released" in found.evidence


@pytest.mark.parametrize(
    ("spoil", "check", "evidence"),
    [
        (lambda root: (root / KEYS / "release.key").unlink(), "keys", "release.key is missing"),
        (
            lambda root: (root / KEYS / "watermark.key").chmod(0o640),
            "keys",
            "watermark.key is open to others",
        ),
        (
            lambda root: (root / KEYS / "release.pem").write_text("no certificate"),
            "certificate",
            "it is none",
        ),
        (
            lambda root: (root / "run/appliance/releaser/w5.sock").unlink(),
            "sockets",
            "/run/appliance/releaser/w5.sock is missing",
        ),
    ],
)
def test_what_is_missing_or_open_is_found(
    machine: Path, spoil: Callable[[Path], object], check: str, evidence: str
) -> None:
    spoil(machine)
    assert _failing(list(releases.release_checks(machine, NOW))) == {check: evidence}


@pytest.mark.parametrize(("years", "evidence"), [(19.9, "days left"), (20.1, "it has expired")])
def test_a_certificate_that_ends_soon_is_found(machine: Path, years: float, evidence: str) -> None:
    later = NOW + years * dt.timedelta(days=365.25)
    assert evidence in _failing(list(releases.release_checks(machine, later)))["certificate"]
