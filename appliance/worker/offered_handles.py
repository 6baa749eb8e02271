"""What a site's policy allows of simulations, as the worker answers with it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from appliance.pipeline.series.views import SeenPose, view_of
from appliance.pipeline.simulation.handles import HANDLES, Handle, Unit
from appliance.pipeline.simulation.limits import Limits
from appliance.pipeline.simulation.points import SETS
from appliance.policy.policy import Gate
from appliance.protocols import worker_api

_UNITS: Mapping[Unit, Literal["mm", "degrees", "percent"]] = MappingProxyType(
    {"mm": "mm", "deg": "degrees", "%": "percent"}
)
_VIEWS = ("front", "oblique", "profile")


def as_answer(limits: Limits, gate: Gate) -> worker_api.Handles:
    """The answer of Handles."""
    return worker_api.Handles(
        handles=[_offered(one, limits) for one in HANDLES.values() if one.name in limits.handles],
        drag_mm=limits.drag,
        regions=limits.regions,
        consent=gate.consent,
        same_person=gate.same_person,
        engine="simulation",
    )


def views_of(handle: Handle) -> list[str]:
    """The views, without their sides, of which some photos show ``handle`` honestly."""
    found: set[int] = set()
    for reach in (handle.network, handle.points, handle.points_only):
        if reach is not None:
            first, last = (_VIEWS.index(_named(yaw)) for yaw in reach)
            found.update(range(first, last + 1))
    return [_VIEWS[number] for number in sorted(found)]


def _named(yaw: float) -> str:
    """The view that a head turned by ``yaw`` degrees shows."""
    return view_of(SeenPose(yaw, 0.0, is_folded=False), smiles=False).partition("-")[0]


def _offered(handle: Handle, limits: Limits) -> worker_api.Handle:
    least, most = limits.of(handle)
    points = () if handle.points_only is None else sorted(SETS[handle.needs])
    return worker_api.Handle(
        name=handle.name,
        unit=_UNITS[handle.unit],
        least=least,
        most=most,
        lowest=handle.low,
        highest=handle.high,
        region=handle.region,
        points=[*points],
        views=views_of(handle),
    )
