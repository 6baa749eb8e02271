"""A few bytes in the TPM that are written once, and from then on only read.

The index is locked after the write (TPM 2.0 Library, Part 1, "NV Write Locks": WRITEDEFINE). Only
the owner of the TPM can delete it, by a password that is empty on a machine of one purpose: it
keeps out a copy of a disk, not root.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import Final

from appliance.errors import TpmError
from appliance.tpm.tools import run

SIZE: Final = 8
"""Bytes."""

_ATTRIBUTES = "ownerread|ownerwrite|authread|authwrite|writedefine"


@dataclass(frozen=True, slots=True)
class FixedValue:
    """The NV index ``index``, such as ``0x01800103``."""

    index: str

    def read(self) -> bytes | None:
        """Its eight bytes; ``None`` if it was not written. Raises ``TpmError`` without a TPM."""
        done = self._run("tpm2_nvread", "-C", "o", "-s", str(SIZE))
        if done.returncode == 0 and len(done.stdout) == SIZE:
            return done.stdout
        _check(run("tpm2_getcap", "handles-nv-index"))
        return None

    def write(self, value: bytes) -> None:
        """Write eight bytes for good. Raises ``TpmError``, also if they were written before."""
        if self._run("tpm2_nvreadpublic").returncode != 0:
            _check(self._run("tpm2_nvdefine", "-C", "o", "-s", str(SIZE), "-a", _ATTRIBUTES))
        _check(self._run("tpm2_nvwrite", "-C", "o", "-i", "-", data=value))
        _check(self._run("tpm2_nvwritelock", "-C", "o"))

    def _run(
        self, tool: str, *options: str, data: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        return run(tool, *options, self.index, data=data)


def _check(done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode != 0:
        raise TpmError(
            "The TPM does not answer, or refuses a value.",
            "Check that it works (tpm2_getcap properties-fixed) and who owns it.",
        )
