"""How a worker and the children that read files for it give up the rest of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.audit.entries import events
from appliance.policy.policy import Policy
from appliance.seal.allowed_paths import (
    GPU_PROVIDERS,
    GPU_READABLE,
    SYSTEM,
    gpu_devices,
    interpreter,
)
from appliance.seal.seal import Confinement, SealReport, confine, seal


@dataclass
class WorkerSealing:
    """The two halves of :mod:`appliance.seal.seal`, by the policy of the site."""

    policy: Policy
    _confinement: Confinement | None = None

    def confine(self, *, readable: Sequence[Path] = (), writable: Sequence[Path] = ()) -> None:
        """Before the first thread: leave only these, and what the interpreter needs."""
        gpu = gpu_devices() if self.policy.engine.gpu else []
        self._confinement = confine(
            readable=[*SYSTEM, *interpreter(), *(GPU_READABLE if gpu else ()), *readable],
            writable=writable,
            devices=gpu,
        )

    def seal(self, provider: str = "cpu", *, serving: bool) -> SealReport:
        """Before the first byte of anybody's media; raises ``SealError``."""
        if self._confinement is None:
            raise RuntimeError("confine first")
        # A child that reads a file for the worker was given it open, and opens nothing.
        return seal(
            self._confinement,
            minimum=self.policy.seal.minimum,
            opening=serving,
            gpu=provider in GPU_PROVIDERS,
            serving=serving,
        )


def as_event(report: SealReport) -> events.SealResult:
    """What the ledger says of a seal that holds."""
    return events.SealResult(
        result="sealed",
        layers=report.layers,
        landlock_abi=report.landlock_abi,
        tried=len(report.attempts),
        escaped=0,
    )
