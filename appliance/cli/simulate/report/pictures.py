"""The pictures of a report: the face before and after, what moved, and the lines on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image as PillowImage

from appliance.cli.drawing.displacement import arrow_field, exaggeration
from appliance.cli.drawing.measured_lines import measured_lines
from appliance.cli.drawing.portrait import PortraitFraming
from appliance.cli.simulate.report.request import ReportRequest
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.simulation.lettering import strip
from appliance.pipeline.simulation.measuring.measurer import Measurement, guides, paths

SIZE = (720, 864)
"""Width and height of every picture in pixels: 300 to the inch where it is 61 mm wide."""

_MARGIN, _CLOSE = 1.6, 1.35  # height of what is shown over that of the face
_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Picture:
    """``jpeg``: without metadata. ``caption``: below it."""

    jpeg: bytes
    caption: str


def encoded(image: Image, caption: str) -> Picture:
    """``image``, (h, w, 3) RGB, as JPEG."""
    file = BytesIO()
    PillowImage.fromarray(np.ascontiguousarray(image)).save(file, "JPEG", quality=_QUALITY)
    return Picture(file.getvalue(), caption)


def compared(request: ReportRequest) -> tuple[Picture, ...]:
    """The face before, with the least to be expected, and as wished."""
    framing = _framing(request, _MARGIN)
    shown = [(request.photo, "Before", False)]
    if request.least is not None:
        shown.append((request.least.picture, "Least to be expected", True))
    shown.append((request.wished.picture, "Wished", True))
    return tuple(
        _picture(request, framing.show(PhotoCanvas(image)), caption, simulated=simulated)
        for image, caption, simulated in shown
    )


def explained(request: ReportRequest, measurement: Measurement) -> tuple[Picture, ...]:
    """The displacement as arrows; and, where something was measured, the lines of the measures."""
    framing = _framing(request, _CLOSE)
    photo = framing.show(PhotoCanvas(request.photo))
    scale = framing.box.w / framing.size[0]
    before, after = (_placed(framing, mesh) for mesh in (request.view.mesh, request.wished.mesh))
    arrows = arrow_field(photo, before, after, request.triangles, request.view.scale.mm * scale)
    times = exaggeration(before, after, max(framing.size))
    longer = "as long as the way" if times == 1 else f"{times} times as long as the way"
    moves = np.abs(after - before).max() > 0
    caption = f"Displacement as wished; arrows {longer}" if moves else "No place is moved"
    pictures = [_picture(request, arrows, caption)]
    names = tuple(reading.name for reading in measurement.readings)
    if names:
        wished = framing.show(PhotoCanvas(request.wished.picture))
        old, new = (
            [framing.place(line) for line in paths(request.view, names, request.points, mesh)]
            for mesh in (None, request.wished.mesh)
        )
        thin = [framing.place(line) for line in guides(request.view, request.points)]
        drawn = measured_lines(wished, old, new, thin=thin)
        pictures.append(_picture(request, drawn, "Lines before (orange), as wished (green)"))
    return tuple(pictures)


def _framing(request: ReportRequest, margin: float) -> PortraitFraming:
    face = Face(request.view.mesh, 1.0)
    return PortraitFraming.around(face, PhotoCanvas(request.photo), above_words(), margin)


def above_words() -> tuple[int, int]:
    """Width and height of a picture that has the words below it."""
    return SIZE[0], SIZE[1] - _words().shape[0]


def worded(image: Image, *, simulated: bool) -> Image:
    """``image`` above the words, or above as much white where nothing was ``simulated``."""
    return np.vstack([image, _words() if simulated else np.full_like(_words(), 255)])


@cache
def _words() -> Image:
    """What stands below every picture that shows a simulation: (h, w, 3)."""
    return strip(*SIZE)[..., None].repeat(3, axis=2)


def _placed(framing: PortraitFraming, mesh: Float) -> Float:
    """A mesh in pixels of the framing, its depth in the same unit."""
    depth = mesh[:, 2] * np.float32(framing.size[0] / framing.box.w)
    return np.column_stack([framing.place(mesh[:, :2]), depth]).astype(np.float32)


def _picture(
    request: ReportRequest, image: Image, caption: str, *, simulated: bool = True
) -> Picture:
    shown = image[:, ::-1] if request.mirrored else image
    return encoded(worded(shown, simulated=simulated), caption)
