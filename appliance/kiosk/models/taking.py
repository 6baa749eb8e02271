"""Taking files into a project: whose consent it is, which files, and which of them are meant."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import of_worker
from appliance.kiosk.models.intake import Intake
from appliance.kiosk.models.looking import clips_of, show_small, small
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.series import Entry, entry_of
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step
from appliance.kiosk.visit.work import Clip, Use
from appliance.protocols import disc_api, worker_api
from appliance.wire.message import Empty

MOST_SOURCES = 16
_LONGEST = 64  # characters of a reference


class Tile(msgspec.Struct, frozen=True):
    """What was taken in. ``picture``: the name of its small picture. ``seconds``: of a film."""

    item: int
    picture: str
    is_film: bool
    seconds: float


class TakingState(msgspec.Struct, frozen=True):
    """``files``: on the disc. ``tiles``: what there is.

    ``taken``: numbers of files that were asked for, of which ``importing`` are on their way.

    ``asks``: whether the policy wants a reference of a consent; ``typing``: it is being typed;
    ``consent``: with which the next files are taken in. ``chosen``: items.
    """

    has_disc: bool = False
    files: list[Entry] = []
    taken: list[int] = []
    reading: bool = False
    importing: int = 0
    tiles: list[Tile] = []
    chosen: list[int] = []
    asks: bool = False
    typing: bool = False
    reference: str = ""
    consent: str = ""


class Taking(Model[TakingState]):
    """One use of files: as sources, as the target, or to find a person by."""

    def __init__(self, shared: Shared, use: Use) -> None:
        super().__init__(TakingState(has_disc=shared.services.disc is not None))
        self._shared = shared
        self._use = use
        self._intake = Intake(
            shared, self._imported, self._not_taken, use, lambda: self.state.consent
        )
        self._turn = 0  # what was asked for before the last forget is not shown

    def forget(self) -> None:
        """Drop names of files, references and what was found; the visit keeps the rest."""
        self._intake.stop()
        self._turn += 1
        self.reset()

    @action
    def load(self) -> None:
        """Show what the session has, and ask for a consent where the policy does."""
        if not self._shared.connected:
            return
        self.show(consent=self._shared.visit.work.consents.get(self._use, ""))
        self._shared.controls.ask(
            of_worker("Handles", Empty(), worker_api.Handles), self._offer, self._shared.refuse
        )
        self._list()

    @action
    def type(self, text: str) -> None:
        """The reference is ``text`` now."""
        self.show(reference=text[:_LONGEST])

    @action
    def change_consent(self) -> None:
        """The next files show another person."""
        self.show(typing=True, reference="")

    @action
    def keep_consent(self) -> None:
        """It is the same person after all."""
        if self.state.consent:
            self.show(typing=False, reference="")

    @action
    def accept_consent(self) -> None:
        """The next files are taken in with this reference."""
        reference = self.state.reference.strip()
        if reference:
            self._shared.visit.work.consents[self._use] = reference
            self.show(typing=False, reference="", consent=reference)

    @action
    def read(self) -> None:
        """Read the disc in the drive."""
        if not self.state.has_disc or self.state.reading or self.state.importing:
            return
        self.show(reading=True, files=[], taken=[])
        turn = self._turn

        def listed(files: list[disc_api.File]) -> None:
            if turn == self._turn:
                self.show(reading=False, files=[entry_of(one) for one in files])

        def failed(why: Refusal) -> None:
            if turn == self._turn:
                self.show(reading=False)
                self._shared.refuse(Refusal(f"disc-{why.code}"))

        self._intake.list_files(listed, failed)

    @action
    def take(self, number: int) -> None:
        """Take in the file with this number, after those that were asked for before."""
        if number in self.state.taken or (self.state.asks and not self.state.consent):
            return
        self.show(importing=self.state.importing + 1, taken=[*self.state.taken, number])
        self._intake.take(number)

    @action
    def stop(self) -> None:
        """Take nothing in any more: what is under way ends, and leaves nothing."""
        if not self.state.importing or not self._shared.connected:
            return
        self._intake.drop_waiting()
        self.show(importing=min(1, self.state.importing))
        self._shared.controls.ask(
            of_worker("Cancel", Empty(), worker_api.Stopped), lambda _: None, self._shared.refuse
        )

    @action
    def choose(self, item: int) -> None:
        """This item is meant; of sources it is one more, or one less."""
        if any(tile.item == item for tile in self.state.tiles):
            self._choose(item)
            self._show_tiles()

    @action
    def accept(self) -> None:
        """Go on with what was chosen."""
        if self._chosen() and not self.state.importing:
            self._shared.place.go(Step.NEXT)

    def _offer(self, allowed: worker_api.Handles) -> None:
        self.show(asks=allowed.consent, typing=allowed.consent and not self.state.consent)

    def _imported(self, _number: int, answer: worker_api.Imported) -> None:
        self.show(importing=max(0, self.state.importing - 1))
        self._list(choose=answer.item)

    def _not_taken(self, number: int, why: Refusal) -> None:
        taken = [one for one in self.state.taken if one != number]
        self.show(importing=max(0, self.state.importing - 1), taken=taken)
        if why.code != "stopped":
            self._shared.refuse(why)

    def _list(self, choose: int | None = None) -> None:
        def listed(answer: worker_api.Items) -> None:
            work = self._shared.visit.work
            work.clips = clips_of(answer)
            new = choose is not None and choose not in self._chosen()
            if choose is not None and new and self._fits(work.clip(choose)):
                self._choose(choose)
            self._show_tiles()

        call = of_worker("Items", Empty(), worker_api.Items)
        self._shared.controls.ask(call, listed, self._shared.refuse)

    def _show_tiles(self) -> None:
        clips = [clip for clip in self._shared.visit.work.clips if self._fits(clip)]
        known = {tile.item for tile in self.state.tiles}
        self.show(
            tiles=[Tile(one.item, small(one.item), one.is_film, one.seconds) for one in clips],
            chosen=self._chosen(),
        )
        for clip in clips:
            if clip.item not in known:
                show_small(self._shared, clip.item)

    def _fits(self, clip: Clip | None) -> bool:
        """Whether it can have this use: only a target may be a film, and no result is used."""
        if clip is None or clip.is_result:
            return False
        return self._use == "target" or not clip.is_film

    def _chosen(self) -> list[int]:
        work = self._shared.visit.work
        match self._use:
            case "source":
                return list(work.sources)
            case "target":
                return [] if work.target is None else [work.target]
            case "reference":
                return [] if work.like is None else [work.like]

    def _choose(self, item: int) -> None:
        work = self._shared.visit.work
        match self._use:
            case "source":
                if item in work.sources:
                    work.sources.remove(item)
                elif len(work.sources) < MOST_SOURCES:
                    work.sources.append(item)
            case "target":
                if item != work.target:
                    work.target, work.at, work.choice = item, 0.0, "largest"
            case "reference":
                work.like, work.choice = item, "like"
