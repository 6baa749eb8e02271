"""Who in the target gets the face: everybody, one by the place, or the person on a photo."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import of_worker
from appliance.kiosk.models.looking import show_places, small
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step
from appliance.kiosk.visit.work import Choice
from appliance.protocols import worker_api

PICTURE = "before"


class Found(msgspec.Struct, frozen=True):
    """A face, in shares of the width and height of the picture. ``rules``: that choose it."""

    x: float
    y: float
    width: float
    height: float
    rules: list[Choice]


class PersonsState(msgspec.Struct, frozen=True):
    """``seconds``, ``step`` and ``at``: of a film; ``seconds`` is 0 for a photo.

    ``like``: the name of the picture of the person who is looked for, or nothing.
    """

    looking: bool = False
    found: list[Found] = []
    choice: Choice = "largest"
    like: str = ""
    seconds: float = 0.0
    step: float = 0.04
    at: float = 0.0


class Persons(Model[PersonsState]):
    """Shows the target at a place of it, with the faces there."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(PersonsState())
        self._shared = shared

    def forget(self) -> None:
        """Drop what was found; the visit keeps what was chosen."""
        self.reset()

    @action
    def load(self) -> None:
        """Show the target, and look for faces."""
        work = self._shared.visit.work
        film = work.film
        self.show(
            choice=work.choice,
            like="" if work.like is None else small(work.like),
            seconds=0.0 if film is None else film.seconds,
            step=0.04 if film is None else film.frame_seconds,
            at=work.at,
        )
        self._look()

    @action
    def seek(self, at: float) -> None:
        """Look at this place of the film."""
        work = self._shared.visit.work
        if work.film is not None:
            work.at = min(max(0.0, at), work.film.seconds)
            self.show(at=work.at)
            self._look()

    @action
    def choose(self, choice: Choice) -> None:
        """These faces are meant; whom a photo shows is asked for on a screen of its own."""
        work = self._shared.visit.work
        if choice == "like":
            self._shared.place.go(Step.LIKE)
            return
        work.choice = choice
        self.show(choice=choice)

    @action
    def accept(self) -> None:
        """Go on to the swap."""
        self._shared.place.go(Step.NEXT)

    def _look(self) -> None:
        work = self._shared.visit.work
        target, at = work.target, work.at
        if target is None:
            return
        self.show(looking=True)

        def seen(sizes: dict[str, worker_api.Viewed]) -> None:
            size = sizes[PICTURE]

            def found(answer: worker_api.Faces) -> None:
                if (work.target, work.at) == (target, at):
                    self.show(looking=False, found=_found(answer, size))

            def failed(why: Refusal) -> None:
                self.show(looking=False, found=[])
                self._shared.refuse(why)

            wanted = worker_api.Inspect(target, at)
            self._shared.previews.ask(of_worker("Inspect", wanted, worker_api.Faces), found, failed)

        show_places(self._shared, {PICTURE: target}, at, seen)


def _found(answer: worker_api.Faces, size: worker_api.Viewed) -> list[Found]:
    order = sorted(answer.faces, key=lambda face: face.x + face.width / 2)
    largest = max(order, key=lambda face: face.width * face.height, default=None)
    found: list[Found] = []
    for number, face in enumerate(order):
        rules: list[Choice] = ["all"]
        if face is largest:
            rules.append("largest")
        if number == 0:
            rules.append("left")
        if number == len(order) - 1:
            rules.append("right")
        found.append(
            Found(
                face.x / size.width,
                face.y / size.height,
                face.width / size.width,
                face.height / size.height,
                rules,
            )
        )
    return found
