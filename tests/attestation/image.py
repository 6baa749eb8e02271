"""What systemd measures of an image, computed here from its description, and done to a TPM.

systemd-stub extends PCR 11 with the name of each section of the UKI and its content, and
systemd-pcrphase with the name of each phase; systemd-stub(7), systemd-pcrphase.service(8).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from appliance.attestation import measured

PHASES = ("enter-initrd", "leave-initrd", "sysinit", "ready")
FIRMWARE = {0: b"firmware", 4: b"boot loader", 7: b"Secure Boot: on, our keys"}


def extend(pcr: int, data: bytes) -> None:
    """Measure ``data`` into a register of the TPM."""
    tool = ["/usr/bin/tpm2_pcrextend", f"{pcr}:sha256={sha256(data).hexdigest()}"]
    subprocess.run(tool, check=True, capture_output=True)


def extended(value: bytes, data: bytes) -> bytes:
    """The value of a register after ``data`` was measured into it."""
    return sha256(value + sha256(data).digest()).digest()


def free_objects() -> None:
    """Make room in a TPM that, unlike the kernel's resource manager, keeps what it loaded."""
    subprocess.run(["/usr/bin/tpm2_flushcontext", "-t"], check=True, capture_output=True)


class BootedImage:
    """An image with the root hash ``root``; ``folder``: for its files."""

    def __init__(
        self, folder: Path, root: str = "5a" * 32, version: str = "0.1.0", number: int = 1
    ) -> None:
        self.folder = folder
        self.version, self.number, self.root = version, number, root
        self.command_line = f"roothash={root} lockdown=integrity rd.shell=0"
        self.measurements = folder / "measurements.json"
        folder.mkdir()
        self.measurements.write_text(json.dumps(self.published()))

    def sections(self) -> list[tuple[bytes, bytes]]:
        """The sections of the UKI that are measured, in their order."""
        return [
            (b".linux", b"a kernel"),
            (b".osrel", f"IMAGE_VERSION={self.version}\n".encode()),
            (b".cmdline", self.command_line.encode()),
            (b".initrd", b"an initrd"),
        ]

    def measured(self) -> list[bytes]:
        """What the stub measures into PCR 11."""
        return [data for name, data in self.sections() for data in (name + b"\0", data)]

    def published(self) -> dict[str, Any]:
        """What lies in measurements.json."""
        value = bytes(32)
        for data in self.measured():
            value = extended(value, data)
        values = list(accumulate((p.encode() for p in PHASES), extended, initial=value))[1:]
        names = list(accumulate(PHASES, lambda before, phase: f"{before}:{phase}"))
        pcr11: Mapping[str, str] = {
            name: value.hex() for name, value in zip(names, values, strict=True)
        }
        return {
            "version": self.version,
            "number": self.number,
            "roothash": self.root,
            "uki": "c0" * 32,
            "cmdline": self.command_line,
            "pcr11": pcr11,
        }

    def start(self, phases: int = len(PHASES)) -> None:
        """Measure into the TPM what a start up to this phase does."""
        for pcr, data in FIRMWARE.items():
            extend(pcr, data)
        for data in self.measured():
            extend(11, data)
        for phase in PHASES[:phases]:
            extend(11, phase.encode())

    def found_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put its files where the appliance looks for them."""
        line, image = self.folder / "cmdline", self.folder / "image.json"
        line.write_text(f"{self.command_line}\n")
        image.write_text(json.dumps({"version": self.version, "number": self.number}))
        monkeypatch.setattr(measured, "COMMAND_LINE", line)
        monkeypatch.setattr(measured, "IMAGE", image)
