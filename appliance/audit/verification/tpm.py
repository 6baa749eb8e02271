"""A monotonic counter in the TPM, which reveals a rollback of all disks of the machine.

An event in the log names the next value of the counter, then the counter is incremented to it. A
log that was rolled back ends with a smaller value than the counter has. A counter that is deleted
and defined again starts above all earlier values (TPM 2.0 Library, Part 1, "NV Counter"), so it
cannot be rolled back either. The TPM is used through tpm2-tools, which take it from
``TPM2TOOLS_TCTI`` or else use the machine's own.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from appliance.audit.entries.events import CheckpointAnchored
from appliance.audit.entries.recorder import Recorder
from appliance.audit.tlog.reader import LedgerReader
from appliance.errors import LedgerError

_ATTRIBUTES = "ownerread|ownerwrite|authread|authwrite|nt=counter"
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class TpmCounter:
    """The NV counter at ``index``, such as ``0x01800100``."""

    index: str

    def read(self) -> int | None:
        """Its value; ``None`` if it has none yet. Raises ``LedgerError`` if there is no TPM."""
        done = self._run("tpm2_nvread", "-C", "o", "-s", "8")
        if done.returncode == 0 and len(done.stdout) == 8:
            return int.from_bytes(done.stdout)
        # The counter is undefined or was never incremented, unless there is no TPM at all.
        self._must("tpm2_getcap", "handles-nv-index", with_index=False)
        return None

    def increment(self) -> None:
        """Increment it, after defining it if it does not exist. Raises ``LedgerError``."""
        if self._run("tpm2_nvreadpublic").returncode != 0:
            self._must("tpm2_nvdefine", "-C", "o", "-s", "8", "-a", _ATTRIBUTES)
        self._must("tpm2_nvincrement", "-C", "o")

    def _must(self, tool: str, *options: str, with_index: bool = True) -> None:
        if self._run(tool, *options, with_index=with_index).returncode != 0:
            raise LedgerError(
                "The TPM does not answer, or refuses the counter of the ledger.",
                "Check that it works (tpm2_getcap properties-fixed) and who owns it.",
            )

    def _run(
        self, tool: str, *options: str, with_index: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        command = [tool, *options, *([self.index] if with_index else [])]
        try:
            return subprocess.run(  # noqa: S603 - fixed arguments and a number
                command, capture_output=True, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LedgerError(
                "The tools for the TPM cannot be run.", "Install the package tpm2-tools."
            ) from error


def anchor_in_tpm(
    reader: LedgerReader, recorder: Recorder, counter: TpmCounter
) -> CheckpointAnchored:
    """Log the next value of ``counter`` with the log's present head, then increment the counter.

    Returns that event. After a crash in between, the counter is one below the newest event, which
    ``matches_counter`` accepts. Raises ``LedgerError``.
    """
    if (value := counter.read()) is None:
        counter.increment()
        value = counter.read() or 0
    head = reader.checkpoint(reader.verifier())
    event = CheckpointAnchored(head.size, head.root.hex(), "tpm", value + 1)
    recorder.record([("audit", event)])
    counter.increment()
    return event


def matches_counter(last: int | None, counter: TpmCounter) -> bool:
    """Whether a log whose newest event names the value ``last`` was not rolled back.

    ``last`` is ``None`` if the log was never anchored. Raises ``LedgerError`` without a TPM.
    """
    value = counter.read()
    return value is not None and last is not None and value in (last, last - 1)
