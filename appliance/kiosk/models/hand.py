"""What is changed by hand: places that are dragged, and regions that are drawn."""

from __future__ import annotations

from collections.abc import Callable
from math import hypot
from typing import Literal, TypeAlias

import msgspec

from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.protocols import worker_api

Tool: TypeAlias = Literal["handles", "drag", "region"]
Kind: TypeAlias = Literal["drag", "region"]
Mode: TypeAlias = Literal["line", "region", "shape", "mean"]
Place: TypeAlias = tuple[float, float]

_MOST_DRAGS, _MOST_REGIONS, _MOST_CORNERS = 64, 16, 200  # of one simulation
_FEWEST_CORNERS = 3
_ALL = 100  # percent
_BY_SHARES: frozenset[Mode] = frozenset({"shape", "mean"})


class Stroke(msgspec.Struct, frozen=True):
    """From one place to another, in shares of the photo's width and height."""

    x: float
    y: float
    to_x: float
    to_y: float


class Spot(msgspec.Struct, frozen=True):
    """A place, in shares of the photo's width and height."""

    x: float
    y: float


class HandState(msgspec.Struct, frozen=True):
    """``tool``: what a finger on the photo does. ``drag_mm``: how far a place may go, 0: nowhere.

    ``corners``: of the region that is being drawn. ``outlines``: of those that are changed.
    ``can_undo``: a drag, corner or region can be taken back. ``can_enclose``: there are corners
    enough.
    """

    tool: Tool = "handles"
    drag_mm: float = 0.0
    with_regions: bool = False
    mode: Mode = "region"
    share: int = _ALL
    by_shares: bool = False
    drags: list[Stroke] = []
    corners: list[Spot] = []
    outlines: list[list[Spot]] = []
    can_undo: bool = False
    can_enclose: bool = False


class Hand(Model[HandState]):
    """``changed`` is called when the picture has to follow."""

    def __init__(self, shared: Shared, changed: Callable[[], None]) -> None:
        super().__init__(HandState())
        self._shared = shared
        self._changed = changed
        self._scale = 0.0
        self._size = (1, 1)
        self._made: list[Kind] = []
        self._unseen = 0

    def forget(self) -> None:
        """Drop what is shown; the visit keeps what was made."""
        self._scale = 0.0
        self._made.clear()
        self._unseen = 0
        self.show(
            tool="handles", drag_mm=0.0, with_regions=False, drags=[], corners=[], outlines=[],
            can_undo=False, can_enclose=False,
        )  # fmt: skip

    def measure(self, scale: float, size: tuple[int, int]) -> None:
        """The photo has so many pixels to a mm, and this size."""
        self._scale, self._size = scale, size
        wish = self._shared.visit.wish
        regions: list[Kind] = ["region"] * len(wish.regions)
        drags: list[Kind] = ["drag"] * len(wish.drags)
        self._made = regions + drags
        self.show_all()

    def allow(self, drag_mm: float, *, regions: bool) -> None:
        """What the site allows."""
        self.show(drag_mm=drag_mm, with_regions=regions)

    def see(self) -> None:
        """A picture shows all that was made."""
        self._unseen = 0

    def take_back(self) -> bool:
        """Take the last drag or region back if no picture has shown it yet; whether there was."""
        if not self._unseen:
            return False
        self._unseen -= 1
        self._pop()
        self.show_all()
        return True

    def show_all(self) -> None:
        """Show what the visit has."""
        wish = self._shared.visit.wish
        self._made = self._made if wish.drags or wish.regions else []
        width, height = self._size
        self.show(
            drags=[self._stroke(one) for one in wish.drags],
            outlines=[
                [Spot(one.x / width, one.y / height) for one in region.corners]
                for region in wish.regions
            ],
            can_undo=bool(self._made or self.state.corners),
            can_enclose=len(self.state.corners) >= _FEWEST_CORNERS,
        )

    @action
    def choose(self, tool: Tool) -> None:
        """What a finger on the photo does."""
        allowed = {
            "handles": True,
            "drag": self.state.drag_mm > 0,
            "region": self.state.with_regions,
        }
        if allowed.get(tool, False):
            self.show(tool=tool, corners=[])
            self.show_all()

    @action
    def choose_mode(self, mode: Mode) -> None:
        """What is done with the region."""
        self.show(mode=mode, by_shares=mode in _BY_SHARES)

    @action
    def choose_share(self, share: float) -> None:
        """How far the shape goes, in percent."""
        self.show(share=min(_ALL, max(1, round(share))))

    @action
    def drag(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """The place goes there, as far as the site allows; a move of nothing holds it."""
        wish, most = self._shared.visit.wish, self.state.drag_mm
        if self.state.tool != "drag" or not self._scale or len(wish.drags) >= _MOST_DRAGS:
            return
        width, height = self._size
        right = (to_x - x) * width / self._scale
        down = (to_y - y) * height / self._scale
        length = hypot(right, down)
        part = min(1.0, most / length) if length else 0.0
        # Rounded down, so that the sum is not beyond the bound by a rounding.
        right, down = (int(1000 * one * part) / 1000 for one in (right, down))
        place = _inside(x) * width, _inside(y) * height
        wish.drags.append(worker_api.Drag(*place, right, down))
        self._made.append("drag")
        self._unseen += 1
        self._finish()

    @action
    def corner(self, x: float, y: float) -> None:
        """The region that is being drawn has a corner here."""
        if self.state.tool == "region" and len(self.state.corners) < _MOST_CORNERS:
            self.show(corners=[*self.state.corners, Spot(_inside(x), _inside(y))])
            self.show_all()

    @action
    def enclose(self) -> None:
        """The region is complete: change it."""
        wish, state = self._shared.visit.wish, self.state
        if len(state.corners) < _FEWEST_CORNERS or len(wish.regions) >= _MOST_REGIONS:
            return
        width, height = self._size
        share = state.share if state.mode in _BY_SHARES else _ALL
        corners = [worker_api.Place(one.x * width, one.y * height) for one in state.corners]
        wish.regions.append(worker_api.Region(state.mode, corners, share))
        self._made.append("region")
        self._unseen += 1
        self.show(corners=[])
        self._finish()

    @action
    def undo(self) -> None:
        """Take the last corner, drag or region back."""
        if self.state.corners:
            self.show(corners=self.state.corners[:-1])
            self.show_all()
        elif self._made:
            self._unseen = max(0, self._unseen - 1)
            self._pop()
            self._finish()

    def _pop(self) -> None:
        wish = self._shared.visit.wish
        (wish.drags if self._made.pop() == "drag" else wish.regions).pop()

    def _finish(self) -> None:
        self.show_all()
        self._changed()

    def _stroke(self, one: worker_api.Drag) -> Stroke:
        end = one.x + one.right * self._scale, one.y + one.down * self._scale
        return stroke_of((one.x, one.y), end, self._size)


def stroke_of(start: Place, end: Place, size: tuple[int, int]) -> Stroke:
    """A stroke between places of a photo of this ``size``, all in its pixels."""
    width, height = size
    return Stroke(start[0] / width, start[1] / height, end[0] / width, end[1] / height)


def _inside(share: float) -> float:
    return min(1.0, max(0.0, share))
