"""A number in the TPM that our code only ever raises.

Unlike a counter (``counter.py``) it has a value of our choosing: a new NV counter starts above
every one that was ever deleted in this TPM (TPM 2.0 Library, Part 1, "NV Counter"), so on a machine
that had another owner its value says nothing about the number of an image. Who runs programs as
root could lower this one, and could as well write any image to the disk; who has the disk alone can
do neither.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from appliance.errors import TpmError
from appliance.tpm.tools import run

_ATTRIBUTES = "ownerread|ownerwrite|authread|authwrite"
_BYTES = 8


@dataclass(frozen=True, slots=True)
class TpmNumber:
    """The NV index at ``index``, such as ``0x01800102``: eight bytes, big-endian."""

    index: str

    def read(self) -> int | None:
        """The number; ``None`` if there is none yet. Raises ``TpmError`` if there is no TPM."""
        done = self._run("tpm2_nvread", "-C", "o", "-s", str(_BYTES))
        if done.returncode == 0 and len(done.stdout) == _BYTES:
            return int.from_bytes(done.stdout)
        # It is undefined or was never written, unless there is no TPM at all.
        _check(run("tpm2_getcap", "handles-nv-index"))
        return None

    def raise_to(self, number: int) -> None:
        """Set it to ``number``, unless it is that high already. Raises ``TpmError``."""
        present = self.read()
        if present is not None and present >= number:
            return
        if self._run("tpm2_nvreadpublic").returncode != 0:
            _check(self._run("tpm2_nvdefine", "-C", "o", "-s", str(_BYTES), "-a", _ATTRIBUTES))
        data = number.to_bytes(_BYTES)
        _check(self._run("tpm2_nvwrite", "-C", "o", "-i", "-", data=data))

    def _run(
        self, tool: str, *options: str, data: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return run(tool, *options, self.index, data=data)


def _check(done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode != 0:
        raise TpmError(
            "The TPM does not answer, or refuses a number.",
            "Check that it works (tpm2_getcap properties-fixed) and who owns it.",
        )
