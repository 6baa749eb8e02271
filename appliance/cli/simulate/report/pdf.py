"""The report as one A4 page: the same bytes for the same request.

Latin text is in the standard fonts, which every PDF reader has (ISO 32000-1, 9.6.2.2). The words
that have to be read are in a font that is embedded. A typed name in Chinese is in STSong-Light, one
of Adobe's fonts for Simplified Chinese, which readers take from their own, or one like it: those
that have none show boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from string import hexdigits
from xml.sax.saxutils import escape

import segno
from reportlab.lib.colors import HexColor  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    Flowable,
    Image,
    KeepInFrame,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)
from reportlab.platypus.flowables import HRFlowable  # type: ignore[import-untyped]

from appliance.audit.export.certificate.code import Code
from appliance.audit.export.certificate.facts import CHECKER, Fact
from appliance.cli.simulate.report.content import PROVED, Content
from appliance.cli.simulate.report.content import Table as Rows
from appliance.cli.simulate.report.pictures import SIZE, Picture
from appliance.pipeline.simulation.lettering import words_font
from appliance.pipeline.simulation.words import WORDS

CHINESE, _EMBEDDED = "STSong-Light", "words"

# The colours of audit/export/templates/style.css.
_INK, _SOFT, _LINE = HexColor("#1d2329"), HexColor("#5d6670"), HexColor("#dde1e6")
_MARGIN = 13 * mm
_PADDING = 6  # points that the library adds inside the margins
_WIDTH = A4[0] - 2 * (_MARGIN + _PADDING)
_HEIGHT = A4[1] - 2 * (_MARGIN + _PADDING) - 1
_GAP = 3 * mm
_LARGE = (_WIDTH - 2 * _GAP) / 3  # width of a picture of the upper row
_SMALL = 47 * mm  # and of the lower one
_PROOF = 46 * mm
_MODULE = 1.0  # points: 0.35 mm, which cameras of telephones still read

_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=17, leading=20, textColor=_INK)
_WORDS = ParagraphStyle("words", fontName="Helvetica-Bold", fontSize=10.5, leading=14)
_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=7.6, leading=9.6, textColor=_INK)
_HEAD = ParagraphStyle("head", _TEXT, textColor=_SOFT)
_RIGHT = ParagraphStyle("right", _TEXT, fontSize=9, leading=12, alignment=2)
_NOTE = ParagraphStyle("note", _TEXT, fontSize=6.4, leading=7.8, textColor=_SOFT)
_EXACT = ParagraphStyle(
    "exact", _TEXT, fontName="Courier", fontSize=6.6, leading=8, splitLongWords=1
)


def as_pdf(page: Content) -> bytes:
    """The PDF document: one page, shrunk a little if there is much to show."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    pdfmetrics.registerFont(TTFont(_EMBEDDED, BytesIO(words_font(1))))
    file = BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=page.title,
        author="face-appliance",
        lang="en",
        invariant=1,
    )
    document.build([KeepInFrame(_WIDTH, _HEIGHT, list(_flow(page)), mode="shrink")])
    return file.getvalue()


def _flow(page: Content) -> list[Flowable]:
    return [
        _headline(page),
        HRFlowable(width="100%", thickness=1.2, color=_INK, spaceAfter=1.5 * mm),
        Paragraph(f'{escape(WORDS[0])} <font face="{_EMBEDDED}">{WORDS[1]}</font>', _WORDS),
        Spacer(0, 2 * mm),
        _side_by_side(page.compared, _LARGE),
        Spacer(0, 2.5 * mm),
        _lower(page),
        Spacer(0, 2.5 * mm),
        *_measured(page),
        Spacer(0, 1.5 * mm),
        *(Paragraph(_mixed(note), _NOTE) for note in page.notes),
        *([Paragraph(_sources(page), _NOTE)] if page.definitions else []),
    ]


def _headline(page: Content) -> Table:
    right = [Paragraph(_mixed(line), _RIGHT) for line in page.headline]
    return _plain([[Paragraph(escape(page.title), _TITLE), right]], (0.5 * _WIDTH, 0.5 * _WIDTH))


def _side_by_side(pictures: Sequence[Picture], width: float) -> Table:
    cells = [_picture(picture, width) for picture in pictures]
    return _plain([cells], [width + _GAP] * (len(cells) - 1) + [width])


def _picture(picture: Picture, width: float) -> list[Flowable]:
    image = Image(BytesIO(picture.jpeg), width, width * SIZE[1] / SIZE[0], hAlign="LEFT")
    caption = Paragraph(_mixed(picture.caption), ParagraphStyle("caption", _HEAD, rightIndent=_GAP))
    return [image, Spacer(0, 1 * mm), caption]


def _lower(page: Content) -> Table:
    """The explained pictures, and on their right the handles and the facts."""
    room = len(page.explained) * (_SMALL + _GAP)
    right = _WIDTH - room
    columns = (5, *([3] * (len(page.handles.heads) - 3)), 4, 4)
    column: list[Flowable] = [_rows(page.handles, right, columns), Spacer(0, 2 * mm)]
    column.append(_facts(page.facts, right))
    if not page.measures.rows:
        column += _proof(page.proof)
    cells = [_picture(picture, _SMALL) for picture in page.explained]
    return _plain([[*cells, column]], [*([_SMALL + _GAP] * len(cells)), right])


def _measured(page: Content) -> list[Flowable]:
    """The measures, and on their right the proof."""
    if not page.measures.rows:
        return []
    columns = (3, *([2] * (len(page.measures.heads) - 1)))
    if page.proof is None:
        return [_rows(page.measures, _WIDTH, columns)]
    left = _WIDTH - _PROOF - _GAP
    table = _rows(page.measures, left, columns)
    return [_plain([[table, _proof(page.proof)]], (left + _GAP, _PROOF))]


def _facts(facts: Sequence[Fact], width: float) -> Table:
    rows = [
        [
            Paragraph(_mixed(fact.name), _HEAD),
            Paragraph(_broken(fact.value) if fact.exact else _mixed(fact.value), _style(fact)),
        ]
        for fact in facts
    ]
    return _ruled(rows, (0.3 * width, 0.7 * width))


def _style(fact: Fact) -> ParagraphStyle:
    return _EXACT if fact.exact else _TEXT


def _proof(proof: str | None) -> list[Flowable]:
    if proof is None:
        return []
    text = Paragraph(f"{PROVED}. For {CHECKER}.", _HEAD)
    try:
        code = segno.make_qr(proof.encode(), error="l", boost_error=False)
    except segno.DataOverflowError:
        return [text, Paragraph(escape(proof).replace("\n", "<br/>"), _EXACT)]
    drawn = Code(code, min(_MODULE, _PROOF / len(code.matrix)))
    drawn.hAlign = "LEFT"
    return [text, Spacer(0, 1.5 * mm), drawn]


def _rows(table: Rows, width: float, shares: Sequence[float]) -> Table:
    """A table over ``width`` with columns of these ``shares``, which need not sum to 1."""
    widths = [width * share / sum(shares) for share in shares]
    rows = [[Paragraph(_mixed(head), _HEAD) for head in table.heads]]
    rows += [[Paragraph(_unbroken(cell), _TEXT) for cell in row] for row in table.rows]
    return _ruled(rows, widths)


def _sources(page: Content) -> str:
    """The measures by the source of their definition."""
    sources = dict.fromkeys(one.source for one in page.definitions)
    listed = (
        f"{', '.join(one.name for one in page.definitions if one.source == source)}: {source}"
        for source in sources
    )
    return _mixed("Definitions. " + "; ".join(listed) + ".")


def _plain(rows: Sequence[Sequence[object]], widths: Sequence[float]) -> Table:
    return Table(
        rows,
        colWidths=list(widths),
        hAlign="LEFT",
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
        ],
    )


def _ruled(rows: list[list[Flowable]], widths: Sequence[float]) -> Table:
    return Table(
        rows,
        colWidths=list(widths),
        hAlign="LEFT",
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ("TOPPADDING", (0, 0), (-1, -1), 1.2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.6),
        ],
    )


def _broken(digest: str) -> str:
    """A digest in groups of eight, so that it breaks between them; what is none stays as it is."""
    if not all(character in hexdigits for character in digest):
        return escape(digest)
    return escape(" ".join(digest[at : at + 8] for at in range(0, len(digest), 8)))


def _unbroken(cell: str) -> str:
    return _mixed(cell).replace(" ", "\N{NO-BREAK SPACE}")


def _mixed(text: str) -> str:
    """``text`` as markup, with what the standard fonts do not have in the Chinese one."""
    parts: list[str] = []
    chinese = False
    for character in text:
        if (not _is_latin(character)) != chinese:
            chinese = not chinese
            parts.append(f'<font face="{CHINESE}">' if chinese else "</font>")
        parts.append(escape(character))
    return "".join(parts) + ("</font>" if chinese else "")


def _is_latin(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
