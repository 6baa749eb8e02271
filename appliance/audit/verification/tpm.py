"""A number in the TPM that only grows, so that a log set back with all its disks is found.

The log says in an event which number comes next, then the TPM counts up to it. A log that was set
back ends with a smaller number than the TPM has. A counter that is deleted and made again starts
above every one that ever was (TPM 2.0 Library, Part 1, "NV Counter"), so it cannot be set back
either. Through tpm2-tools, which find the TPM by ``TPM2TOOLS_TCTI`` or take the machine's own.
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
        """Its value; ``None`` if there is none yet. Raises ``LedgerError`` if there is no TPM."""
        done = self._run("tpm2_nvread", "-C", "o", "-s", "8")
        if done.returncode == 0 and len(done.stdout) == 8:
            return int.from_bytes(done.stdout)
        # Not there, or not counted up yet? Or is there no TPM at all?
        self._must("tpm2_getcap", "handles-nv-index", with_index=False)
        return None

    def increment(self) -> None:
        """Count one up; made first if it is not there. Raises ``LedgerError``."""
        if self._run("tpm2_nvreadpublic").returncode != 0:
            self._must("tpm2_nvdefine", "-C", "o", "-s", "8", "-a", _ATTRIBUTES)
        self._must("tpm2_nvincrement", "-C", "o")

    def _must(self, tool: str, *options: str, with_index: bool = True) -> None:
        if self._run(tool, *options, with_index=with_index).returncode != 0:
            raise LedgerError(
                "The TPM does not answer, or refuses the counter of the ledger.",
                "Check that there is one (tpm2_getcap properties-fixed) and who owns it.",
            )

    def _run(
        self, tool: str, *options: str, with_index: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        command = [tool, *options, *([self.index] if with_index else [])]
        try:
            return subprocess.run(  # noqa: S603 - fixed words and a number
                command, capture_output=True, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LedgerError(
                "The tools for the TPM cannot be run.", "Install the package tpm2-tools."
            ) from error


def anchor_in_tpm(
    store: LedgerReader, recorder: Recorder, counter: TpmCounter
) -> CheckpointAnchored:
    """Tie the log as it is now to the next number of ``counter``; the event that tells it.

    A crash in between leaves the event without its number; the number is then the next one's, and
    ``holds`` allows for it. Raises ``LedgerError``.
    """
    if (value := counter.read()) is None:
        counter.increment()
        value = counter.read() or 0
    head = store.checkpoint(store.verifier())
    event = CheckpointAnchored(head.size, head.root.hex(), "tpm", value + 1)
    recorder.record([("audit", event)])
    counter.increment()
    return event


def matches_counter(last: int | None, counter: TpmCounter) -> bool:
    """Whether a log whose newest event names the number ``last`` is the newest there was."""
    value = counter.read()
    return value is not None and last is not None and value in (last, last - 1)
