from __future__ import annotations

import base64
import re
import subprocess
import sys
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from appliance.cli.simulate.report.content import UNCHANGED, Content, content
from appliance.cli.simulate.report.html import as_html
from appliance.cli.simulate.report.pdf import as_pdf
from appliance.cli.simulate.report.pictures import SIZE
from appliance.cli.simulate.report.request import ReportRequest
from appliance.inference.pack import ModelPack
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.simulation.lettering import strip
from appliance.pipeline.simulation.words import WORDS
from tests.cli.simulate.requests import LEAST_SHA, PHOTO_SHA, PROOF, WISHED_SHA, request_of
from tests.paths import REPOSITORY

NAME = "王小明 Jane Canary"
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


class Links(HTMLParser):
    """Everything in a page that a reader would fetch, run or send."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [
            value or "" for name, value in attrs if name in {"src", "href", "srcset", "data"}
        ]


@pytest.fixture(scope="module")
def canonical(pack: ModelPack) -> Canonical:
    return Canonical.load(pack.read("canonical-mesh"))


@pytest.fixture(scope="module")
def request_(canonical: Canonical) -> ReportRequest:
    return request_of(canonical)


@pytest.fixture(scope="module")
def page(request_: ReportRequest) -> Content:
    return content(request_)


def streams(pdf: bytes) -> bytes:
    """All that is drawn and described in a PDF, unpacked; its pictures left out."""
    unpacked = b""
    for stream in STREAM.findall(pdf):
        text = stream.strip()
        packed = base64.a85decode(text[:-2]) if text.endswith(b"~>") else stream
        if not packed.startswith(b"\xff\xd8"):
            unpacked += zlib.decompressobj().decompress(packed)
    return unpacked


def text_of(html: bytes) -> str:
    """A page without its pictures and fonts, in which letters come by chance."""
    return re.sub(r"base64,[A-Za-z0-9+/=]*", "base64,", html.decode())


def row(page: Content, name: str) -> tuple[str, ...]:
    return next(cells for cells in page.measures.rows if cells[0] == name)


def test_the_pdf_is_one_page_with_the_words_in_both_languages(page: Content) -> None:
    pdf = as_pdf(page)
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    drawn = streams(pdf)
    assert WORDS[0].encode() in drawn
    # Chinese characters are drawn by number; the font, which is embedded, says what they are.
    assert pdf.count(b"/FontFile2") == 1
    for character in WORDS[1]:
        assert f"<{ord(character):04X}>".encode() in drawn


def test_the_pdf_stays_one_page_however_much_there_is_to_show(page: Content) -> None:
    crowded = replace(
        page,
        handles=replace(page.handles, rows=page.handles.rows * 10),
        measures=replace(page.measures, rows=page.measures.rows * 2),
        notes=page.notes * 3,
    )
    assert len(re.findall(rb"/Type /Page\b", as_pdf(crowded))) == 1


def test_the_same_request_gives_the_same_bytes(request_: ReportRequest, page: Content) -> None:
    again = content(request_)
    assert as_pdf(again) == as_pdf(page)
    assert as_html(again) == as_html(page)


def test_the_html_is_utf_8_and_refers_to_nothing_outside_itself(page: Content) -> None:
    html = as_html(page)
    text = text_of(html)
    assert '<meta charset="utf-8">' in text
    assert all(words in text for words in WORDS)
    links = Links()
    links.feed(html.decode())
    assert len(links.fetched) == 5
    assert all(one.startswith("data:image/jpeg;base64,") for one in links.fetched)
    assert not links.tags & {"script", "link", "iframe", "object", "form", "base", "a"}
    assert set(re.findall(r"url\(\"?([^)]{5})", text)) == {"data:"}
    assert "://" not in text
    assert "default-src 'none'" in text


def test_pictures_are_in_the_page_without_metadata(page: Content) -> None:
    for picture in (*page.compared, *page.explained):
        image = Image.open(BytesIO(picture.jpeg))
        assert image.size == SIZE
        assert {*image.info} <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not image.getexif()
    captions = [picture.caption for picture in page.compared]
    assert captions == ["Before", "Least to be expected", "Wished"]
    lines = page.explained[-1].caption
    assert "(orange)" in lines
    assert "(green)" in lines


def test_no_name_and_no_path_is_on_a_page_unless_it_was_typed(
    request_: ReportRequest, page: Content
) -> None:
    named = content(replace(request_, name=NAME))
    assert named == replace(page, headline=(NAME,))
    for words in ("Canary", str(REPOSITORY), "/tmp", "王"):  # noqa: S108 - a path that must not be
        assert words not in text_of(as_html(page))
        assert words.encode() not in as_pdf(page) + streams(as_pdf(page))
    html = text_of(as_html(named))
    assert html.count(NAME) == 1
    assert "<title>Simulation</title>" in html
    pdf = as_pdf(named)
    assert b"Canary" in streams(pdf)
    assert b"Canary" not in STREAM.sub(b"", pdf)


def test_a_name_is_text_and_never_markup(request_: ReportRequest) -> None:
    named = content(replace(request_, name="<b>&Jane</b>"))
    assert "&lt;b&gt;&amp;Jane&lt;/b&gt;" in as_html(named).decode()
    drawn = b"".join(re.findall(rb"\((.*?)\) Tj", streams(as_pdf(named))))
    assert b"<b>&Jane</b>" in drawn


def test_handles_have_their_values_bounds_and_moves(page: Content) -> None:
    assert page.handles.heads == ("Handle", "least", "wished", "bounds", "moves")
    alar, chin = page.handles.rows
    assert alar[:4] == ("alar-width", "-1.0 mm", "-2.0 mm", "-5 to 4 mm")
    assert chin[0] == "chin-height"
    moved = re.fullmatch(r"(\d\.\d) ± (\d\.\d) mm", chin[4])
    assert moved
    assert float(moved[1]) == pytest.approx(3, abs=0.2)
    assert float(moved[2]) == pytest.approx(3 * 0.065, abs=0.06)


def test_measures_are_those_before_and_where_the_simulation_moved_them(page: Content) -> None:
    _, before, least, wished, change = row(page, "alar width")
    value = float(before.split(" ")[0])
    assert float(least.split(" ")[0]) == pytest.approx(value - 1, abs=0.11)
    assert float(wished.split(" ")[0]) == pytest.approx(value - 2, abs=0.11)
    assert change.startswith("-2.0 ± 0.")
    assert row(page, "mouth width")[4] == UNCHANGED
    assert row(page, "mouth width")[3] == row(page, "mouth width")[2]


def test_the_page_tells_what_was_not_measured_and_what_the_errors_are_not(page: Content) -> None:
    notes = " ".join(page.notes)
    assert "Not measured: nasolabial angle, nasofrontal angle" in notes
    assert "It needs a profile" in notes
    assert "repeatability, not accuracy" in notes
    assert "a symmetrical face an asymmetry of 1.5 mm" in notes
    assert all(definition.source for definition in page.definitions)


def test_the_record_names_pose_scale_hashes_and_proof(page: Content) -> None:
    facts = {fact.name: fact.value for fact in page.facts}
    assert facts["Pose"] == "yaw +0°, pitch +0°"
    assert facts["Scale"] == "0.500 mm a pixel ± 6.5 %, by a length that was given"
    assert facts["Photo, SHA-256"] == PHOTO_SHA
    assert facts["Result, least, SHA-256"] == LEAST_SHA
    assert facts["Result, wished, SHA-256"] == WISHED_SHA
    text = text_of(as_html(page))
    assert (facts["Log entry"], facts["Log"]) == ("7", PROOF.vkey)
    for shown in (PHOTO_SHA, LEAST_SHA, WISHED_SHA, PROOF.text.splitlines()[0]):
        assert shown in text
    assert len(as_pdf(page)) > len(as_pdf(replace(page, proof=None)))


def test_a_proof_too_long_for_a_code_is_printed_as_text(page: Content) -> None:
    pdf = as_pdf(replace(page, proof="c2sp.org/tlog-proof@v1\n" + 60 * (50 * "Y" + "\n")))
    assert b"c2sp.org" in streams(pdf)
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1


def test_a_profile_is_reported_with_its_angles(canonical: Canonical) -> None:
    page = content(request_of(canonical, 85))
    names = [cells[0] for cells in page.measures.rows]
    assert names[0] == "nasolabial angle"
    change = row(page, "nasolabial angle")[4]
    assert change.startswith("+")
    assert len(page.explained) == 2
    assert as_pdf(page)


def test_without_least_measures_or_proof_a_page_is_made_all_the_same(
    request_: ReportRequest,
) -> None:
    turned = replace(request_.view, yaw=30.0)
    left_out = {"hump": "it needs points that are set by hand"}
    page = content(
        replace(request_, view=turned, least=None, proof=None, left_out=left_out, date="2026-01-02")
    )
    assert [picture.caption for picture in page.compared] == ["Before", "Wished"]
    assert not page.measures.rows
    assert len(page.explained) == 1
    assert page.handles.heads == ("Handle", "wished", "bounds", "moves")
    assert "Left out here: hump, because it needs points that are set by hand." in page.notes
    assert page.headline == ("2026-01-02",)
    assert len(re.findall(rb"/Type /Page\b", as_pdf(page))) == 1
    assert "Proof" not in text_of(as_html(page))
    assert "This simulation was not logged" in text_of(as_html(page))
    assert b"not logged" in streams(as_pdf(page))


def test_what_could_not_be_moved_without_folds_is_told(request_: ReportRequest) -> None:
    page = content(replace(request_, wished=replace(request_.wished, share=0.5)))
    assert any(note.startswith("Reduced to 50 %") for note in page.notes)
    assert page.handles.rows[0][4].startswith("0.5 ±")


def test_pictures_can_be_shown_as_in_a_mirror(request_: ReportRequest, page: Content) -> None:
    mirrored = content(replace(request_, mirrored=True))
    for one, other in zip(
        page.compared + page.explained, mirrored.compared + mirrored.explained, strict=True
    ):
        pixels, flipped = (
            np.asarray(Image.open(BytesIO(picture.jpeg)), float) for picture in (one, other)
        )
        above = SIZE[1] - strip(*SIZE).shape[0]
        # In blocks: of noise, single pixels are not what a JPEG keeps.
        assert np.abs(cv2.blur(pixels - flipped[:, ::-1], (4, 4)))[:above].mean() < 2
        assert np.abs(cv2.blur(pixels - flipped, (4, 4)))[:above].mean() > 4
        # The words can be read all the same.
        assert np.abs(pixels - flipped)[above:].mean() < 1
    assert any("mirrored" in note for note in mirrored.notes)


def test_after_its_preparation_a_report_opens_no_file_and_imports_nothing() -> None:
    program = """
import sys
from appliance.inference.pack import ModelPack
from appliance.pipeline.face_model.canonical import Canonical
from appliance.cli.simulate.report.prepare import prepare
from appliance.cli.simulate.report.content import content
from appliance.cli.simulate.report.html import as_html
from appliance.cli.simulate.report.pdf import as_pdf
from tests.cli.simulate.requests import request_of
from dataclasses import replace

front, profile = (request_of(Canonical.load(ModelPack.open().read("canonical-mesh")), yaw)
                  for yaw in (0, 85))
prepare()
def refuse(event, arguments):
    if event in ("open", "import", "socket.connect", "subprocess.Popen"):
        raise RuntimeError((event, *arguments[:1]))
sys.addaudithook(refuse)
for request in (front, profile, replace(front, name="\\u738b Jane", least=None, mirrored=True)):
    page = content(request)
    assert as_pdf(page) and as_html(page)
try:
    open("/dev/null")
except RuntimeError:
    print("sealed")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.stdout == "sealed\n", done.stderr
