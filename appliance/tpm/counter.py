"""A monotonic counter in the TPM, which no copy of a disk can take back.

A counter that is deleted and defined again starts above all earlier values (TPM 2.0 Library,
Part 1, "NV Counter"), so it cannot be rolled back either.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from appliance.errors import TpmError
from appliance.tpm.tools import run

_ATTRIBUTES = "ownerread|ownerwrite|authread|authwrite|nt=counter"


@dataclass(frozen=True, slots=True)
class TpmCounter:
    """The NV counter at ``index``, such as ``0x01800100``."""

    index: str

    def read(self) -> int | None:
        """Its value; ``None`` if it has none yet. Raises ``TpmError`` if there is no TPM."""
        done = self._run("tpm2_nvread", "-C", "o", "-s", "8")
        if done.returncode == 0 and len(done.stdout) == 8:
            return int.from_bytes(done.stdout)
        # The counter is undefined or was never incremented, unless there is no TPM at all.
        _check(run("tpm2_getcap", "handles-nv-index"))
        return None

    def increment(self) -> None:
        """Increment it, after defining it if it does not exist. Raises ``TpmError``."""
        if self._run("tpm2_nvreadpublic").returncode != 0:
            _check(self._run("tpm2_nvdefine", "-C", "o", "-s", "8", "-a", _ATTRIBUTES))
        _check(self._run("tpm2_nvincrement", "-C", "o"))

    def _run(self, tool: str, *options: str) -> subprocess.CompletedProcess[bytes]:
        return run(tool, *options, self.index)


def _check(done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode != 0:
        raise TpmError(
            "The TPM does not answer, or refuses a counter.",
            "Check that it works (tpm2_getcap properties-fixed) and who owns it.",
        )
