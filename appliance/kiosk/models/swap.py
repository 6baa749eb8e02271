"""The swap: how much of the face, by which engine, with a preview at any place of the film."""

from __future__ import annotations

from typing import Literal

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import of_worker, picture_of
from appliance.kiosk.models.bar import Bar
from appliance.kiosk.models.looking import show_places
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.swap_request import Drawn, offers, swap_of
from appliance.kiosk.visit.state import Step
from appliance.kiosk.visit.work import WHOLE
from appliance.protocols import worker_api
from appliance.wire.client import Client
from appliance.wire.message import Empty

REGIONS = (WHOLE, "nose", "jaw", "cheeks", "lips", "eyes", "brows", "forehead")
BEFORE, AFTER = "before", "after"
_SIDE = 1024  # pixels of a preview


class Engine(msgspec.Struct, frozen=True):
    """What draws: ``name`` of a pack, or nothing for the mesh engine; ``usable`` or refused."""

    name: str
    title: str
    usable: bool


class SwapState(msgspec.Struct, frozen=True):
    """``strengths`` in percent by region; those that are not there are as the whole face.

    ``fresh``: the preview shows the present wish; ``missing``: there is no such face at this place.
    ``seconds`` is 0 for a photo. ``offers``: what the packs on this machine can do besides.
    """

    panel: Literal["regions", "engine"] = "regions"
    regions: tuple[str, ...] = REGIONS
    strengths: dict[str, float] = msgspec.field(default_factory=lambda: {WHOLE: 100.0})
    engines: list[Engine] = []
    engine: str = ""
    offers: list[str] = []
    restore: float = 0.0
    in_front: bool = False
    upscale: int = 1
    seconds: float = 0.0
    step: float = 0.04
    at: float = 0.0
    fresh: bool = False
    missing: bool = False


class Swap(Model[SwapState]):
    """Every change asks for a preview; of many the last one counts."""

    def __init__(self, shared: Shared, bar: Bar) -> None:
        super().__init__(SwapState())
        self._shared = shared
        self._bar = bar
        self._packs: list[worker_api.Pack] = []

    def forget(self) -> None:
        """Drop what is shown; the visit keeps what was chosen."""
        self.reset()

    @action
    def load(self) -> None:
        """Show the target and a preview, and ask for the packs of this machine."""
        if not self._shared.connected:
            return
        work = self._shared.visit.work
        film = work.film
        self.show(
            seconds=0.0 if film is None else film.seconds,
            step=0.04 if film is None else film.frame_seconds,
            at=work.at,
            restore=100 * work.restore,
            in_front=work.in_front,
            upscale=work.upscale,
        )
        self._show_strengths()
        self._shared.controls.ask(
            of_worker("Packs", Empty(), worker_api.Packs), self._offer, self._shared.refuse
        )
        self._preview()

    @action
    def choose_panel(self, panel: Literal["regions", "engine"]) -> None:
        """Set strengths, or choose what draws."""
        self.show(panel=panel)

    @action
    def move(self, region: str, percent: float) -> None:
        """So much of the new face in this region."""
        if region in REGIONS:
            self._shared.visit.work.regions[region] = min(100.0, max(0.0, percent)) / 100
            self._show_strengths()
            self._preview()

    @action
    def reset(self) -> None:
        """The whole face, fully."""
        self._shared.visit.work.regions = {WHOLE: 1.0}
        self._show_strengths()
        self._preview()

    @action
    def choose_engine(self, name: str) -> None:
        """This pack draws, or the mesh engine."""
        if any(one.name == name and one.usable for one in self.state.engines):
            self._shared.visit.work.generator = name
            self._show_engine()
            self._preview()

    @action
    def choose_restore(self, percent: float) -> None:
        """How far details of the face are restored."""
        self._shared.visit.work.restore = min(100.0, max(0.0, percent)) / 100
        self.show(restore=100 * self._shared.visit.work.restore)
        self._preview()

    @action
    def choose_in_front(self) -> None:
        """Hands and things in front of the face stay, or not."""
        work = self._shared.visit.work
        work.in_front = not work.in_front
        self.show(in_front=work.in_front)
        self._preview()

    @action
    def choose_upscale(self, times: int) -> None:
        """The result is so many times as large."""
        work = self._shared.visit.work
        if times == 1 or f"x{times}" in self.state.offers:
            work.upscale = msgspec.convert(times, Literal[1, 2, 4])
            self.show(upscale=work.upscale)

    @action
    def seek(self, at: float) -> None:
        """Show this place of the film."""
        work = self._shared.visit.work
        if work.film is not None:
            work.at = min(max(0.0, at), work.film.seconds)
            self.show(at=work.at)
            self._preview()

    @action
    def accept(self) -> None:
        """Go on to make it."""
        self._shared.place.go(Step.NEXT)

    def drawn(self) -> Drawn:
        """What draws, and what else takes part, of the packs on this machine."""
        return Drawn(self._packs)

    def _preview(self) -> None:
        work = self._shared.visit.work
        wanted = swap_of(work, self.drawn())
        if wanted is None:
            return
        self.show(fresh=False)
        show_places(self._shared, {BEFORE: wanted.target}, work.at)
        parameters = worker_api.Preview(**msgspec.structs.asdict(wanted), side=_SIDE, at=work.at)

        call = picture_of(f"{worker_api.NAME}.Preview", parameters, Empty)

        def previewed(client: Client) -> object:
            return self._shared.pictures.decode(call(client)[1])

        def put(picture: object) -> None:
            self._shared.pictures.put(AFTER, picture)
            self.show(fresh=True, missing=False)

        def failed(why: Refusal) -> None:
            if why.code == "failed-no-face":  # there is none at this place; there may be elsewhere
                self._shared.pictures.copy(BEFORE, AFTER)
                self.show(fresh=True, missing=True)
            else:
                self._shared.refuse(why)

        self._shared.previews.ask(previewed, put, failed)

    def _offer(self, answer: worker_api.Packs) -> None:
        self._packs = answer.packs
        self._show_engine()

    def _show_engine(self) -> None:
        work = self._shared.visit.work
        engines = [
            Engine(pack.name, pack.generator or pack.name, pack.refused is None)
            for pack in self._packs
            if pack.generator is not None or pack.refused is not None
        ]
        usable = {one.name: one.title for one in engines if one.usable}
        if work.generator not in usable:
            work.generator = ""
        self.show(
            engines=[Engine("", "mesh", usable=True), *engines],
            engine=work.generator,
            offers=offers(work, self.drawn()),
        )
        self._bar.show(engine=usable.get(work.generator, "mesh"))

    def _show_strengths(self) -> None:
        regions = self._shared.visit.work.regions
        self.show(strengths={name: round(100 * share) for name, share in regions.items()})
