"""Looks at the two photos of a pair: pose, points, expression, and whether it is one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from appliance.cli.framework.options import which_face_hint
from appliance.cli.process.input_files import decode_photo, naming_file
from appliance.errors import NotSamePersonError
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.selection import WhichFace
from appliance.pipeline.simulation.accuracy.expression import Expression, check_expressions
from appliance.pipeline.simulation.accuracy.meter import Sight
from appliance.pipeline.simulation.points import (
    NAMED,
    PlacedPoints,
    mean_points,
    read_points,
    scatter_of,
)
from appliance.pipeline.subject import Asked, face_if_any, view_of

_LEFT = 0.06  # pixels within which a point is where the network proposed it: files have tenths


@dataclass(frozen=True, slots=True)
class Look:
    """A ``photo`` and its face; ``face`` is ``None`` where the network found none."""

    photo: Photo
    sight: Sight
    face: Face | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A ``photo``, and files of ``points`` that were set on it; ``name``: as messages call it."""

    photo: BinaryIO
    points: Sequence[BinaryIO]
    name: str


def look(analyser: FaceAnalyser, opened: Opened, which: WhichFace | None) -> Look:
    """At a photo with the mean of its points. Raises ``InputError`` where they do not fit it."""
    what = opened.name
    photo = decode_photo(opened.photo, what)
    canvas = photo.canvas
    face = face_if_any(analyser, canvas, Asked(what.lower(), which, which_face_hint("--face")))
    with naming_file(f"The points of {what.lower()}"):
        size = (canvas.width, canvas.height)
        sets = [read_points(file.read(), size) for file in opened.points]
        placed = mean_points(sets)
        view = view_of(analyser, canvas, face, placed)
    gap = 0.0 if face is None else Expression.of(face.points).gap
    untouched = frozenset().union(*(_untouched(one, face) for one in sets))
    sight = Sight(
        view=view,
        points=placed,
        untouched=untouched,
        network=face is not None,
        mouth_gap=gap,
        sets=len(sets),
        scatter=scatter_of(sets) * view.scale.mm,
    )
    return Look(photo, sight, face)


def check_rest(before: Look, later: Look) -> None:
    """Raises ``HandleError`` where the expressions of the two faces differ, if both were found."""
    if before.face is not None and later.face is not None:
        check_expressions(Expression.of(before.face.points), Expression.of(later.face.points))


def likeness_of(analyser: FaceAnalyser, before: Look, later: Look) -> float | None:
    """Of the two faces, SFace's cosine; ``None`` where one of them was not found."""
    if before.face is None or later.face is None:
        return None
    one, other = (_embedding(analyser, seen, seen.face) for seen in (before, later) if seen.face)
    return similarity(one, other)


def check_person(likeness: float | None, threshold: float, *, demanded: bool) -> None:
    """Raises ``NotSamePersonError`` for two people, or if it cannot be seen and is ``demanded``."""
    if likeness is None and demanded:
        raise NotSamePersonError(
            "It cannot be seen whether the photos show one person, as no face was found in one.",
            "Use photos that show more of the face; the policy of this site asks for it.",
        )
    if likeness is not None and likeness < threshold:
        raise NotSamePersonError(
            "The photos do not show the same person.",
            "Name two photos of the person who was operated on.",
        )


def _embedding(analyser: FaceAnalyser, seen: Look, face: Face) -> Float:
    canvas = in_colours_of(seen.photo, Photo(seen.photo.pixels)).canvas
    return analyser.embedding(canvas, face)


def _untouched(points: PlacedPoints, face: Face | None) -> frozenset[str]:
    if face is None:
        return frozenset()
    return frozenset(
        name
        for name, at in points.places.items()
        if np.abs(face.mesh[NAMED[name].index, :2] - at).max() < _LEFT
    )
