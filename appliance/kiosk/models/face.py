"""The face that is changed: found, drawn, chosen where there are several; points set by hand."""

from __future__ import annotations

from math import hypot
from typing import Literal

import msgspec

from appliance.kiosk.calls.services import of_worker
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step
from appliance.protocols import worker_api

# Degrees to the right of the picture by which a standard face is turned to begin with, where the
# network finds none. The side of a view is the patient's own that is seen.
_TURNS = {
    "front": 0.0,
    "oblique-right": 45.0,
    "oblique-left": -45.0,
    "profile-right": 90.0,
    "profile-left": -90.0,
}
_MOST_BACK = 50  # moves that can be undone
_FINE = 2048  # pixels of the picture under the loupe: the most that a worker makes


class Box(msgspec.Struct, frozen=True):
    """A face, in shares of the width and height of the photo.

    ``number``: the worker's, from 1, the largest. ``name``: what it is called.
    """

    x: float
    y: float
    width: float
    height: float
    number: int
    name: Literal["only", "largest", "left", "right", "between"]


class Dot(msgspec.Struct, frozen=True):
    """Where a point lies, in shares of the photo's width and height."""

    x: float
    y: float


class FaceState(msgspec.Struct, frozen=True):
    """``chosen``: the number of the face that is meant; 0: none. ``found``: whether there is one.

    ``points``: names of those that are shown; ``places``: where they lie, by name, apart from the
    names, so that what a finger is on stays while it moves. ``point``: the one that was touched
    last; ``held``: a finger is on it. ``turns``: views to begin from where none was found.
    ``can_undo``: a move can be taken back.
    """

    looking: bool = False
    boxes: list[Box] = []
    chosen: int = 0
    points: list[str] = []
    places: dict[str, Dot] = {}
    point: str = ""
    held: bool = False
    with_points: bool = False
    can_undo: bool = False
    found: bool = True
    turns: tuple[str, ...] = tuple(_TURNS)


class Face(Model[FaceState]):
    """Works on the photo that was chosen in the series."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(FaceState())
        self._shared = shared
        self._moves: list[tuple[str, tuple[float, float]]] = []
        self._start = (0.0, 0.0)

    def forget(self) -> None:
        """Drop what was found; the visit keeps what was chosen."""
        self._moves.clear()
        self.show(
            looking=False, boxes=[], chosen=0, points=[], places={}, point="", held=False,
            with_points=False, can_undo=False, found=True,
        )  # fmt: skip

    @action
    def load(self) -> None:
        """Show the photo, and look for faces."""
        self.forget()
        photo, wish = self._shared.visit.shown, self._shared.visit.wish
        if photo is None:
            return
        self.show(looking=True, with_points=bool(wish.points))
        self._shared.show_item(photo.item, "before")
        if wish.points:
            self._shared.show_item(photo.item, "fine", _FINE)
        self._shared.worker.ask(
            of_worker("Inspect", worker_api.Inspect(photo.item), worker_api.Faces),
            self._found,
            self._shared.refuse,
        )

    @action
    def choose(self, number: int) -> None:
        """This face is meant."""
        wish = self._shared.visit.wish
        if any(box.number == number for box in self.state.boxes):
            if wish.face != number:
                wish.points = {}
                self._drop_shown()
            wish.face = number
            self.show(chosen=number)
            self._keep_middle()

    @action
    def propose(self) -> None:
        """Show where points may lie, to be corrected by hand; without a face ask for the view."""
        photo = self._shared.visit.shown
        if photo is None:
            return
        if self.state.found:
            self._propose(None)
        else:
            self.turn(photo.view)

    @action
    def turn(self, view: str) -> None:
        """Begin with a standard face that is turned as in this view."""
        if view in _TURNS:
            self._propose(_TURNS[view])

    @action
    def drop_points(self) -> None:
        """Go on with what the network found."""
        self._shared.visit.wish.points = {}
        self._drop_shown()

    @action
    def select(self, name: str) -> None:
        """This point is meant by what follows."""
        if name in self._shared.visit.wish.points:
            self.show(point=name)

    @action
    def touch(self, x: float, y: float, reach_x: float, reach_y: float) -> None:
        """A finger touches the photo: the nearest point within reach is held.

        All in shares of the photo's width and height.
        """
        far = {
            name: hypot((at.x - x) / reach_x, (at.y - y) / reach_y)
            for name, at in self.state.places.items()
        }
        nearest = min(far, key=lambda name: far[name], default="")
        if nearest and far[nearest] <= 1:
            self._grab(nearest)
            at = self.state.places[nearest]
            self._start = at.x, at.y
            self.show(held=True)

    @action
    def pull(self, right: float, down: float) -> None:
        """The finger has gone so far since it touched the photo, in shares of it."""
        if self.state.held:
            x, y = self._start
            self.move(self.state.point, x + right, y + down)

    @action
    def let_go(self) -> None:
        """The finger is off the photo."""
        self.show(held=False)

    @action
    def move(self, name: str, x: float, y: float) -> None:
        """The point lies here, in shares of the photo's width and height."""
        photo, places = self._shared.visit.shown, self._shared.visit.wish.points
        if photo is None or name not in places:
            return
        places[name] = (
            min(1.0, max(0.0, x)) * photo.width,
            min(1.0, max(0.0, y)) * photo.height,
        )
        self._show_points()

    @action
    def nudge(self, name: str, right: int, down: int) -> None:
        """The point moves by pixels of the photo."""
        places = self._shared.visit.wish.points
        photo = self._shared.visit.shown
        if photo is None or name not in places:
            return
        self._grab(name)
        x, y = places[name]
        self.move(name, (x + right) / photo.width, (y + down) / photo.height)

    @action
    def undo(self) -> None:
        """Take the last move back."""
        if self._moves:
            name, place = self._moves.pop()
            self._shared.visit.wish.points[name] = place
            self.show(point=name, can_undo=bool(self._moves))
            self._show_points()

    @action
    def accept(self) -> None:
        """Go on with this face."""
        if self.state.chosen or self._shared.visit.wish.points:
            self._shared.place.go(Step.NEXT)

    def _drop_shown(self) -> None:
        self._moves.clear()
        self.show(points=[], places={}, point="", held=False, with_points=False, can_undo=False)

    def _grab(self, name: str) -> None:
        """What moves the point from here on is one move."""
        place = self._shared.visit.wish.points[name]
        self._moves = [*self._moves, (name, place)][-_MOST_BACK:]
        self.show(point=name, can_undo=True)

    def _propose(self, yaw: float | None) -> None:
        visit = self._shared.visit
        photo = visit.shown
        if photo is None:
            return
        self._shared.show_item(photo.item, "fine", _FINE)
        wanted = worker_api.ProposePoints(photo.item, face=visit.wish.face, yaw=yaw)

        def proposed(answer: worker_api.ProposedPoints) -> None:
            places = {name: (at.x, at.y) for name, at in answer.points.items()}
            self._shared.with_handles(lambda allowed: self._place(places, allowed))

        self._shared.worker.ask(
            of_worker("ProposePoints", wanted, worker_api.ProposedPoints),
            proposed,
            self._shared.refuse,
        )

    def _place(self, places: dict[str, tuple[float, float]], allowed: worker_api.Handles) -> None:
        """Show those of ``places`` that a handle of the site asks for; all if none says which."""
        asked_for = {name for handle in allowed.handles for name in handle.points}
        wish = self._shared.visit.wish
        wish.points = {
            name: place for name, place in places.items() if not asked_for or name in asked_for
        }
        self._moves.clear()
        self.show(with_points=True, point="", can_undo=False)
        self._show_points()

    def _found(self, faces: worker_api.Faces) -> None:
        photo, wish = self._shared.visit.shown, self._shared.visit.wish
        if photo is None:
            return
        boxes = [
            Box(
                face.x / photo.width,
                face.y / photo.height,
                face.width / photo.width,
                face.height / photo.height,
                number,
                _name_of(face, faces.faces),
            )
            for number, face in enumerate(faces.faces, 1)
        ]
        if wish.face is None and boxes:
            wish.face = 1
        self.show(looking=False, boxes=boxes, chosen=wish.face or 0, found=bool(boxes))
        self._keep_middle()
        self._show_points()
        if not boxes and not wish.points:
            self.propose()

    def _keep_middle(self) -> None:
        """Where the face lies that is meant, for pictures that show it closer."""
        for box in self.state.boxes:
            if box.number == self.state.chosen:
                middle = box.x + box.width / 2, box.y + box.height / 2
                self._shared.visit.wish.middle = (*middle, box.height)

    def _show_points(self) -> None:
        photo = self._shared.visit.shown
        if photo is not None:
            places = {
                name: Dot(x / photo.width, y / photo.height)
                for name, (x, y) in self._shared.visit.wish.points.items()
            }
            self.show(places=places, points=list(places))


def _name_of(
    face: worker_api.Face, faces: list[worker_api.Face]
) -> Literal["only", "largest", "left", "right", "between"]:
    """What a face is called among ``faces``, the largest of which is the first."""
    if face is faces[0]:
        return "largest" if len(faces) > 1 else "only"
    order = sorted(faces, key=lambda one: one.x)
    return "left" if face is order[0] else "right" if face is order[-1] else "between"
