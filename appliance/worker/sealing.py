"""How a worker, and the children that decode files for it, seal themselves."""

from __future__ import annotations

from collections.abc import Sequence
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


class WorkerSealing:
    """The two steps of :mod:`appliance.seal.seal`, as the site's policy demands them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._confinement: Confinement | None = None

    def confine(self, *, readable: Sequence[Path] = (), writable: Sequence[Path] = ()) -> None:
        """Before the first thread: keep these paths and those that the interpreter needs.

        Raises ``SealError``.
        """
        gpu = gpu_devices() if self._policy.engine.gpu else []
        self._confinement = confine(
            readable=[*SYSTEM, *interpreter(), *(GPU_READABLE if gpu else ()), *readable],
            writable=writable,
            devices=gpu,
        )

    def seal(self, provider: str = "cpu", *, serving: bool) -> SealReport:
        """Before the first byte of any media. Raises ``SealError``.

        ``serving``: for the worker, which accepts connections and opens files; not for a child.
        """
        if self._confinement is None:
            raise RuntimeError("confine first")
        # A child gets its files as open descriptors, and opens none.
        return seal(
            self._confinement,
            minimum=self._policy.seal.minimum,
            allow_open=serving,
            gpu=provider in GPU_PROVIDERS,
            serving=serving,
        )


def as_event(report: SealReport) -> events.SealResult:
    """The ledger's record of a seal that holds."""
    return events.SealResult(
        result="sealed",
        layers=report.layers,
        landlock_abi=report.landlock_abi,
        tried=len(report.attempts),
        escaped=0,
    )
