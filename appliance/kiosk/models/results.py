"""Making the swap, and what was made: before and after, at any place of the film."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import each_of, of_worker
from appliance.kiosk.models.looking import clips_of, show_places, show_small, small
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.swap import Swap
from appliance.kiosk.models.swap_request import swap_of
from appliance.kiosk.visit.pace import Pace
from appliance.kiosk.visit.state import Step
from appliance.protocols import worker_api
from appliance.wire.message import Empty

BEFORE, AFTER = "result-before", "result-after"


class Made(msgspec.Struct, frozen=True):
    """A result. ``picture``: the name of its small picture. ``seconds``: of a film."""

    item: int
    picture: str
    is_film: bool
    seconds: float
    engine: str


class ResultsState(msgspec.Struct, frozen=True):
    """``making``: ``done`` frames of ``total``, which is 0 if it is not known.

    ``left``: seconds, at the pace of the last ones; below 0 if that is not known. ``stopping``: it
    was asked to stop. ``chosen``: the result that is shown, below 0 for none; ``has_before``:
    whether what it was made of is known. ``seconds``: of it, 0 for a photo.
    """

    making: bool = False
    stopping: bool = False
    done: int = 0
    total: int = 0
    left: int = -1
    made: list[Made] = []
    chosen: int = -1
    has_before: bool = False
    seconds: float = 0.0
    step: float = 0.04
    at: float = 0.0


class Results(Model[ResultsState]):
    """One swap is made at a time. ``clock``: seconds, as ``time.monotonic``."""

    def __init__(
        self, shared: Shared, swap: Swap, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(ResultsState())
        self._shared = shared
        self._swap = swap
        self._clock = clock
        self._pace = Pace()

    def forget(self) -> None:
        """Drop what is shown; the visit keeps which result was chosen.

        What is being made goes on after a lock, as long as the session is there.
        """
        self.show(made=[], chosen=-1, has_before=False, seconds=0.0, at=0.0)
        if not self._shared.can_make:
            self.show(making=False, stopping=False, done=0, total=0, left=-1)

    def pass_time(self) -> None:
        """Called once a second: what does not come takes longer."""
        if self.state.making:
            self._show_left()

    @action
    def load(self) -> None:
        """Show what was made so far."""
        if self._shared.connected:
            self._list()

    @action
    def make(self) -> None:
        """Make the swap as it was chosen."""
        work = self._shared.visit.work
        wanted = swap_of(work, self._swap.drawn())
        if wanted is None or self.state.making:
            return
        film = work.film
        self._pace = Pace()
        self._pace.note(self._clock(), 0)
        total = 1 if film is None else film.frames
        self.show(making=True, stopping=False, done=0, total=total, left=-1)
        call = each_of(f"{worker_api.NAME}.Swap", wanted, worker_api.Progress)

        def progressed(answer: worker_api.Progress) -> None:
            if answer.result is not None:
                work.targets[answer.result] = wanted.target
                work.result = answer.result
                return
            self._pace.note(self._clock(), answer.frames)
            self.show(done=answer.frames, total=answer.total or self.state.total)
            self._show_left()

        def done() -> None:
            self.show(making=False, stopping=False)
            if self._shared.connected:
                self._list()

        def failed(why: Refusal) -> None:
            self.show(making=False, stopping=False)
            if why.code != "stopped":
                self._shared.refuse(why)

        self._shared.maker.follow(call, progressed, done, failed)

    @action
    def cancel(self) -> None:
        """Stop it: nothing is left of it."""
        if not self.state.making or self.state.stopping:
            return
        self.show(stopping=True, left=-1)
        self._shared.controls.ask(
            of_worker("Cancel", Empty(), worker_api.Stopped), lambda _: None, self._shared.refuse
        )

    @action
    def choose(self, item: int) -> None:
        """Look at this result."""
        work = self._shared.visit.work
        if any(one.item == item for one in self.state.made):
            work.result = item
            self._show_chosen()

    @action
    def seek(self, at: float) -> None:
        """Show this place of the film."""
        work = self._shared.visit.work
        if self.state.seconds:
            work.at = min(max(0.0, at), self.state.seconds)
            self._show_chosen()

    @action
    def release(self) -> None:
        """Go on to ask for the release of the result that is shown."""
        if self._shared.visit.work.result is not None and not self.state.making:
            self._shared.place.go(Step.RELEASE)

    @action
    def back(self) -> None:
        """Change the swap; one that is being made has to be stopped first."""
        if not self.state.making:
            self._shared.place.go(Step.BACK)

    def _show_left(self) -> None:
        left = self._pace.seconds_left(self._clock(), self.state.total)
        self.show(left=-1 if left is None or self.state.stopping else round(left))

    def _list(self) -> None:
        def listed(answer: worker_api.Items) -> None:
            work = self._shared.visit.work
            work.clips = clips_of(answer)
            known = {one.item for one in self.state.made}
            made = [
                Made(clip.item, small(clip.item), clip.is_film, clip.seconds, clip.engine)
                for clip in work.clips
                if clip.is_result
            ]
            self.show(made=made)
            if made and work.result not in [one.item for one in made]:
                work.result = made[-1].item
            for one in made:
                if one.item not in known:
                    show_small(self._shared, one.item)
            self._show_chosen()

        call = of_worker("Items", Empty(), worker_api.Items)
        self._shared.controls.ask(call, listed, self._shared.refuse)

    def _show_chosen(self) -> None:
        work = self._shared.visit.work
        clip = work.clip(work.result)
        if clip is None:
            return
        target = work.targets.get(clip.item)
        at = min(work.at, clip.seconds)
        self.show(
            chosen=clip.item,
            has_before=target is not None,
            seconds=clip.seconds if clip.is_film else 0.0,
            step=clip.frame_seconds,
            at=at,
        )
        pictures = {AFTER: clip.item}
        if target is not None:
            pictures[BEFORE] = target
        show_places(self._shared, pictures, at)
