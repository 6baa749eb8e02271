"""Checks of a machine that a bundle set up, and of one that was changed afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance.cli.doctor.provisioning import provisioning_checks
from appliance.errors import TpmError
from appliance.provisioning.bundle import Bundle
from appliance.provisioning.numbers import Numbers
from appliance.provisioning.words import fingerprint_words
from tests.provisioning.site import Machine, bundle


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine that shows what is in force."""
    machine = Machine(tmp_path / "made")
    machine.start_with(bundle(number=4))
    root = tmp_path / "root"
    for place in ("etc/appliance", "var/lib/appliance-site"):
        shutil.copytree(machine.place.site, root / place, symlinks=True)
    return root


def failed(root: Path, numbers: Numbers | None) -> dict[str, str]:
    return {
        check.name: check.evidence for check in provisioning_checks(root, numbers) if not check.ok
    }


def tpm(monkeypatch: pytest.MonkeyPatch, last: int | None) -> Numbers:
    monkeypatch.setattr(Numbers, "highest", lambda _self: last)
    return Numbers.of_machine()


def test_a_machine_as_it_was_set_up_is_sound(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = list(provisioning_checks(root, tpm(monkeypatch, 4)))
    assert all(check.ok for check in checks)
    # People compare the words with those on paper.
    words = fingerprint_words(Bundle.parse(bundle(number=4)).digest)
    assert words in checks[0].evidence
    assert "number 4" in checks[0].evidence


def test_a_machine_that_nobody_set_up_is_sound(tmp_path: Path) -> None:
    assert failed(tmp_path, None) == {}


def test_a_file_that_was_changed_is_counted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "etc/appliance/roles").write_text("dora:approver\n")
    (root / "etc/appliance/policy.yaml").unlink()
    assert failed(root, tpm(monkeypatch, 4)) == {"files": "2 of 6 are not as they were applied"}


def test_an_old_disk_is_reported(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for last in (5, None):
        assert list(failed(root, tpm(monkeypatch, last))) == ["number"]
    assert list(failed(root, None)) == ["number"]


def test_a_tpm_that_does_not_answer_is_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_self: Numbers) -> int:
        raise TpmError("It is silent.", "Look.")

    monkeypatch.setattr(Numbers, "highest", silent)
    assert failed(root, Numbers.of_machine()) == {"number": "It is silent."}


def test_a_damaged_record_and_a_missing_one_are_reported(root: Path) -> None:
    (root / "etc/appliance/provisioned.json").write_bytes(b"{")
    assert list(failed(root, None)) == ["bundle"]
    shutil.rmtree(root / "etc/appliance")
    assert failed(root, None) == {"bundle": "one was applied, and is in force after a restart"}
