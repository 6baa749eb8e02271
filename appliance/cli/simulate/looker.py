"""Looks at the photos of a series: where the face is, how large, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from appliance.cli.framework.options import which_face_hint
from appliance.cli.process.input_files import naming_file
from appliance.cli.simulate.place_types import LengthValue
from appliance.cli.simulate.request import SimulationRequest
from appliance.errors import InputError
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.simulation.drawn_region import MOST_REGIONS, DrawnRegion, read_regions
from appliance.pipeline.simulation.honesty import Given, honest_values
from appliance.pipeline.simulation.measuring.measurer import HandPoints
from appliance.pipeline.simulation.points import NAMED, PlacedPoints, read_points
from appliance.pipeline.simulation.scale import Scale
from appliance.pipeline.simulation.view import View
from appliance.pipeline.subject import Asked, subject, view_of

LIKELY = (0.6, 1.6)
"""How many times as large as faces are a face may be by a length that was typed: children's are
0.75, and what the irises or the mean of adults tell may be wrong by a fifth."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a photo before anything is done with it.

    ``view``: of its face. ``given``: what its honest handles depend on. ``values``: of the handles
    that are asked for and honest there; ``left_out``: why others are not. ``points``: set by hand,
    by mesh point. ``regions``: that are to be changed.
    """

    view: View
    given: Given
    values: Mapping[str, float]
    left_out: Mapping[str, str]
    points: HandPoints
    regions: Sequence[DrawnRegion]


@dataclass(frozen=True, slots=True)
class Looker:
    """Looks at photos; ``placed``: the open files of points, one for each photo or none.

    ``drawn``: the open files of regions.
    """

    request: SimulationRequest
    analyser: FaceAnalyser
    placed: Sequence[BinaryIO]
    drawn: Sequence[BinaryIO]

    def look(self, number: int, canvas: Canvas) -> Look:
        """At photo ``number``, from 0 on.

        Raises ``InputError`` for points, lengths or regions that do not belong to it, and
        ``NoFaceError`` where neither the network nor points show a face.
        """
        name = self.request.names[number].lower()
        asked = Asked(name, self.request.face, which_face_hint("--face"))
        with naming_file(f"The points of {name}"):
            points = self._points(number, canvas)
            found = subject(self.analyser, canvas, points, asked)
        view, length = found.view, self.request.length(number)
        if length is not None:
            scale = _scale(length, view, points)
            view = view_of(self.analyser, canvas, found.face, points, scale)
        kept, reasons = honest_values(self.request.wished, view.yaw, found.given)
        by_hand = {} if points is None else points.by_index
        left_out = {name: reason.words for name, reason in reasons.items()}
        return Look(view, found.given, kept, left_out, by_hand, self._regions(canvas))

    def _points(self, number: int, canvas: Canvas) -> PlacedPoints | None:
        if not self.placed:
            return None
        file = self.placed[number]
        file.seek(0)
        return read_points(file.read(), (canvas.width, canvas.height))

    def _regions(self, canvas: Canvas) -> tuple[DrawnRegion, ...]:
        size = (canvas.width, canvas.height)
        found = [*self.request.regions]
        for file in self.drawn:
            with naming_file("The file of regions"):
                file.seek(0)
                found += read_regions(file.read(), size)
        if len(found) > MOST_REGIONS:
            raise InputError(f"There are more than {MOST_REGIONS} regions.", "Draw fewer.")
        return tuple(found)


def _scale(length: LengthValue, view: View, points: PlacedPoints | None) -> Scale:
    """By a ``length`` in the photo of ``view``. Raises ``InputError``."""
    if length.names is not None:
        one, other = (_named(name, view, points) for name in length.names)
    else:
        one, other = (np.array(place, np.float32) for place in length.places or ())
    scale = Scale.of_length(one, other, length.mm)
    if not LIKELY[0] <= scale.mm / view.scale.mm <= LIKELY[1]:
        raise InputError(
            "By this length the face would be far smaller or larger than faces are.",
            "Compare the length with its two places; it must lie across the line of sight.",
        )
    return scale


def _named(name: str, view: View, points: PlacedPoints | None) -> Float:
    """Where a point that was set by hand lies: (3,) pixels, as deep as the mesh there."""
    if points is None or name not in points.places:
        raise InputError(
            f"The length names {name}, which is not among the points.",
            "Add it to the file of --points, or name two places.",
        )
    x, y = points.places[name]
    depth = view.mesh[NAMED[name].index, 2] - view.mesh[:, 2].mean()
    return np.array([x, y, depth], np.float32)
