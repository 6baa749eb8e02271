"""The certificate as an A4 PDF: the same bytes for the same entry of the same log.

It uses the standard fonts, which every PDF reader has (ISO 32000-1, 9.6.2.2), so none is embedded.
"""

from __future__ import annotations

from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    Flowable,
    Paragraph,
    Preformatted,
    SimpleDocTemplate,
    Spacer,
    Table,
)
from reportlab.platypus.flowables import HRFlowable  # type: ignore[import-untyped]

from appliance.audit.export.certificate.code import Code
from appliance.audit.export.certificate.facts import CHECKER, HOW_TO_CHECK, TITLE, Certificate, Fact

# The colours of audit/export/templates/style.css.
_INK, _SOFT, _LINE = HexColor("#1d2329"), HexColor("#5d6670"), HexColor("#dde1e6")
_MARGIN = 20 * mm
_NAMES = 44 * mm  # width of the column of names
_PADDING = 6  # points that the library adds inside the margins
_WIDTH = A4[0] - 2 * (_MARGIN + _PADDING)

_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=22, leading=28, textColor=_INK)
_HEAD = ParagraphStyle("head", _TITLE, fontSize=13, leading=17, spaceBefore=14, spaceAfter=4)
_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=9.5, leading=13.5, textColor=_INK)
_NAME = ParagraphStyle("name", _TEXT, textColor=_SOFT)
_EXACT = ParagraphStyle("exact", _TEXT, fontName="Courier", fontSize=9, splitLongWords=True)
_RAW = ParagraphStyle("raw", _EXACT, fontSize=6.5, leading=8)
_LONGEST = 110  # characters in a line of the proof as text

_MODULE = 2.0  # points: the largest QR code, of 177 modules, still fits the page


def as_pdf(certificate: Certificate) -> bytes:
    """The PDF document."""
    page = BytesIO()
    document = SimpleDocTemplate(
        page,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=TITLE,
        author="face-appliance",
        lang="en",
        invariant=1,
    )
    document.build([
        Paragraph(TITLE, _TITLE),
        Spacer(0, 3 * mm),
        HRFlowable(width="100%", thickness=1.2, color=_INK, spaceAfter=2 * mm),
        _table(certificate.facts),
        Paragraph("Proof", _HEAD),
        Paragraph(f'{escape(HOW_TO_CHECK)} <font face="Courier">{CHECKER}</font>.', _NAME),
        Spacer(0, 3 * mm),
        _proof(certificate),
    ])  # fmt: skip
    return page.getvalue()


def _table(facts: tuple[Fact, ...]) -> Table:
    rows = [
        (
            Paragraph(escape(fact.name), _NAME),
            Paragraph(escape(fact.value), _EXACT if fact.exact else _TEXT),
        )
        for fact in facts
    ]
    return Table(
        rows,
        colWidths=(_NAMES, _WIDTH - _NAMES),
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.6, _LINE),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ],
    )


def _proof(certificate: Certificate) -> Flowable:
    code = certificate.code()
    if code is None:
        return Preformatted(certificate.proof.decode(), _RAW, maxLineLength=_LONGEST)
    return Code(code, _MODULE)
