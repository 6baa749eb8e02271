"""Variants: values that are kept, made at full size, and compared as small pictures."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import of_worker
from appliance.kiosk.models.changes import Changes
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step
from appliance.kiosk.visit.visit import Variant
from appliance.protocols import worker_api

_MOST = 6


class Kept(msgspec.Struct, frozen=True):
    """``picture``: the name of the small picture. ``values``: the handles that are not 0."""

    number: int
    picture: str
    values: dict[str, float]
    made: bool


class VariantsState(msgspec.Struct, frozen=True):
    """``making``: the result of one is under way."""

    kept: list[Kept] = []
    chosen: int = 0
    making: bool = False
    full: bool = False


class Variants(Model[VariantsState]):
    """A variant is made once it is kept; the second person releases exactly one result."""

    def __init__(self, shared: Shared, changes: Changes) -> None:
        super().__init__(VariantsState())
        self._shared = shared
        self._changes = changes

    def forget(self) -> None:
        """Drop what is shown; the visit keeps the variants."""
        self.show(kept=[], chosen=0, making=False, full=False)

    @action
    def load(self) -> None:
        """Show what was kept."""
        self._show_kept()
        for variant in self._shared.visit.variants:
            self._show_picture(variant)

    @action
    def keep(self) -> None:
        """Keep the values as they are now, and make the result."""
        visit = self._shared.visit
        if self.state.making or len(visit.variants) >= _MOST or not visit.handles:
            return
        number = max((one.number for one in visit.variants), default=0) + 1
        variant = Variant(number, dict(visit.handles), dict(visit.least))
        self.show(making=True)
        preview = self._changes.simulation("wished", 1024)
        wanted = worker_api.Simulate(
            preview.photo, preview.handles, points=preview.points, choice=preview.choice
        )

        def made(answer: worker_api.Simulated) -> None:
            done = _made(variant, answer.result)
            visit.variants.append(done)
            visit.chosen = number
            self.show(making=False)
            self._show_kept()
            self._show_picture(done)

        def failed(why: Refusal) -> None:
            self.show(making=False)
            self._shared.refuse(why)

        self._shared.worker.ask(of_worker("Simulate", wanted, worker_api.Simulated), made, failed)

    @action
    def choose(self, number: int) -> None:
        """This variant is the one."""
        if any(one.number == number for one in self._shared.visit.variants):
            self._shared.visit.chosen = number
            self._show_kept()

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
        if variant is not None and variant.result is not None:
            self._shared.place.go(Step.NEXT)

    def _show_kept(self) -> None:
        visit = self._shared.visit
        kept = [
            Kept(one.number, _picture(one.number), one.handles, one.result is not None)
            for one in visit.variants
        ]
        self.show(kept=kept, chosen=visit.chosen or 0, full=len(kept) >= _MOST)

    def _show_picture(self, variant: Variant) -> None:
        preview = self._changes.simulation("wished", 512)
        wanted = msgspec.structs.replace(preview, handles=dict(variant.handles))
        self._shared.show_preview("PreviewSimulation", wanted, _picture(variant.number))


def _made(variant: Variant, result: int) -> Variant:
    """The variant with its result."""
    return Variant(variant.number, variant.handles, variant.least, result)


def _picture(number: int) -> str:
    return f"variant-{number}"
