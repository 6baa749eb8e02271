"""A machine becomes as new: what it holds is erased by its keys, and made again at its next start.

The variable comes first: if the power goes before the keys are erased, systemd-repart deletes the
partition at the next start all the same (FactoryReset= in its definition; systemd-repart(8)).
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.provisioning.problem import ProvisionError

VOLUME: Final = Path("/dev/disk/by-partlabel/var")
VARIABLE: Final = Path(
    "/sys/firmware/efi/efivars/FactoryReset-8cf2644b-4b0b-428f-9387-6d876050dc67"
)

# UEFI 2.10, 8.2: kept over starts, for boot services and the running system.
_ATTRIBUTES = (0x1 | 0x2 | 0x4).to_bytes(4, "little")
_REQUEST = _ATTRIBUTES + "yes\0".encode("utf-16-le")
# Against a disk that never answers, not a slow one: a program that is stopped half way may have
# erased some of the keys. root calls this, and no unit has a limit above it.
_LONGEST: Final = 900  # seconds

Run = Callable[[Sequence[str]], int]
"""Runs a program of the system, and returns its exit code."""


def run(command: Sequence[str]) -> int:
    """Run ``command`` without an answer. Raises ``ProvisionError`` if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_LONGEST)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProvisionError(
            "A program for the reset cannot be run.", "Install cryptsetup-bin."
        ) from error
    return done.returncode


@dataclass(frozen=True, slots=True)
class FactoryReset:
    """``volume``: the LUKS volume that holds all state. ``variable``: what the firmware keeps."""

    volume: Path = VOLUME
    variable: Path = VARIABLE
    run: Run = run

    def check(self) -> None:
        """Raise ``ProvisionError`` unless this machine can be reset."""
        if self.run(["cryptsetup", "isLuks", str(self.volume)]):
            raise ProvisionError(
                "This machine has no encrypted volume of state to erase.",
                "Run it as root, on a machine that was started from the appliance's image.",
            )
        if not self.variable.parent.is_dir():
            raise ProvisionError(
                "The firmware of this machine keeps no variables.", "Start it by UEFI."
            )

    def erase(self) -> None:
        """Erase the keys, so that nothing of the volume can be read once the machine restarts.

        Raises ``ProvisionError``.
        """
        self.check()
        try:
            if not self.variable.exists():
                # In one write, which efivarfs makes one variable of.
                self.variable.write_bytes(_REQUEST)
        except OSError as error:
            raise ProvisionError(
                "The firmware does not take the request for a reset.",
                "Nothing was erased. Try again after a restart.",
            ) from error
        if self.run(["cryptsetup", "erase", "--batch-mode", str(self.volume)]):
            raise ProvisionError(
                "The keys of the volume were not erased.",
                "Restart the machine: it then deletes the volume by itself. Check that it did.",
            )

    def restart(self) -> None:
        """Have the machine restart. Raises ``ProvisionError``."""
        if self.run(["systemctl", "reboot"]):
            raise ProvisionError("The machine does not restart.", "Switch it off and on.")
