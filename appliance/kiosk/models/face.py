"""The face that is changed: found, drawn, chosen where there are several; points set by hand."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.services import of_worker
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step
from appliance.protocols import worker_api
from appliance.protocols.worker_api.simulation import Choice


class Box(msgspec.Struct, frozen=True):
    """A face, in shares of the width and height of the photo. ``choice`` as the worker takes it."""

    x: float
    y: float
    width: float
    height: float
    choice: str


class Dot(msgspec.Struct, frozen=True):
    """A point on the face, in shares of the photo's width and height."""

    name: str
    x: float
    y: float


class FaceState(msgspec.Struct, frozen=True):
    """``found``: whether the network found the face. ``points``: shown, to be dragged."""

    looking: bool = False
    boxes: list[Box] = []
    chosen: str = ""
    points: list[Dot] = []
    with_points: bool = False
    found: bool = True


class Face(Model[FaceState]):
    """Works on the photo that was chosen in the series."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(FaceState())
        self._shared = shared

    def forget(self) -> None:
        """Drop what was found; the visit keeps what was chosen."""
        self.show(looking=False, boxes=[], chosen="", points=[], with_points=False, found=True)

    @action
    def load(self) -> None:
        """Show the photo, and look for faces."""
        photo = self._shared.visit.shown
        if photo is None:
            return
        self.show(looking=True, boxes=[], points=[], with_points=bool(self._shared.visit.points))
        self._shared.show_item(photo.item, "before")
        self._shared.worker.ask(
            of_worker("Inspect", worker_api.Inspect(photo.item), worker_api.Faces),
            self._found,
            self._shared.refuse,
        )

    @action
    def choose(self, choice: str) -> None:
        """This face is meant."""
        if any(box.choice == choice for box in self.state.boxes):
            visit = self._shared.visit
            if visit.choice != choice:
                visit.points = {}
            visit.choice = choice
            self.show(chosen=choice, points=[], with_points=False)

    @action
    def propose(self) -> None:
        """Show where points may lie, to be corrected by hand."""
        photo = self._shared.visit.shown
        if photo is None:
            return
        wanted = worker_api.ProposePoints(photo.item, _choice(self._shared.visit.choice))

        def proposed(answer: worker_api.ProposedPoints) -> None:
            places = {name: (at.x, at.y) for name, at in answer.points.items()}
            self._shared.visit.points = places
            self.show(found=answer.network, with_points=True)
            self._show_points()

        self._shared.worker.ask(
            of_worker("ProposePoints", wanted, worker_api.ProposedPoints),
            proposed,
            self._shared.refuse,
        )

    @action
    def drop_points(self) -> None:
        """Go on with what the network found."""
        self._shared.visit.points = {}
        self.show(points=[], with_points=False)

    @action
    def move(self, name: str, x: float, y: float) -> None:
        """The point lies here, in shares of the photo's width and height."""
        visit = self._shared.visit
        photo = visit.shown
        if photo is None or name not in visit.points:
            return
        visit.points[name] = (
            min(1.0, max(0.0, x)) * photo.width,
            min(1.0, max(0.0, y)) * photo.height,
        )
        self._show_points()

    @action
    def accept(self) -> None:
        """Go on with this face."""
        if self.state.chosen or self._shared.visit.points:
            self._shared.place.go(Step.NEXT)

    def _found(self, faces: worker_api.Faces) -> None:
        photo = self._shared.visit.shown
        if photo is None:
            return
        order = sorted(faces.faces, key=lambda face: face.x)
        largest = max(order, key=lambda face: face.width * face.height, default=None)
        boxes = []
        for number, face in enumerate(order):
            choice = (
                "largest"
                if face is largest
                else "left"
                if number == 0
                else "right"
                if number == len(order) - 1
                else ""
            )
            if choice:
                boxes.append(
                    Box(
                        face.x / photo.width,
                        face.y / photo.height,
                        face.width / photo.width,
                        face.height / photo.height,
                        choice,
                    )
                )
        visit = self._shared.visit
        if visit.choice is None and largest is not None:
            visit.choice = "largest"
        self.show(looking=False, boxes=boxes, chosen=visit.choice or "", found=bool(boxes))
        self._show_points()
        if not boxes and not visit.points:
            self.propose()

    def _show_points(self) -> None:
        photo = self._shared.visit.shown
        if photo is not None:
            self.show(
                points=[
                    Dot(name, x / photo.width, y / photo.height)
                    for name, (x, y) in self._shared.visit.points.items()
                ]
            )


def _choice(choice: str | None) -> Choice | None:
    return msgspec.convert(choice, Choice) if choice else None
