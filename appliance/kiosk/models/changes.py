"""The handles: what is wished and the least to be expected, with a preview as they move."""

from __future__ import annotations

from typing import Literal

import msgspec

from appliance.kiosk.calls.services import of_worker
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step
from appliance.protocols import worker_api
from appliance.protocols.worker_api.simulation import Choice
from appliance.wire.message import Empty

Shows = Literal["wished", "least"]
AFTER = "after"


class Knob(msgspec.Struct, frozen=True):
    """One handle with its bounds by the site's policy. ``step``: of its slider, in its unit."""

    name: str
    unit: str
    least: float
    most: float
    step: float
    region: str
    views: list[str]


class ChangesState(msgspec.Struct, frozen=True):
    """``values`` of what is ``shows``; ``wished`` and ``least`` of both, by handle.

    ``left_out``: handles that the last preview did not apply. ``share``: of the move that could be
    made without folds.
    """

    knobs: list[Knob] = []
    regions: list[str] = []
    region: str = ""
    shows: Shows = "wished"
    wished: dict[str, float] = {}
    least: dict[str, float] = {}
    left_out: dict[str, str] = {}
    share: float = 1.0
    fresh: bool = False


class Changes(Model[ChangesState]):
    """Every move asks for a preview; of many the last one counts."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(ChangesState())
        self._shared = shared

    def forget(self) -> None:
        """Drop what is shown; the visit keeps the values."""
        self.show(wished={}, least={}, left_out={}, share=1.0, fresh=False, shows="wished")

    @action
    def load(self) -> None:
        """Show the photo as it is, and the handles that the site allows."""
        visit = self._shared.visit
        if visit.photo is None:
            return
        self.show(wished=dict(visit.handles), least=dict(visit.least), left_out={})
        self._shared.show_item(visit.photo, "before")
        self._shared.worker.ask(
            of_worker("Handles", Empty(), worker_api.Handles), self._offer, self._shared.refuse
        )
        self._preview()

    @action
    def choose(self, region: str) -> None:
        """Show the handles of this region."""
        self.show(region=region)

    @action
    def choose_kind(self, shows: Shows) -> None:
        """Set what is wished, or the least to be expected."""
        self.show(shows=shows)
        self._preview()

    @action
    def move(self, name: str, value: float) -> None:
        """The handle has this value, in its unit."""
        visit = self._shared.visit
        values = visit.handles if self.state.shows == "wished" else visit.least
        if value:
            values[name] = value
        else:
            values.pop(name, None)
        self.show(wished=dict(visit.handles), least=dict(visit.least))
        self._preview()

    @action
    def reset(self) -> None:
        """Change nothing."""
        visit = self._shared.visit
        (visit.handles if self.state.shows == "wished" else visit.least).clear()
        self.show(wished=dict(visit.handles), least=dict(visit.least))
        self._preview()

    @action
    def accept(self) -> None:
        """Go on to compare."""
        if self._shared.visit.handles:
            self._shared.place.go(Step.NEXT)

    def simulation(self, shows: Shows, side: int) -> worker_api.PreviewSimulation:
        """What the worker is asked to show."""
        visit = self._shared.visit
        return worker_api.PreviewSimulation(
            photo=visit.photo or 0,
            handles=dict(visit.handles if shows == "wished" else visit.least),
            points={name: worker_api.Place(x, y) for name, (x, y) in visit.points.items()},
            choice=msgspec.convert(visit.choice, Choice) if visit.choice else None,
            shows=shows,
            side=side,
        )

    def _preview(self) -> None:
        visit = self._shared.visit
        values = visit.handles if self.state.shows == "wished" else visit.least
        self.show(fresh=False)
        if not values:
            self._shared.pictures.copy("before", AFTER)
            self.show(left_out={}, share=1.0, fresh=True)
            return

        def shown(answer: worker_api.Previewed) -> None:
            self.show(left_out=answer.left_out, share=answer.share, fresh=True)

        self._shared.show_preview(
            "PreviewSimulation", self.simulation(self.state.shows, 1024), AFTER, shown
        )

    def _offer(self, allowed: worker_api.Handles) -> None:
        knobs = [
            Knob(
                one.name,
                one.unit,
                one.least,
                one.most,
                5.0 if one.unit == "percent" else 0.5,
                one.region,
                one.views,
            )
            for one in allowed.handles
        ]
        regions = list(dict.fromkeys(one.region for one in knobs))
        region = self.state.region if self.state.region in regions else (regions or [""])[0]
        self.show(knobs=knobs, regions=regions, region=region)
