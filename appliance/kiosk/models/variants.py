"""Variants: wishes that are kept, made at full size, and compared as small pictures."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import of_worker
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.wishes import preview_of, result_of
from appliance.kiosk.visit.state import Step
from appliance.kiosk.visit.visit import Variant
from appliance.protocols import worker_api

_MOST = 6
_SIDE = 512  # pixels of a small picture


class Value(msgspec.Struct, frozen=True):
    """What is wished of a handle, and the least to be expected if that was set."""

    name: str
    wished: float
    least: float | None


class Kept(msgspec.Struct, frozen=True):
    """``picture``: the name of the small picture. ``by_hand``: places and regions changed so."""

    number: int
    picture: str
    values: list[Value]
    by_hand: int
    points: int


class VariantsState(msgspec.Struct, frozen=True):
    """``making``: the result of one is under way. ``can_keep``: there is a wish to keep."""

    kept: list[Kept] = []
    chosen: int = 0
    making: bool = False
    full: bool = False
    can_keep: bool = False


class Variants(Model[VariantsState]):
    """A variant is made once it is kept; the second person releases exactly one result."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(VariantsState())
        self._shared = shared

    def forget(self) -> None:
        """Drop what is shown; the visit keeps the variants."""
        self.show(kept=[], chosen=0, making=False, full=False, can_keep=False)

    @action
    def load(self) -> None:
        """Show what was kept."""
        self._show_kept()
        for variant in self._shared.visit.variants:
            self._show_picture(variant)

    @action
    def keep(self) -> None:
        """Keep the wish as it is now, and make the result."""
        visit = self._shared.visit
        wish = visit.wish.copy()
        wanted = result_of(wish)
        if self.state.making or len(visit.variants) >= _MOST or wanted is None:
            return
        number = max((one.number for one in visit.variants), default=0) + 1
        self.show(making=True)

        def made(answer: worker_api.Simulated) -> None:
            done = Variant(number, wish, answer.result)
            visit.variants.append(done)
            visit.chosen = number
            self.show(making=False)
            self._shared.pictures.copy("wished", _picture(number))  # until its own is there
            self._show_kept()
            self._show_picture(done)

        def failed(why: Refusal) -> None:
            self.show(making=False)
            self._shared.refuse(why)

        self._shared.jobs.ask(of_worker("Simulate", wanted, worker_api.Simulated), made, failed)

    @action
    def choose(self, number: int) -> None:
        """This variant is the one."""
        if any(one.number == number for one in self._shared.visit.variants):
            self._shared.visit.chosen = number
            self._show_kept()

    @action
    def change(self, number: int) -> None:
        """Go on from this variant: its wish is the present one again; the variant stays."""
        visit = self._shared.visit
        for one in visit.variants:
            if one.number == number and not self.state.making:
                visit.wish = one.wish.copy()
                self._shared.place.go(Step.CHANGE)

    @action
    def drop(self, number: int) -> None:
        """This variant is not wanted; its result stays in the session, and ends with it."""
        visit = self._shared.visit
        visit.variants = [one for one in visit.variants if one.number != number]
        if visit.chosen == number:
            visit.chosen = visit.variants[-1].number if visit.variants else None
        self._show_kept()

    @action
    def accept(self) -> None:
        """Go on with the chosen variant."""
        variant = self._shared.visit.variant
        if variant is not None and variant.result is not None and not self.state.making:
            self._shared.place.go(Step.NEXT)

    def _show_kept(self) -> None:
        visit = self._shared.visit
        kept = [_kept(one) for one in visit.variants]
        self.show(
            kept=kept,
            chosen=visit.chosen or 0,
            full=len(kept) >= _MOST,
            can_keep=visit.wish.changes and all(one.wish != visit.wish for one in visit.variants),
        )

    def _show_picture(self, variant: Variant) -> None:
        wanted = preview_of(variant.wish, "wished", _SIDE)
        if wanted is not None:
            self._shared.show_preview(
                "PreviewSimulation", wanted, _picture(variant.number), latest=False
            )


def _kept(variant: Variant) -> Kept:
    wish = variant.wish
    return Kept(
        variant.number,
        _picture(variant.number),
        [Value(name, value, wish.least.get(name)) for name, value in wish.handles.items()],
        len(wish.drags) + len(wish.regions),
        len(wish.points),
    )


def _picture(number: int) -> str:
    return f"variant-{number}"
