"""The certificate of erasure, out of a real ledger."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.audit.anchor import FileAnchor
from appliance.audit.events import SessionClosed, SessionWiped
from appliance.audit.keys import ANCHOR, Keys
from appliance.audit.ledger import Ledger, create
from appliance.audit.record import Recorder
from appliance.cli import certificate as certificates
from appliance.cli.session import session
from appliance.errors import SessionError

SESSION, OTHER = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Of two sessions: one wiped, one only closed."""
    folder, keys_folder = tmp_path / "ledger", tmp_path / "ledger-keys"
    keys = Keys.create(keys_folder, "example.test/log")
    anchor = FileAnchor(keys_folder / ANCHOR)
    create(folder, keys.signer, anchor)
    Recorder(Ledger(folder, keys.signer, anchor)).record(
        [
            ("broker", SessionClosed(SESSION, "token-removed", jobs=2, ms=60_000)),
            ("broker", SessionWiped(SESSION, "ab" * 32, "luks-header-dropped", 4, 0, 1234)),
            ("broker", SessionClosed(OTHER, "user", jobs=0, ms=1)),
        ]
    )
    return folder


def _run(ledger: Path, identifier: str, output: Path) -> None:
    arguments = ["certificate", identifier, "--ledger", str(ledger), "--output", str(output)]
    CliRunner().invoke(session, arguments, catch_exceptions=False)


def test_it_names_what_was_erased_and_how(ledger: Path, tmp_path: Path) -> None:
    output = tmp_path / "certificate.html"
    _run(ledger, SESSION, output)
    page = output.read_text()
    for said in (SESSION, "ab" * 32, "token-removed", "Purge", "Cryptographic erase", "1234 ms"):
        assert said in page
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_the_code_holds_the_proof_of_the_erasure(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "_MOST_IN_QR", 0)  # as text, which can be read here
    output = tmp_path / "certificate.html"
    _run(ledger, SESSION, output)
    proof = output.read_text().partition("<pre class='hex'>")[2]
    assert proof.startswith("c2sp.org/tlog-proof@v1\nextra ")
    entry = base64.b64decode(proof.splitlines()[1].removeprefix("extra "))
    assert b'"kind":"session-wiped"' in entry
    assert SESSION.encode() in entry


@pytest.mark.parametrize("identifier", [OTHER, "0" * 16])
def test_what_was_not_erased_has_no_certificate(
    ledger: Path, tmp_path: Path, identifier: str
) -> None:
    output = tmp_path / "certificate.html"
    with pytest.raises(SessionError):
        _run(ledger, identifier, output)
    assert not output.exists()
