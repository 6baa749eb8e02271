"""The three sentences that the patient ticks before anything may leave."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import of_worker
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.wishes import preview_of
from appliance.kiosk.visit.state import Step
from appliance.protocols import worker_api
from appliance.wire.message import Empty

Sentence: TypeAlias = Literal["wish", "limits", "leaves"]
_SIDE = 768  # pixels of the picture

SENTENCES: tuple[Sentence, ...] = get_args(Sentence)


class AgreementState(msgspec.Struct, frozen=True):
    """``ticked``: names of sentences. ``asking``: the ledger has not answered yet."""

    sentences: tuple[Sentence, ...] = SENTENCES
    ticked: list[Sentence] = []
    asking: bool = False


class Agreement(Model[AgreementState]):
    """All three are needed, and the ledger has to have them before a release is asked for."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(AgreementState())
        self._shared = shared

    def forget(self) -> None:
        """Nothing is ticked."""
        self.show(ticked=[], asking=False)

    @action
    def load(self) -> None:
        """Show the variant and its ticks; for another one the patient ticks again."""
        visit = self._shared.visit
        has_agreed = visit.agreed is not None and visit.agreed == visit.chosen
        self.show(ticked=list(SENTENCES) if has_agreed else [], asking=False)
        wanted = None if visit.variant is None else preview_of(visit.variant.wish, "wished", _SIDE)
        if wanted is not None:
            self._shared.pictures.copy(f"variant-{visit.chosen}", "agreed")  # until it is there
            self._shared.show_preview("PreviewSimulation", wanted, "agreed", latest=False)

    @action
    def tick(self, name: str) -> None:
        """Tick a sentence, or take the tick back."""
        if name in SENTENCES:
            ticked = set(self.state.ticked) ^ {name}
            self.show(ticked=[one for one in SENTENCES if one in ticked])

    @action
    def accept(self) -> None:
        """The patient agrees to all of it: it is recorded, then a release may be asked for."""
        visit = self._shared.visit
        variant = visit.variant
        if self.state.asking or variant is None or len(self.state.ticked) < len(SENTENCES):
            return
        self.show(asking=True)
        wanted = worker_api.Agree(variant.wish.photo or 0, list(SENTENCES))

        def recorded(_: Empty) -> None:
            visit.agreed = variant.number
            self.show(asking=False)
            self._shared.place.go(Step.NEXT)

        def failed(why: Refusal) -> None:
            self.show(asking=False)
            self._shared.refuse(why)

        self._shared.jobs.ask(of_worker("Agree", wanted, Empty), recorded, failed)
