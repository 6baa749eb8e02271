"""The page of one pair: before, simulated and later aligned, and what was achieved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from appliance.audit.export.certificate.facts import Fact
from appliance.cli.drawing.aligned import fringes, laid_over
from appliance.cli.drawing.displacement import exaggeration
from appliance.cli.drawing.overlay import dots, faded, pen, strokes
from appliance.cli.drawing.portrait import PortraitFraming
from appliance.cli.drawing.sheet import ACCENT, Colour
from appliance.cli.simulate.accuracy.summary import Summary, signed
from appliance.cli.simulate.report.content import Content, Table
from appliance.cli.simulate.report.pictures import SIZE, Picture, above_words, encoded, worded
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.simulation.accuracy.achieved import Accuracy
from appliance.pipeline.simulation.view import View

TITLE = "Accuracy"
_WISHED: Colour = (224, 122, 31)
_START: Colour = (60, 60, 60)
_MARGIN = 1.4  # height of what is shown over that of the face
_NEAR, _AROUND = 80.0, 2.2  # the least height in mm of what is shown near by, and over the moves'
_STIRRED = 0.2  # mm from which a landmark counts as moved


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows: (h, w, 3) RGB before, simulated and later, and what was found.

    ``view``: of the face before.
    """

    before: Image
    simulated: Image
    later: Image
    view: View
    found: Accuracy
    summary: Summary


def page(shown: Shown) -> Content:
    """The page's content."""
    canvas = PhotoCanvas(shown.before)
    framing = PortraitFraming.around(Face(shown.view.mesh, 1.0), canvas, above_words(), _MARGIN)
    before, simulated = (
        framing.show(PhotoCanvas(image)) for image in (shown.before, shown.simulated)
    )
    later = _aligned(shown, framing)
    near = _near(shown)
    alike = fringes(near.show(PhotoCanvas(shown.simulated)), _aligned(shown, near))
    return Content(
        headline=(),
        compared=(
            encoded(worded(before, simulated=False), "Before"),
            encoded(worded(simulated, simulated=True), "Simulated, as wished"),
            encoded(worded(later, simulated=False), "Later, aligned"),
        ),
        explained=(
            encoded(worded(alike, simulated=True), "Simulated alone orange, later alone blue"),
            _moves(shown, near),
        ),
        handles=_handles(shown.summary),
        measures=Table((), ()),
        notes=tuple(_notes(shown)),
        definitions=(),
        facts=tuple(_facts(shown.summary)),
        proof=None,
        title=TITLE,
    )


def _aligned(shown: Shown, framing: PortraitFraming) -> Image:
    first, second = shown.found.poses
    solid = shown.view.shape.astype(np.float64)
    wanted = framing.place(first.laid(solid).astype(np.float32))
    return laid_over(shown.later, second.laid(solid).astype(np.float32), wanted, framing.size)


def _places(found: Accuracy) -> tuple[Float, Float, Float]:
    """Where the moved landmarks were, should have gone, and went: each (n, 2) pixels."""
    solids = (found.before, found.wished, found.later)
    way = sum(np.linalg.norm(solid - found.before, axis=1) for solid in solids)
    start, wished, later = (
        found.poses[0].laid(solid[way > _STIRRED].astype(np.float64)).astype(np.float32)
        for solid in solids
    )
    return start, wished, later


def _near(shown: Shown) -> PortraitFraming:
    """The part of the photo before that shows what moved."""
    places, canvas = np.concatenate(_places(shown.found)), PhotoCanvas(shown.before)
    low, high = places.min(axis=0), places.max(axis=0)
    shown_size = above_words()
    shape = shown_size[0] / shown_size[1]
    wanted = _AROUND * max(float(high[1] - low[1]), float(high[0] - low[0]) / shape)
    height = max(_NEAR / shown.view.scale.mm, wanted)
    height = min(height, canvas.height, canvas.width / shape)
    w, h = max(1, int(height * shape)), max(1, int(height))
    x, y = ((low + high) / 2 - (w / 2, h / 2)).tolist()
    x, y = min(max(0, round(x)), canvas.width - w), min(max(0, round(y)), canvas.height - h)
    return PortraitFraming(Box(x, y, w, h), shown_size)


def _moves(shown: Shown, framing: PortraitFraming) -> Picture:
    """Where each landmark should have gone, and went."""
    start, wished, later = map(framing.place, _places(shown.found))
    ends = np.concatenate([wished, later])
    times = exaggeration(np.concatenate([start, start]), ends, max(SIZE))
    before = framing.show(PhotoCanvas(shown.before))
    drawn, width = faded(before), pen(before)
    for there, colour, wide in ((wished, _WISHED, 3), (later, ACCENT, 1)):
        lines = _lengthened(start, there, times)
        drawn = strokes(drawn, lines, colour, wide * width)
        drawn = dots(drawn, [line[1] for line in lines], colour, (wide + 1.5) * width)
    drawn = dots(drawn, [*start], _START, 1.5 * width)
    longer = "" if times == 1 else f", {times} times as long"
    drawn = worded(drawn, simulated=True)
    return encoded(drawn, f"Moves: wished orange, achieved blue{longer}")


def _lengthened(start: Float, end: Float, times: int) -> list[Float]:
    pairs = zip(start, start + times * (end - start), strict=True)
    return [np.array(pair, np.float32) for pair in pairs]


def _handles(summary: Summary) -> Table:
    rows = [
        (
            name,
            f"{one.least:+g}",
            f"{one.wished:+g} {one.unit}",
            f"{signed(one.achieved)} ± {one.error:.1f}",
            signed(one.deviation),
        )
        for name, one in summary.handles.items()
    ]
    return Table(("Handle", "least", "wished", "achieved", "deviation"), tuple(rows))


def _notes(shown: Shown) -> Iterator[str]:
    for name, one in shown.summary.handles.items():
        if one.agrees:
            yield f"{name}: the deviation is no more than two errors, and may be one of measuring."
    for name, reason in shown.summary.unmeasured.items():
        yield f"Not measured: {name}, because {reason}."
    yield (
        "± is one standard deviation: of points set by hand on both photos (0.7 mm are assumed), "
        "of the depth of the face, of both poses and of the scale. Landmarks are read under the "
        "model that the handles' moves are what was done: what else was operated on near by counts "
        "as theirs. Swelling, weight and age count too."
    )
    yield (
        "The later photo is laid over the first by an affine map; what a turned head shows and "
        "hides otherwise is not taken back, so coloured edges far from the operation are pose."
    )


def _facts(summary: Summary) -> Iterator[Fact]:
    yield Fact("Pose", f"turned by {summary.turned:.0f}° between the photos")
    yield Fact("Scale", f"± {100 * summary.scale_error:.1f} %, by the {summary.scale_by}")
    yield Fact("Points set by hand", f"{summary.points} compared, misfit {summary.misfit:.1f}")
    alike = "not compared" if summary.likeness is None else f"likeness {summary.likeness:.2f}"
    yield Fact("Person", alike)
