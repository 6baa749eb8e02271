"""The options that choose an engine: which packs, on which provider, under which policy."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.cli.framework.options import (
    CommandFunction,
    models_option,
    policy_option,
    provider_option,
)
from appliance.cli.framework.pack_options import PackRequest
from appliance.policy.policy import EMBEDDED, Policy


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Which engine to load, and where it computes.

    ``models``: folder of the base pack; ``None`` is the starter pack. ``provider``: ``None`` is
    the first of the policy's providers that works here. ``packs``: further packs and what is
    asked of them. ``scale``: factor by which results are enlarged. ``device``: number of the GPU.
    ``threads``: of each network on a CPU; ``None`` is all cores. ``latency_mode``: faces come
    one by one, as in a photo, and not in batches.
    """

    models: Path | None = None
    provider: str | None = None
    policy: Policy = EMBEDDED
    packs: PackRequest | None = None
    scale: int = 1
    device: int = 0
    threads: int | None = None
    latency_mode: bool = False


def engine_options(command: CommandFunction) -> CommandFunction:
    """``--policy``, ``--provider`` and ``--models``, as one argument ``options``."""

    @policy_option
    @provider_option
    @models_option
    @functools.wraps(command)
    def with_options(
        *, models: Path | None, provider: str | None, policy: Policy, **others: Any
    ) -> Any:
        return command(options=EngineOptions(models, provider, policy), **others)

    return with_options  # type: ignore[return-value]
