"""What a site's policy allows of simulations, and how the ledger has what it does not allow.

Sessions and commands are held to it alike.
"""

from __future__ import annotations

from typing import cast

from appliance.audit.entries import events
from appliance.pipeline.simulation.limits import Limits, Refusal
from appliance.policy.handles import HandleName
from appliance.policy.policy import Simulation


def limits_of(site: Simulation) -> Limits:
    """The policy's limits as the pipeline takes them."""
    bounds = {str(name): both for name, both in site.bounds.items()}
    return Limits(frozenset(site.handles), bounds, site.drag_mm, site.regions)


def refused_event(session: str, job: int, refusal: Refusal) -> events.SimulationRefused:
    """The ledger's record of a refusal."""
    return events.SimulationRefused(
        session,
        job,
        refusal.what,
        refusal.reason,
        cast("HandleName | None", refusal.handle),
        None if refusal.asked is None else round(1000 * refusal.asked),
    )
