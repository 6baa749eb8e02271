"""How a command seals its process: open files, load models, then give up everything else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from appliance.cli.framework.run_context import RunContext, Sealing
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


class ProcessSealing:
    """Seals this process, once; see :class:`Sealing`."""

    def __init__(self, inherited: frozenset[int], policy: Policy = EMBEDDED) -> None:
        """``inherited``: descriptors that were open when the program began; they are closed."""
        self._inherited = inherited
        self._policy = policy
        self._confinement: Confinement | None = None
        self.report: SealReport | None = None

    def confine(self, readable: Sequence[Path], outputs: Sequence[Path]) -> None:
        """See :meth:`Sealing.confine`. Raises ``SealError``."""
        close_all(self._inherited)
        gpu = gpu_devices() if self._policy.engine.gpu else []
        self._confinement = confine(
            readable=[*SYSTEM, *interpreter(), *(GPU_READABLE if gpu else ()), *readable],
            devices=gpu,
            rename_only=[output.parent for output in outputs],
        )

    def seal(self, provider: str, *, serving: bool = False) -> None:
        """See :meth:`Sealing.seal`. Raises ``SealError``."""
        if self._confinement is None:
            raise RuntimeError("confine first")
        gpu = provider in GPU_PROVIDERS
        # A GPU's driver opens its devices as it needs them; all other files are open by now.
        self.report = seal(
            self._confinement,
            minimum=self._policy.seal.minimum,
            gpu=gpu,
            allow_open=gpu,
            serving=serving,
        )


def current_sealing(policy: Policy = EMBEDDED) -> Sealing:
    """The sealing of this process as ``policy`` asks for it, or the test double in the context."""
    context = click.get_current_context().find_object(RunContext) or RunContext()
    return context.sealing or ProcessSealing(context.inherited, policy)
