"""What may be asked: the handles' own bounds, and what a site allows within them."""

from __future__ import annotations

import pytest

from appliance.errors import HandleError
from appliance.pipeline.simulation.free_hand import LONGEST
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.limits import Limits, Refusal

ALL = Limits()
SITE = Limits(
    frozenset({"tip-projection", "hump"}), {"tip-projection": (-2, 3)}, drag=4, regions=False
)


def why(refusal: Refusal | None) -> tuple[str, str] | None:
    return None if refusal is None else (refusal.what, refusal.reason)


@pytest.mark.parametrize("name", [*HANDLES])
def test_no_handle_leaves_its_own_bounds(name: str) -> None:
    handle = HANDLES[name]
    assert ALL.refusal({name: handle.low}) is None
    assert ALL.refusal({name: handle.high}) is None
    for beyond in (handle.low - 0.1, handle.high + 0.1, float("nan")):
        refusal = ALL.refusal({name: beyond})
        assert refusal is not None
        assert (refusal.handle, refusal.reason) == (name, "bounds")
        assert "beyond its bounds" in refusal.error.message


def test_only_handles_that_exist() -> None:
    with pytest.raises(HandleError, match="no handle named"):
        ALL.refusal({"ears": 1.0})


def test_a_site_narrows_a_handle() -> None:
    assert SITE.refusal({"tip-projection": 3, "hump": -3}) is None
    refusal = SITE.refusal({"hump": 1, "tip-projection": 3.5})
    assert refusal is not None
    assert (refusal.reason, refusal.handle, refusal.asked) == ("policy", "tip-projection", 3.5)
    assert "policy" in refusal.error.message
    assert "-2 to +3 mm" in refusal.error.hint
    assert why(SITE.refusal({"tip-projection": 5})) == ("handle", "bounds")


def test_a_site_never_widens_a_handle() -> None:
    wide = Limits(bounds={"tip-projection": (-40, 40)})
    assert wide.of(HANDLES["tip-projection"]) == (-4, 4)
    assert why(wide.refusal({"tip-projection": 5})) == ("handle", "bounds")


def test_a_site_leaves_handles_out() -> None:
    assert why(SITE.refusal({"cheek": 1})) == ("handle", "policy")
    assert ALL.refusal({"cheek": 1}) is None


def test_a_site_shortens_drags_or_forbids_them() -> None:
    assert SITE.refusal({}, [4, 4]) is None
    refusal = SITE.refusal({}, [1, 5])
    assert refusal is not None
    assert (why(refusal), refusal.asked) == (("drag", "policy"), 5)
    assert why(ALL.refusal({}, [LONGEST + 0.1])) == ("drag", "bounds")
    without = Limits(drag=0)
    assert why(without.refusal({}, [0])) == ("drag", "policy")
    assert without.refusal({"hump": 1}) is None


def test_a_site_forbids_regions() -> None:
    assert why(SITE.refusal({}, regions=1)) == ("region", "policy")
    assert ALL.refusal({}, regions=1) is None
