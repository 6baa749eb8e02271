"""How a command seals its process: files opened, models loaded, then nothing else any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import click

from appliance.policy.policy import EMBEDDED, Policy
from appliance.seal.allowed_paths import (
    GPU_PROVIDERS,
    GPU_READABLE,
    SYSTEM,
    gpu_devices,
    interpreter,
)
from appliance.seal.process import close_all
from appliance.seal.seal import Confinement, SealReport, confine, seal


class Sealing(Protocol):
    """The two steps of :mod:`appliance.seal.seal`, as commands take them; then their report."""

    report: SealReport | None

    def confine(self, readable: Sequence[Path], outputs: Sequence[Path]) -> None:
        """Before the models: keep these folders, and those that ``outputs`` lie in."""

    def seal(self, provider: str) -> None:
        """After the models, which run on ``provider``, and before anybody's media."""


class ProcessSealing:
    """Seals this process, once."""

    def __init__(self, inherited: frozenset[int], policy: Policy = EMBEDDED) -> None:
        """``inherited``: descriptors that were open when the program began; they are closed."""
        self._inherited = inherited
        self._policy = policy
        self._confinement: Confinement | None = None
        self.report: SealReport | None = None

    def confine(self, readable: Sequence[Path], outputs: Sequence[Path]) -> None:
        """See :class:`Sealing`."""
        close_all(self._inherited)
        gpu = gpu_devices() if self._policy.engine.gpu else []
        self._confinement = confine(
            readable=[*SYSTEM, *interpreter(), *(GPU_READABLE if gpu else ()), *readable],
            devices=gpu,
            rename_only=[output.parent for output in outputs],
        )

    def seal(self, provider: str) -> None:
        """See :class:`Sealing`."""
        if self._confinement is None:
            raise RuntimeError("confine first")
        gpu = provider in GPU_PROVIDERS
        # A GPU's driver opens its devices when it needs them; else every file is open by now.
        self.report = seal(
            self._confinement, minimum=self._policy.seal.minimum, gpu=gpu, allow_open=gpu
        )


def current_sealing(policy: Policy = EMBEDDED) -> Sealing:
    """That of the command that runs: this process's, as ``policy`` has it, or one it was given."""
    given = click.get_current_context().obj
    return ProcessSealing(given, policy) if isinstance(given, frozenset) else cast("Sealing", given)
