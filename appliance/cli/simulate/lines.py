"""The picture of ``--lines``: measuring lines on a photo, before and after."""

from __future__ import annotations

import numpy as np

from appliance.cli.drawing.measured_lines import measured_lines
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.simulation.lettering import lettered
from appliance.pipeline.simulation.measuring.measurer import (
    HandPoints,
    Measurement,
    Measurer,
    guides,
    paths,
)
from appliance.pipeline.simulation.view import View


def measured(view: View, points: HandPoints, after: Float | None) -> Measurement:
    """All measures that a view shows; ``after``: the mesh, (478, 3) pixels, after a simulation."""
    return Measurer().measure(view, points, after)


def lines_picture(
    image: Image, view: View, points: HandPoints, after: Float | None, *, mirrored: bool
) -> Photo:
    """``image``, (h, w, 3) sRGB, of ``view``, with the lines of the measures that it shows.

    ``after``: the mesh after the simulation that ``image`` shows; its words are below it then.
    ``None``: of a photo as it was taken. ``mirrored``: as people know themselves.
    """
    names = tuple(one.name for one in measured(view, points, after).readings)
    meshes = (None,) if after is None else (None, after)
    before, *moved = (paths(view, names, points, mesh) for mesh in meshes)
    lines = moved[0] if moved else None
    drawn = measured_lines(image, before, lines, thin=guides(view, points))
    photo = Photo(np.ascontiguousarray(drawn[:, ::-1] if mirrored else drawn))
    return photo if after is None else lettered(photo)
