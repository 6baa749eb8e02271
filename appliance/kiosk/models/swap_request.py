"""What the worker is asked to make, from what was chosen and the packs that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.kiosk.visit.work import Work
from appliance.protocols import worker_api

_MOST_PACKS = 8


@dataclass(frozen=True, slots=True)
class Drawn:
    """The packs on this machine."""

    packs: Sequence[worker_api.Pack]

    def names(self, generator: str) -> list[str]:
        """The packs of a job: the one that draws, and those that do not draw but help."""
        helpers = [
            pack.name for pack in self.packs if pack.refused is None and pack.generator is None
        ]
        return ([generator] if generator else [])[:1] + helpers[: _MOST_PACKS - 1]

    def roles(self, generator: str) -> set[str]:
        """What they have networks for."""
        names = self.names(generator)
        return {role for pack in self.packs if pack.name in names for role in pack.roles}


def offers(work: Work, drawn: Drawn) -> list[str]:
    """What a person can ask for besides: restore and in-front of a generator, x2 and x4 of any."""
    roles = drawn.roles(work.generator)
    by_role = {"upscaler-x2": "x2", "upscaler-x4": "x4"}
    if work.generator:
        by_role |= {"restorer": "restore", "occluder": "in-front"}
    return [name for role, name in by_role.items() if role in roles]


def swap_of(work: Work, drawn: Drawn) -> worker_api.Swap | None:
    """The parameters of Swap; ``None`` as long as source or target are missing."""
    if work.target is None or not work.sources:
        return None
    able = offers(work, drawn)
    options = worker_api.GeneratorOptions(
        restore=work.restore if "restore" in able and work.restore else None,
        occlusion="in-front" in able and work.in_front,
    )
    upscale = work.upscale if f"x{work.upscale}" in able else 1
    helped = work.generator or upscale > 1
    choice = "largest" if work.choice == "like" and work.like is None else work.choice
    return worker_api.Swap(
        list(work.sources),
        work.target,
        dict(work.regions),
        choice,
        work.like if choice == "like" else None,
        drawn.names(work.generator) if helped else [],
        options,
        upscale,
    )
