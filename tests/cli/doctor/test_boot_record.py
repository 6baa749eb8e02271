"""The record of a boot: there, of another boot, of another ledger, without a TPM, and not there."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.attestation.record import BootResult
from appliance.cli.doctor.boot_record import boot_record_checks
from tests.cli.doctor.conftest import BOOT, failing

RECORD = "run/appliance-attestation/boot.json"


def checked(root: Path, result: BootResult) -> dict[str, str]:
    (root / RECORD).write_bytes(msgspec.json.encode(result))
    return failing(list(boot_record_checks(root)))


def test_a_correct_machine_passes(root: Path) -> None:
    checks = list(boot_record_checks(root))
    assert failing(checks) == {}
    assert [check.evidence for check in checks] == [
        "recorded, and signed by the TPM",
        "the ledger names 17, the TPM 17",
    ]


@pytest.mark.parametrize(
    ("logged", "counted", "evidence"),
    [
        (15, 17, "named count 15, the TPM count 17"),
        (None, 17, "named no count, the TPM count 17"),
        (17, None, "named count 17, the TPM no count"),
    ],
)
def test_a_ledger_that_was_rolled_back_is_reported(
    root: Path, logged: int | None, counted: int | None, evidence: str
) -> None:
    sound = BootResult(BOOT, tpm=True, logged=logged, counted=counted)
    assert checked(root, sound) == {}
    found = checked(root, msgspec.structs.replace(sound, rolled_back=True))
    assert list(found) == ["not rolled back"]
    assert evidence in found["not rolled back"]


def test_a_first_boot_was_never_counted(root: Path) -> None:
    assert checked(root, BootResult(BOOT, tpm=True)) == {}
    assert "before" in list(boot_record_checks(root))[-1].evidence


def test_without_a_tpm_nothing_is_compared(root: Path) -> None:
    assert checked(root, BootResult(BOOT, tpm=False)) == {}
    (check,) = boot_record_checks(root)
    assert check.evidence == "recorded; no TPM answered"


def test_a_record_that_is_missing_spoiled_or_of_another_boot_is_reported(root: Path) -> None:
    assert checked(root, BootResult(BOOT, tpm=True)) == {}
    assert list(checked(root, BootResult("another", tpm=True))) == ["boot record"]
    (root / RECORD).write_bytes(b"{}")
    assert list(failing(list(boot_record_checks(root)))) == ["boot record"]
    (root / RECORD).unlink()
    assert list(failing(list(boot_record_checks(root)))) == ["boot record"]
