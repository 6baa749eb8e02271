"""Simulations of the session's photos: each photo's view is found once, and moved often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import cast

from appliance.audit.entries import events
from appliance.audit.entries.fields import HandleName
from appliance.errors import HandleError
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.topology import mouth_openness
from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.run import face_of_one
from appliance.pipeline.simulation.honesty import Given, check_bounds, honest_values
from appliance.pipeline.simulation.simulator import Simulator
from appliance.pipeline.simulation.view import View
from appliance.worker.hand_over import fingerprint
from appliance.worker.served_session import ServedSession
from appliance.worker.single_entry_cache import SingleEntryCache
from appliance.worker.workspace import Workspace

_PHOTO = "the photo"


@dataclass(frozen=True, slots=True)
class Moved:
    """A photo that was moved by ``values``, and why handles were left out, by handle."""

    photo: Photo
    values: Mapping[str, float]
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A photo, or a small copy of it, with the view of its face."""

    photo: Photo
    view: View
    mouth_gap: float


class Simulations:
    """For one thread at a time, except ``clear``."""

    def __init__(self, workspace: Workspace, analyser: FaceAnalyser, one_picture: Lock) -> None:
        """``one_picture``: held while a photo of full size is in memory."""
        self._workspace, self._analyser = workspace, analyser
        self._one_picture = one_picture
        self._small: SingleEntryCache[_Seen] = SingleEntryCache()

    @cached_property
    def _simulator(self) -> Simulator:
        # Most sessions need none.
        return Simulator(self._analyser.canonical)

    def clear(self) -> None:
        """Forget the small copy. From any thread."""
        self._small.clear()

    def preview(self, item: int, handles: Mapping[str, float], side: int) -> Moved:
        """A copy of ``item`` of at most ``side`` pixels, moved.

        Raises ``HandleError`` for what :func:`check_bounds` refuses, or if no handle is honest.
        """
        check_bounds(handles)
        return self._moved(
            self._small.get((item, side), lambda: self._thumbnail(item, side)), handles
        )

    def simulate(self, item: int, handles: Mapping[str, float]) -> Moved:
        """The photo ``item``, moved; raises as :meth:`preview`. Hold ``one_picture`` meanwhile."""
        check_bounds(handles)
        return self._moved(self._seen(self._workspace.photo(item)), handles)

    def log(self, served: ServedSession, job: int, item: int, moved: Moved) -> None:
        """Record which photo was moved by which handles: no other person had a part in it."""
        with self._workspace.item(item).path.open("rb") as file:
            digest = fingerprint(file)[0].hex()
        moves = [
            events.HandleMoved(served.session, job, cast("HandleName", name), round(1000 * value))
            for name, value in moved.values.items()
        ]
        applied = events.SimulationApplied(served.session, job, digest)
        served.ledger.append_all([applied, *moves])

    def _moved(self, seen: _Seen, handles: Mapping[str, float]) -> Moved:
        values, left_out = honest_values(handles, seen.view.yaw, Given(seen.mouth_gap))
        if handles and not values:
            name, reason = next(iter(left_out.items()))
            raise HandleError(
                f"{name} would not be honest here: {reason}.",
                "Use a photo of another view or expression.",
            )
        photo = replace(seen.photo, pixels=seen.photo.pixels.copy())
        self._simulator.simulate(photo.canvas, seen.view, values)
        return Moved(photo, values, left_out)

    def _thumbnail(self, item: int, side: int) -> _Seen:
        with self._one_picture:
            photo = self._workspace.photo(item)
            in_srgb = in_colours_of(photo, Photo(photo.pixels))
            return self._seen(Photo(in_srgb.canvas.thumbnail(side)))

    def _seen(self, photo: Photo) -> _Seen:
        canvas = photo.canvas
        face = face_of_one(self._analyser, canvas, _PHOTO)
        return _Seen(photo, self._simulator.view(canvas, face), mouth_openness(face.points))
