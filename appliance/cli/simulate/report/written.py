"""A report as a file: its name, its kind, and what goes into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.cli.simulate.report.content import content
from appliance.cli.simulate.report.html import as_html
from appliance.cli.simulate.report.pdf import as_pdf
from appliance.cli.simulate.report.request import ReportRequest
from appliance.errors import OutputError
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.media.photo.decode import Photo, in_colours_of

_KINDS = (".pdf", ".html")


@dataclass(frozen=True, slots=True)
class ReportStyle:
    """Whether pictures are shown as in a mirror, and the ``name`` that is printed."""

    mirrored: bool = False
    name: str | None = None


def check_report_name(path: Path) -> None:
    """Raises ``OutputError`` unless the suffix says which kind of report is wanted."""
    if path.suffix.lower() not in _KINDS:
        raise OutputError(
            "A report is a PDF or a page of HTML.", "Let its name end in .pdf or .html."
        )


def written_report(request: ReportRequest, path: Path) -> bytes:
    """The report in the kind that the suffix of ``path`` names."""
    page = content(request)
    return as_pdf(page) if path.suffix.lower() == ".pdf" else as_html(page)


def picture(photo: Photo) -> Image:
    """The photo as people see it, in sRGB: (h, w, 3)."""
    canvas = in_colours_of(photo, Photo(photo.pixels)).canvas
    return canvas.thumbnail(max(canvas.width, canvas.height))
