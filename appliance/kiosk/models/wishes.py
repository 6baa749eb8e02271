"""A wish as the worker is asked for it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from appliance.kiosk.visit.visit import Wish
from appliance.protocols import worker_api

Shows: TypeAlias = Literal["wished", "least"]


def subject_of(wish: Wish) -> worker_api.Subject:
    """The face that is meant; there must be a photo."""
    return worker_api.Subject(wish.photo or 0, _places(wish), face=wish.face)


def preview_of(wish: Wish, shows: Shows, side: int) -> worker_api.PreviewSimulation | None:
    """What is asked for to see the wish; ``None`` if nothing of it ``shows``.

    What is made by hand is wished; of it nothing can be said to be the least.
    """
    is_wished = shows == "wished"
    values = dict(wish.handles if is_wished else wish.least)
    drags, regions = (list(wish.drags), list(wish.regions)) if is_wished else ([], [])
    if wish.photo is None or not (values or drags or regions):
        return None
    return worker_api.PreviewSimulation(
        wish.photo,
        values,
        drags,
        regions,
        _places(wish),
        face=wish.face,
        shows=shows,
        side=side,
    )


def result_of(wish: Wish) -> worker_api.Simulate | None:
    """What is asked for to have the result of the wish; ``None`` if it is for nothing."""
    shown = preview_of(wish, "wished", 64)
    if shown is None:
        return None
    return worker_api.Simulate(
        shown.photo, shown.handles, shown.drags, shown.regions, shown.points, face=shown.face
    )


def _places(wish: Wish) -> dict[str, worker_api.Place]:
    return {name: worker_api.Place(x, y) for name, (x, y) in wish.points.items()}
