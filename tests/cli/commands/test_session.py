"""The certificate of erasure, out of a real ledger."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from appliance.audit.entries.events import (
    SessionClosed,
    SessionOpened,
    SessionWiped,
    WorkspaceErased,
)
from appliance.audit.entries.recorder import Recorder
from appliance.audit.export.certificate import facts
from appliance.audit.export.certificate.pdf import as_pdf
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from appliance.audit.tlog.proofs import MOST_IN_QR
from appliance.cli.commands.session import session
from appliance.errors import OutputError, SessionError

SESSION, OTHER = "0123456789abcdef", "fedcba9876543210"
Purpose: TypeAlias = Literal["work", "training"]
MEASURED = WorkspaceErased("ab" * 32, "luks-header-dropped", 4, 0, "whole", 1200)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Of two sessions: one wiped, one only closed."""
    return _ledger(tmp_path, MEASURED)


def _ledger(tmp_path: Path, *measured: WorkspaceErased, purpose: Purpose = "work") -> Path:
    folder, keys_folder = tmp_path / "ledger", tmp_path / "ledger-keys"
    keys = LedgerKeys.create(keys_folder, "example.test/log")
    anchor = FileAnchor(keys_folder / ANCHOR)
    create_ledger(folder, keys.signer, anchor)
    Recorder(Ledger(folder, keys.signer, anchor)).record(
        [
            ("broker", SessionOpened(SESSION, "a" * 32, purpose=purpose)),
            ("broker", SessionClosed(SESSION, "token-removed", jobs=2, ms=60_000)),
            *(("keeper", event) for event in measured),
            ("broker", SessionWiped(SESSION, "ab" * 32, "luks-header-dropped", 4, 0, 1234)),
            ("broker", SessionClosed(OTHER, "user", jobs=0, ms=1)),
        ]
    )
    return folder


def _run(ledger: Path, identifier: str, output: Path) -> None:
    arguments = ["certificate", identifier, "--ledger", str(ledger), "--output", str(output)]
    CliRunner().invoke(session, arguments, catch_exceptions=False)


def test_the_html_names_what_was_erased_and_how(ledger: Path, tmp_path: Path) -> None:
    output = tmp_path / "certificate.html"
    _run(ledger, SESSION, output)
    page = output.read_text()
    for expected in (
        SESSION,
        "ab" * 32,
        "token-removed",
        "Purge",
        "Cryptographic erase",
        "1234 ms",
    ):
        assert expected in page
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ((MEASURED,), "By the keeper (log entry 3): 4 planted canaries readable before, 0 after"),
        ((), "Not recorded by the keeper. The broker states: 4 planted canaries"),
        ((replace(MEASURED, key="cd" * 32),), "Not recorded by the keeper."),
        ((replace(MEASURED, after=4, failed="discard"),), "Not recorded by the keeper."),
        ((replace(MEASURED, before=0),), "none, for no planted canary was readable before"),
        ((replace(MEASURED, search="partial"),), "not every shared folder could be searched"),
    ],
)
def test_the_verification_is_what_the_keeper_measured_or_says_that_it_is_not(
    tmp_path: Path, measured: tuple[WorkspaceErased, ...], expected: str
) -> None:
    output = tmp_path / "certificate.html"
    _run(_ledger(tmp_path, *measured), SESSION, output)
    assert expected in output.read_text()


@pytest.mark.parametrize("purpose", ["work", "training"])
def test_a_session_of_training_is_certified_as_such(tmp_path: Path, purpose: Purpose) -> None:
    output = tmp_path / "certificate.html"
    _run(_ledger(tmp_path, MEASURED, purpose=purpose), SESSION, output)
    assert ("to practise with samples" in output.read_text()) is (purpose == "training")


def test_the_qr_code_contains_the_proof_of_the_erasure(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "MOST_IN_QR", 0)  # as text, which can be read here
    output = tmp_path / "certificate.html"
    _run(ledger, SESSION, output)
    proof = output.read_text().partition("<pre class='hex'>")[2]
    assert proof.startswith("c2sp.org/tlog-proof@v1\nextra ")
    entry = base64.b64decode(proof.splitlines()[1].removeprefix("extra "))
    assert b'"kind":"session-wiped"' in entry
    assert SESSION.encode() in entry


@pytest.fixture
def pages(ledger: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The certificate as HTML and as PDF."""
    html, pdf = tmp_path / "certificate.html", tmp_path / "certificate.pdf"
    _run(ledger, SESSION, html)
    _run(ledger, SESSION, pdf)
    return html, pdf


def _poppler(program: str, *arguments: str) -> str:
    command = [program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _text(pdf: Path) -> str:
    """What poppler reads in it, without blanks: a long value is broken over lines."""
    return "".join(_poppler("pdftotext", "-raw", str(pdf), "-").split())


def _decoded(pdf: Path) -> str:
    """What OpenCV reads in the code of the page, as poppler draws it."""
    drawn = str(pdf.with_suffix(""))
    _poppler("pdftoppm", "-r", "144", "-gray", "-singlefile", "-png", str(pdf), drawn)
    page = cv2.imread(f"{drawn}.png")
    assert page is not None
    text, *_ = cv2.QRCodeDetectorAruco().detectAndDecode(page)
    return str(text)


def test_the_pdf_contains_all_facts_of_the_html(pages: tuple[Path, Path]) -> None:
    html, pdf = pages
    cells = re.findall(r"<t[hd]>(.*?)</t[hd]>", html.read_text())
    facts_told = [re.sub(r"<.*?>", "", cell) for cell in cells]
    assert len(facts_told) == 20
    found = _text(pdf)
    for fact in facts_told:
        assert "".join(fact.split()) in found
    assert "appliance-verify." in found


def test_the_qr_code_of_the_pdf_contains_the_proof_of_the_html(
    ledger: Path, pages: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "MOST_IN_QR", 0)
    raw = tmp_path / "raw.html"
    _run(ledger, SESSION, raw)
    proof = raw.read_text().partition("<pre class='hex'>")[2].partition("</pre>")[0]
    assert _decoded(pages[1]) == proof


def test_a_proof_that_is_too_long_for_a_code_is_in_the_pdf_as_text(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "MOST_IN_QR", 0)
    pdf = tmp_path / "long.pdf"
    _run(ledger, SESSION, pdf)
    assert "c2sp.org/tlog-proof@v1" in _text(pdf)
    assert _decoded(pdf) == ""


@pytest.mark.parametrize("method", facts._SANITIZATION)
def test_the_largest_code_fits_on_the_page(tmp_path: Path, method: str) -> None:
    listed = tuple(facts.Fact(name, value) for name, value in [
        *((name, "of one line") for name in ("Session", "Closed", "Erased", "Method", "Entry")),
        ("Technique", facts._SANITIZATION[method][1]),
        *((name, "of two lines " * 10) for name in ("Verification", "Key", "Log")),
    ])  # fmt: skip
    pdf = tmp_path / "large.pdf"
    pdf.write_bytes(as_pdf(facts.Certificate(listed, b"x" * MOST_IN_QR)))
    assert re.search(r"^Pages: +1$", _poppler("pdfinfo", str(pdf)), re.MULTILINE)


def test_the_same_erasure_gives_the_same_pdf(
    ledger: Path, pages: tuple[Path, Path], tmp_path: Path
) -> None:
    again = tmp_path / "again.pdf"
    _run(ledger, SESSION, again)
    assert again.read_bytes() == pages[1].read_bytes()


def test_no_other_kind_of_file_is_written(ledger: Path, tmp_path: Path) -> None:
    output = tmp_path / "certificate.txt"
    with pytest.raises(OutputError):
        _run(ledger, SESSION, output)
    assert not output.exists()


@pytest.mark.parametrize("identifier", [OTHER, "0" * 16])
def test_a_session_that_was_not_erased_has_no_certificate(
    ledger: Path, tmp_path: Path, identifier: str
) -> None:
    output = tmp_path / "certificate.html"
    with pytest.raises(SessionError):
        _run(ledger, identifier, output)
    assert not output.exists()
