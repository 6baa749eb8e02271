"""Checks of the bundle that set the machine up: its files, its number, its words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor.check import Check, verdict
from appliance.errors import TpmError
from appliance.provisioning.numbers import Numbers
from appliance.provisioning.problem import ProvisionError
from appliance.provisioning.record import Record, read_record
from appliance.provisioning.words import fingerprint_words

_SHOWN = "etc/appliance"
_ON_DISK = "var/lib/appliance-site"


def provisioning_checks(root: Path, numbers: Numbers | None = None) -> Iterator[Check]:
    """Whether the site's files are those of a bundle that the TPM knows as the last.

    A machine without a bundle is sound: root set it up by hand, or it was not set up yet.
    ``numbers``: those of the machine's TPM, where there is one.
    """
    try:
        record = read_record(root / _SHOWN)
        newest = read_record(root / _ON_DISK)
    except ProvisionError as error:
        yield Check("provisioning", "bundle", ok=False, evidence=error.message)
        return
    if record is None and newest is None:
        yield Check("provisioning", "bundle", ok=True, evidence="none was applied")
        return
    if record is None:
        evidence = "one was applied, and is in force after a restart"
        yield Check("provisioning", "bundle", ok=False, evidence=evidence)
        return
    words = fingerprint_words(bytes.fromhex(record.digest))
    trust = "by signers" if record.trust == "signers" else "on first use: compare the words"
    evidence = f"number {record.number} of {record.appliance}, {trust}; {words}"
    yield Check("provisioning", "bundle", ok=True, evidence=evidence)
    changed = len(record.deviations(root / _SHOWN))
    wrong = [f"{changed} of {len(record.files)} are not as they were applied"] if changed else []
    yield verdict("provisioning", "files", wrong, f"{len(record.files)}, as they were applied")
    yield verdict("provisioning", "number", _wrong_number(record, numbers), "the TPM's last")


def _wrong_number(record: Record, numbers: Numbers | None) -> Iterator[str]:
    if numbers is None:
        yield "there is no TPM to compare it with"
        return
    try:
        highest = numbers.highest()
    except TpmError as error:
        yield error.message
        return
    if highest != record.number:
        yield "it is not the last that the TPM knows"
