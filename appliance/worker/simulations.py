"""Simulations of the session's photos: each photo's face is looked at once, and moved often."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from threading import Lock

from appliance.errors import HandleError
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.run import face_of_one
from appliance.pipeline.selection import FaceRule
from appliance.pipeline.simulation.drawn_region import DrawnRegion
from appliance.pipeline.simulation.free_hand import Drag
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.honesty import Given, honest_values, why_not
from appliance.pipeline.simulation.measuring.measurer import HandPoints, guides, paths
from appliance.pipeline.simulation.points import checked
from appliance.pipeline.simulation.regions import RegionChanger
from appliance.pipeline.simulation.simulator import Simulator
from appliance.pipeline.simulation.view import View
from appliance.pipeline.subject import Asked, Proposal, face_if_any, proposal_of, subject_of
from appliance.protocols.worker_api import Drag as WantedDrag
from appliance.protocols.worker_api import Place, ProposePoints, Simulate, Subject
from appliance.worker.recent_cache import RecentCache
from appliance.worker.workspace import Workspace

_WHICH = "Say which one by the choice, largest, left or right, or by its number."


@dataclass(frozen=True, slots=True)
class Moved:
    """A photo that was moved by ``values``, and why handles were left out, as codes by handle.

    ``share``: of the move that could be made without folds. ``areas``: of the regions, mm².
    ``network``: whether the network found the face.
    """

    photo: Photo
    values: Mapping[str, float]
    left_out: Mapping[str, str]
    share: float
    areas: Sequence[float]
    network: bool


_RECENT = 8
"""How many photos, looks at them and small copies are kept: those of a series."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The face that the network finds in a photo of ``size`` (w, h), pixels, if it finds one."""

    face: Face | None
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reach:
    """What can be asked of a face.

    ``left_out``: codes of why handles are not honest there, by handle. ``yaw``: degrees. ``scale``:
    pixels of the photo to a mm. ``lines``: that divide the face, each (2, 2) pixels of the photo.
    """

    left_out: Mapping[str, str]
    yaw: float
    scale: float
    lines: Sequence[Float]


@dataclass(frozen=True, slots=True)
class _Look:
    """A photo's face, in a picture of ``width`` pixels: what depends on photo and points alone."""

    view: View
    given: Given
    width: int
    by_hand: HandPoints


class Simulations:
    """For the one thread that holds ``one_picture``, except ``clear`` and the moving itself.

    A photo's face is searched and measured in the whole photo, by the points that were set in it,
    and the outcome kept: a preview and its result show the same, and a pair of results costs one
    look. A point that is moved costs no search, and another photo of the series no second one.
    """

    def __init__(self, workspace: Workspace, analyser: FaceAnalyser, one_picture: Lock) -> None:
        """``one_picture``: held while a photo of full size is in memory."""
        self._workspace, self._analyser = workspace, analyser
        self._one_picture = one_picture
        self._seen: RecentCache[_Seen] = RecentCache(_RECENT)
        self._looks: RecentCache[_Look] = RecentCache(_RECENT)
        self._small: RecentCache[Photo] = RecentCache(_RECENT)

    @cached_property
    def _simulator(self) -> Simulator:
        # Most sessions need none.
        return Simulator(self._analyser.canonical)

    @cached_property
    def _regions(self) -> RegionChanger:
        return RegionChanger(self._analyser.canonical)

    def clear(self) -> None:
        """Forget faces and small copies. From any thread."""
        self._seen.clear()
        self._looks.clear()
        self._small.clear()

    def propose(self, wanted: ProposePoints) -> Proposal:
        """Landmarks of a photo's face.

        Raises ``NoFaceError`` where there are several and none was chosen, or none and no yaw.
        """
        with self._one_picture:
            asked = _asked(wanted)
            seen = self._seen.get(
                _whose(wanted),
                lambda: self._searched(self._workspace.photo(wanted.photo).canvas, asked),
            )
            return proposal_of(self._analyser, seen.size, seen.face, wanted.yaw, asked)

    def reach(self, wanted: Subject, handles: Iterable[str]) -> Reach:
        """What can be asked of a photo's face; raises as :func:`subject`."""
        with self._one_picture:
            look = self._look(wanted, lambda: self._workspace.photo(wanted.photo))
        reasons = {name: why_not(HANDLES[name], look.view.yaw, look.given) for name in handles}
        return Reach(
            left_out={name: reason.code for name, reason in reasons.items() if reason is not None},
            yaw=look.view.yaw,
            scale=1 / look.view.scale.mm,
            lines=(*paths(look.view, (), look.by_hand), *guides(look.view, look.by_hand)),
        )

    def preview(self, wanted: Simulate, side: int) -> Moved:
        """A copy of the photo of at most ``side`` pixels, changed.

        Raises ``HandleError`` if no handle is honest, or for drags and regions that cannot be, and
        ``NoFaceError`` and ``InputError`` as :func:`subject`.
        """
        with self._one_picture:
            read = cache(lambda: self._workspace.photo(wanted.photo))
            look = self._look(wanted, read)
            small = self._small.get((wanted.photo, side), lambda: _shrunk(read(), side))
        copy = Photo(small.pixels.copy())
        factor = copy.canvas.width / look.width
        return self._moved(copy, wanted, look.given, look.view.scaled(factor), factor)

    def simulate(self, wanted: Simulate) -> Moved:
        """The photo, changed; raises as :meth:`preview`. Hold ``one_picture`` meanwhile."""
        photo = self._workspace.photo(wanted.photo)
        look = self._look(wanted, lambda: photo)
        return self._moved(photo, wanted, look.given, look.view, 1.0)

    def _look(self, wanted: Subject | Simulate, read: Callable[[], Photo]) -> _Look:
        return self._looks.get(_key(wanted), lambda: self._looked(read, wanted))

    def _looked(self, read: Callable[[], Photo], wanted: Subject | Simulate) -> _Look:
        asked = _asked(wanted)
        seen = self._seen.get(_whose(wanted), lambda: self._searched(read().canvas, asked))
        points = None
        if wanted.points:
            places = {name: (place.x, place.y) for name, place in wanted.points.items()}
            points = checked(places, seen.size)
        elif seen.face is None:
            face_of_one(self._analyser, read().canvas, asked.name, asked.which, asked.hint)
        found = subject_of(self._analyser, seen.size, seen.face, points)
        by_hand = {} if points is None else points.by_index
        return _Look(found.view, found.given, seen.size[0], by_hand)

    def _searched(self, canvas: Canvas, asked: Asked) -> _Seen:
        return _Seen(face_if_any(self._analyser, canvas, asked), (canvas.width, canvas.height))

    def _moved(
        self, photo: Photo, wanted: Simulate, given: Given, view: View, factor: float
    ) -> Moved:
        """``photo``, changed in place; its sides are ``factor`` times as long as the imported."""
        values, reasons = honest_values(wanted.handles, view.yaw, given)
        if wanted.handles and not values:
            name, reason = next(iter(reasons.items()))
            raise HandleError(
                f"{name} would not be honest here: {reason}.",
                "Use a photo of another view or expression, or set its points by hand.",
            )
        canvas = photo.canvas
        regions = [
            DrawnRegion(
                region.mode,
                [_at(corner, factor, canvas) for corner in region.corners],
                region.share,
            )
            for region in wanted.regions
        ]
        shape = self._regions.change(canvas, view, regions) if regions else None
        drags = [
            Drag.by_mm(
                _at(Place(one.x, one.y), factor, canvas), (one.right, one.down), view.scale.mm
            )
            for one in wanted.drags
        ]
        done = self._simulator.simulate(canvas, view, values, drags, shape)
        areas = [region.area(view.scale.mm) for region in regions]
        left_out = {name: reason.code for name, reason in reasons.items()}
        return Moved(photo, values, left_out, done.share, areas, given.network)


def _asked(wanted: Subject | Simulate | ProposePoints) -> Asked:
    rule = None if wanted.choice is None else FaceRule(wanted.choice)
    return Asked("the photo", rule or wanted.face, _WHICH)


def _whose(wanted: Subject | Simulate | ProposePoints) -> Hashable:
    """What the face depends on."""
    return wanted.photo, wanted.choice, wanted.face


def _key(wanted: Subject | Simulate) -> Hashable:
    """What the look at a photo depends on."""
    places = sorted((name, place.x, place.y) for name, place in wanted.points.items())
    return _whose(wanted), tuple(places)


def _shrunk(photo: Photo, side: int) -> Photo:
    in_srgb = in_colours_of(photo, Photo(photo.pixels))
    return Photo(in_srgb.canvas.thumbnail(side))


def _at(place: Place | WantedDrag, factor: float, canvas: Canvas) -> tuple[float, float]:
    """Where a place of the imported photo lies in a copy; in the photo itself it stays."""
    if factor == 1:
        return place.x, place.y
    x, y = ((value + 0.5) * factor - 0.5 for value in (place.x, place.y))
    return min(max(x, 0.0), canvas.width - 1.0), min(max(y, 0.0), canvas.height - 1.0)
