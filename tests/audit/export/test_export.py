from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from jinja2 import UndefinedError

from appliance.audit import standalone
from appliance.audit.entries import canonical
from appliance.audit.entries.reader import LogLine
from appliance.audit.entries.recorder import Recorder
from appliance.audit.export.labels import details, kind, labels
from appliance.audit.export.pages import render
from appliance.audit.export.report import html_report
from appliance.audit.export.sessions import summarise_sessions
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger
from appliance.audit.verification.verify import Finding, Verification
from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.main import appliance as command
from tests.audit.export.test_atna import is_valid
from tests.audit.story import StoryClock, story

SHA256SUM = "/usr/bin/sha256sum"

Attack = Callable[[Path], None]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that holds the story, and its bundle next to it."""
    folder = tmp_path_factory.mktemp("story") / "ledger"
    assert run_command(command, ["audit", "init", "--ledger", str(folder)]) == 0
    keys = LedgerKeys.load(keys_folder_for(folder))
    clock = StoryClock()
    ledger = Ledger(folder, keys.signer, FileAnchor(keys_folder_for(folder) / ANCHOR))
    recorder = Recorder(ledger, clock)
    for clock.at, by, event in story():
        recorder.record([(by, event)])
    output = str(folder.with_name("bundle"))
    assert (
        run_command(command, ["audit", "export", "--ledger", str(folder), "--output", output]) == 0
    )
    return folder


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to be changed."""
    return Path(shutil.copytree(exported.with_name("bundle"), tmp_path / "bundle"))


def vkey(exported: Path) -> str:
    return (exported / "log.vkey").read_text()


def lines(bundle: Path) -> list[LogLine]:
    data = (bundle / "entries.jsonl").read_bytes().splitlines()
    return [LogLine(canonical.decode(entry), entry) for entry in data]


def test_every_entry_is_a_valid_fhir_audit_event(bundle: Path) -> None:
    resources = (bundle / "events.fhir.ndjson").read_text().splitlines()
    for line, text in zip(lines(bundle), resources, strict=True):
        resource = AuditEvent.model_validate_json(text)
        assert resource.id == f"entry-{line.entry.seq}"
        assert resource.recorded is not None
        assert resource.recorded.timestamp() * 1000 == pytest.approx(line.entry.at)
        assert resource.type.display == labels(line.entry.event).code.display
        assert kind(line.entry.event) in {coding.code for coding in resource.subtype or ()}
        assert (resource.outcome == "0") != labels(line.entry.event).failed
        # Every field of the entry is somewhere in the resource.
        for value in details(line.entry.event).values():
            assert value in text
    broken = json.loads(resources[0])
    del broken["agent"]
    with pytest.raises(ValueError, match="agent"):
        AuditEvent.model_validate(broken)


def test_every_entry_is_a_valid_audit_message(bundle: Path) -> None:
    document = (bundle / "events.atna.xml").read_bytes()
    assert is_valid(document)
    assert document.count(b"<AuditMessage>") == len(lines(bundle))


def test_one_session_can_be_exported_and_verified_alone(exported: Path, tmp_path: Path) -> None:
    sessions = summarise_sessions(lines(exported.with_name("bundle")))
    chosen = next(one.session for one in sessions if one.released)
    output = tmp_path / "one"
    words = ["--ledger", str(exported), "--output", str(output), "--session", chosen]
    assert run_command(command, ["audit", "export", *words]) == 0
    kinds = {kind(line.entry.event) for line in lines(output)}
    assert {"session-opened", "session-wiped", "release-approved"} <= kinds
    assert {getattr(line.entry.event, "session", chosen) for line in lines(output)} == {chosen}
    assert standalone.main([str(output), "--key", vkey(exported)]) == 0


def test_the_table_has_a_row_for_every_entry(bundle: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((bundle / "events.csv").read_text())))
    for line, row in zip(lines(bundle), rows, strict=True):
        assert (row["seq"], row["kind"]) == (str(line.entry.seq), kind(line.entry.event))
        for name, value in details(line.entry.event).items():
            assert row[name] == value


class Page(HTMLParser):
    """The text of a page, and everything that would make a browser load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset"}]
        self.loads += [tag] if tag in {"script", "link", "iframe", "object", "embed", "img"} else []
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_shows_what_happened_and_loads_nothing(bundle: Path) -> None:
    text = (bundle / "report.html").read_text()
    page = Page(text)
    assert page.open == page.loads == []
    assert "url(" not in text
    assert "The ledger is sound" in page.text
    for session in summarise_sessions(lines(bundle)):
        assert session.session in page.text
    for line in lines(bundle):
        assert labels(line.entry.event).title in page.text


def test_the_report_escapes_every_value() -> None:
    name = "<img src=x>&\"'"
    found = (Finding("entry", name),)
    page = Page(html_report([], Verification(name, 0, "", 0, 0, 0, 0, found), name))
    assert page.loads == []
    assert page.text.count(name) == 3


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="title"):
        render("page.html.j2")


def test_a_bundle_is_checked_by_a_standalone_file(exported: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(standalone.__file__, tmp_path / "check.py"))
    done = subprocess.run(
        [sys.executable, "-I", alone, exported.with_name("bundle"), "--key", vkey(exported)],
        capture_output=True,
        text=True,
        check=False,
    )
    count = len(lines(exported.with_name("bundle")))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"sound: {count} entries, exported as entry ")
    imports = subprocess.run(
        [sys.executable, "-c", "import appliance.audit.standalone, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert [name for name in imports if name.startswith(("appliance", "msgspec", "numpy"))] == [
        "appliance",
        "appliance.audit",
        "appliance.audit.standalone",
    ]


def test_coreutils_verify_the_checksums(bundle: Path) -> None:
    check = [SHA256SUM, "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=bundle, check=False).returncode == 0
    _edit(bundle / "events.csv", b"clinic", b"studio")
    changed = subprocess.run(check, cwd=bundle, check=False, capture_output=True)
    assert changed.returncode == 1


def _edit(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def _sum_again(bundle: Path) -> None:
    """Compute the checksums again, as an attacker who changed a file would."""
    names = [line.split()[1] for line in (bundle / "SHA256SUMS").read_text().splitlines()]
    done = subprocess.run([SHA256SUM, *names], cwd=bundle, check=True, capture_output=True)
    (bundle / "SHA256SUMS").write_bytes(done.stdout)


def _change_report(bundle: Path) -> None:
    _edit(bundle / "report.html", b"Job refused", b"Job finished")


def _change_report_and_sums(bundle: Path) -> None:
    _change_report(bundle)
    _sum_again(bundle)


def _drop_last_entry(bundle: Path) -> None:
    entries = (bundle / "entries.jsonl").read_bytes().splitlines(keepends=True)
    (bundle / "entries.jsonl").write_bytes(b"".join(entries[:-1]))


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (_change_report, "report.html is not what the log exported"),
        (_change_report_and_sums, "SHA256SUMS is not what the log exported"),
        (_drop_last_entry, "entries.jsonl is not what the log exported"),
        (lambda bundle: (bundle / "events.csv").unlink(), "events.csv is missing"),
        (lambda bundle: (bundle / "bundle.tlog-proof").unlink(), "bundle.tlog-proof is missing"),
        (lambda bundle: (bundle / "more").touch(), "1 files do not belong to the bundle"),
        (
            lambda bundle: _edit(bundle / "SHA256SUMS", b"entries.jsonl", b"../x"),
            "SHA256SUMS is not what the log exported",
        ),
    ],
)
def test_a_modified_bundle_is_unsound(
    attack: Attack, reason: str, bundle: Path, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert standalone.main([str(bundle), "--key", vkey(exported)]) == 0
    capsys.readouterr()
    attack(bundle)
    assert standalone.main([str(bundle), "--key", vkey(exported)]) == 1
    assert capsys.readouterr().out == f"unsound: {reason}\n"


def test_the_key_of_another_log_is_refused(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = LedgerKeys.create(bundle.with_name("other"), "other.example/log").signer.verifier.vkey
    assert standalone.main([str(bundle), "--key", other]) == 1
    assert "not signed by this key" in capsys.readouterr().out


def test_a_single_event_can_be_proved_without_the_others(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = tmp_path / "17.tlog-proof"
    arguments = ["audit", "prove", "17", "--ledger", str(exported), "--output", str(proof)]
    assert run_command(command, arguments) == 0
    capsys.readouterr()
    with zipfile.ZipFile(exported.with_name("bundle") / "proofs.zip") as archive:
        packed = tmp_path / "packed.tlog-proof"
        packed.write_bytes(archive.read("17.tlog-proof"))
    entry = lines(exported.with_name("bundle"))[17].data.decode()
    for path in (proof, packed):
        assert standalone.main([str(path), "--key", vkey(exported)]) == 0
        assert capsys.readouterr().out.splitlines()[1] == entry
    whole = proof.read_bytes()
    for old, new in ((b"index 17", b"index 18"), (b"extra eyJ", b"extra eyK"), (b"\n\n", b"\n")):
        proof.write_bytes(whole.replace(old, new, 1))
        assert standalone.main([str(proof), "--key", vkey(exported)]) == 1
        assert capsys.readouterr().out.startswith("unsound: ")
    head = whole.split(b"\n")
    proof.write_bytes(b"\n".join([*head[:4], *head[5:]]))  # one hash of the path less
    assert standalone.main([str(proof), "--key", vkey(exported)]) == 1
