"""Checks of the record of this boot: it was written, and the ledger is the one that was counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.attestation.record import BOOT, BootResult
from appliance.cli.doctor.check import Check, verdict
from appliance.files.read import read_regular

_FOLDER = "run/appliance-attestation"
_BOOT_ID = "proc/sys/kernel/random/boot_id"
_LIMIT = 4096  # bytes


def boot_record_checks(root: Path) -> Iterator[Check]:
    """What ``appliance-boot-record.service`` left behind, of this boot."""
    found = _record(root)
    wrong = [] if found else ["nothing was recorded at this boot"]
    attested = found is not None and found.tpm
    right = "recorded, and signed by the TPM" if attested else "recorded; no TPM answered"
    yield verdict("ledger", "boot record", wrong, right)
    if found is not None and found.tpm:
        yield verdict("ledger", "not rolled back", _older(found), _counted(found))


def _record(root: Path) -> BootResult | None:
    try:
        data = read_regular(root / _FOLDER / BOOT, _LIMIT)
        found = msgspec.json.decode(data, type=BootResult)
        return found if found.boot == (root / _BOOT_ID).read_text().strip() else None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _older(found: BootResult) -> Iterator[str]:
    if found.rolled_back:
        yield (
            f"at this boot the ledger named {_or_none(found.logged)}, the TPM "
            f"{_or_none(found.counted)}: an older copy of the disk, another ledger or another TPM"
        )


def _counted(found: BootResult) -> str:
    if found.counted is None:
        return "neither the ledger nor the TPM was counted before"
    return f"the ledger names {found.logged}, the TPM {found.counted}"


def _or_none(count: int | None) -> str:
    return "no count" if count is None else f"count {count}"
