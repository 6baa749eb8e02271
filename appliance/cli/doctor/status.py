"""What ``appliance doctor --status`` leaves for those who have no rights to look themselves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec

from appliance.cli.doctor.check import Check
from appliance.cli.process.signing_keys import policy_trust
from appliance.diagnostics.machine_status import status_of
from appliance.errors import TpmError
from appliance.files.output import PendingOutput
from appliance.machine import boot_id
from appliance.policy.policy import Policy
from appliance.protocols import machine_view
from appliance.tpm.counter import TpmCounter
from appliance.worker.packs import Packs, offered

_PACKS = Path("/var/lib/appliance-packs")
_COUNTER = "0x01800100"  # as appliance-audit-checkpoint.service names it
_TPM = Path("/dev/tpmrm0")


class StatusFile:
    """The file at ``path``, which appears once all is known. Made before the process is sealed.

    Use it as a context manager; leaving without ``write`` keeps what was there before. Raises
    ``OutputError``.
    """

    def __init__(self, path: Path, policy: Policy, packs: Path = _PACKS) -> None:
        self._output = PendingOutput(path, overwrite=True, shared=True)
        found = Packs.find(packs, policy_trust(policy))
        self._packs = [
            machine_view.InstalledPack(name, list(offered(name, pack).roles))
            for name, pack in found.trusted.items()
        ]
        self._packs += [
            machine_view.InstalledPack(name, refused=error.message)
            for name, error in found.refused.items()
        ]
        self._counter = _counter()
        self._boot = boot_id()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_raised: object) -> None:
        """Drop the file unless it was written."""
        self._output.discard()

    def write(self, checks: Sequence[Check]) -> None:
        """Leave the result. Raises ``OutputError``."""
        listed = [machine_view.Check(one.group, one.name, one.ok, one.evidence) for one in checks]
        now = time.time_ns() // 1_000_000
        status = status_of(now, self._boot, listed, self._packs, self._counter)
        self._output.file.write(msgspec.json.encode(status))
        self._output.commit()


def _counter() -> int | None:
    """The value of the ledger's counter in the TPM; ``None`` where that is not known."""
    if not _TPM.exists():
        return None
    try:
        return TpmCounter(_COUNTER).read()
    except TpmError:
        return None
