"""What is seen of a visit afterwards, on another machine: the disc, and the export of the log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.lab.emulated_drive import check_released, unpack


def check_disc(image: Path, anchor: Path) -> None:
    """What was burned for the patient verifies, by the program on it and by ours."""
    out = image.with_suffix(".files")
    unpack(image, out)
    check_released(out, anchor)


def check_export(image: Path, measurements: Path) -> str:
    """What was burned for the auditor verifies, and its attestation is of the published image.

    Returns the verdicts. The keys of the machine were not noted before, so it ends with 3.
    """
    out = image.with_suffix(".files")
    unpack(image, out)
    key = str(out / "ledger/log.vkey")
    whole = _verify(out, str(out / "ledger"), "--key", key)
    attested = [str(out / "attestation.json"), "--measurements", str(measurements), "--key", key]
    attested += ["--checkpoint", str(out / "attested-checkpoint"), "--ledger", str(out / "ledger")]
    return whole + _verify(out, "attest", *attested, accepted=(3,))


def _verify(out: Path, *words: str, accepted: tuple[int, ...] = (0,)) -> str:
    command = [sys.executable, "-I", str(out / "appliance-verify.py"), *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode in accepted, done.stdout + done.stderr
    return done.stdout
