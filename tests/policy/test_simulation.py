"""What a site allows of simulations is what the pipeline knows, or less."""

from __future__ import annotations

from typing import get_args

from appliance.pipeline.simulation.free_hand import LONGEST
from appliance.pipeline.simulation.handles import HANDLES
from appliance.policy.handles import LONGEST_DRAG, WIDEST, HandleName
from appliance.policy.load import parse
from appliance.policy.policy import Policy, Simulation
from appliance.worker.simulation_limits import limits_of

NARROW = b"""
simulation:
  handles: [tip-projection, hump]
  bounds: {tip-projection: [-2, 3]}
  drag_mm: 0
  regions: false
"""


def test_a_policy_knows_the_handles_and_bounds_of_the_pipeline() -> None:
    assert {name: (handle.low, handle.high) for name, handle in HANDLES.items()} == WIDEST
    assert get_args(HandleName) == tuple(HANDLES)
    assert LONGEST_DRAG == LONGEST


def test_a_site_that_says_nothing_narrows_nothing() -> None:
    limits = limits_of(Policy().simulation)
    assert all(limits.of(one) == (one.low, one.high) for one in HANDLES.values())
    assert limits.refusal(dict.fromkeys(HANDLES, 0.0), [LONGEST], 1) is None


def test_a_site_narrows_by_handle() -> None:
    site = parse(NARROW).simulation
    assert site == Simulation(
        ("tip-projection", "hump"), {"tip-projection": (-2.0, 3.0)}, 0.0, regions=False
    )
    limits = limits_of(site)
    assert limits.of(HANDLES["tip-projection"]) == (-2, 3)
    assert limits.refusal({"tip-projection": 3.0}) is None
    for refused in (
        limits.refusal({"tip-projection": 3.5}),
        limits.refusal({"cheek": 1.0}),
        limits.refusal({}, [1.0]),
        limits.refusal({}, regions=1),
    ):
        assert refused is not None
        assert refused.reason == "policy"


def test_another_bound_is_another_policy() -> None:
    wider = parse(NARROW.replace(b"3]", b"3.5]"))
    assert wider.digest != parse(NARROW).digest
