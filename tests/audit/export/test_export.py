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

from appliance.audit import standalone
from appliance.audit.entries import canonical
from appliance.audit.entries.reader import Line
from appliance.audit.entries.record import Recorder
from appliance.audit.export.sessions import sessions
from appliance.audit.export.words import details, kind, words
from appliance.audit.keys.ledger_keys import ANCHOR, Keys, beside
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger
from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.main import appliance as command
from tests.audit.story import StoryClock, story

SHA256SUM = "/usr/bin/sha256sum"

Attack = Callable[[Path], None]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that holds the story, and its bundle beside it."""
    folder = tmp_path_factory.mktemp("story") / "ledger"
    assert run_command(command, ["audit", "init", "--ledger", str(folder)]) == 0
    keys = Keys.load(beside(folder))
    clock = StoryClock()
    ledger = Ledger(folder, keys.signer, FileAnchor(beside(folder) / ANCHOR))
    recorder = Recorder(ledger, clock)
    for clock.at, by, event in story():
        recorder.record([(by, event)])
    output = str(folder.with_name("bundle"))
    assert (
        run_command(command, ["audit", "export", "--ledger", str(folder), "--output", output]) == 0
    )
    return folder


@pytest.fixture
def bundle(told: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to be changed."""
    return Path(shutil.copytree(told.with_name("bundle"), tmp_path / "bundle"))


def vkey(told: Path) -> str:
    return (told / "log.vkey").read_text()


def lines(bundle: Path) -> list[Line]:
    data = (bundle / "entries.jsonl").read_bytes().splitlines()
    return [Line(canonical.decode(entry), entry) for entry in data]


def test_every_entry_is_a_valid_fhir_audit_event(bundle: Path) -> None:
    resources = (bundle / "events.fhir.ndjson").read_text().splitlines()
    for line, text in zip(lines(bundle), resources, strict=True):
        resource = AuditEvent.model_validate_json(text)
        assert resource.id == f"entry-{line.entry.seq}"
        assert resource.recorded is not None
        assert resource.recorded.timestamp() * 1000 == pytest.approx(line.entry.at)
        assert resource.type.display == words(line.entry.event).code.display
        assert kind(line.entry.event) in {coding.code for coding in resource.subtype or ()}
        assert (resource.outcome == "0") != words(line.entry.event).failed
        # Everything that the entry says is somewhere in the resource.
        for value in details(line.entry.event).values():
            assert value in text
    broken = json.loads(resources[0])
    del broken["agent"]
    with pytest.raises(ValueError, match="agent"):
        AuditEvent.model_validate(broken)


def test_the_table_has_a_row_for_every_entry(bundle: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((bundle / "events.csv").read_text())))
    for line, row in zip(lines(bundle), rows, strict=True):
        assert (row["seq"], row["kind"]) == (str(line.entry.seq), kind(line.entry.event))
        for name, value in details(line.entry.event).items():
            assert row[name] == value


class Page(HTMLParser):
    """The text of a page, and whatever would make a browser load something."""

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
    for session in sessions(lines(bundle)):
        assert session.session in page.text
    for line in lines(bundle):
        assert words(line.entry.event).title in page.text


def test_a_bundle_is_checked_by_a_file_that_stands_alone(told: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(standalone.__file__, tmp_path / "check.py"))
    done = subprocess.run(
        [sys.executable, "-I", alone, told.with_name("bundle"), "--key", vkey(told)],
        capture_output=True,
        text=True,
        check=False,
    )
    count = len(lines(told.with_name("bundle")))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"sound: {count} entries, handed out as entry ")
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


def test_coreutils_find_the_files_whole(bundle: Path) -> None:
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
    """List the files' hashes anew, as who changed one would."""
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
        (_change_report, "report.html is not what the log gave out"),
        (_change_report_and_sums, "SHA256SUMS is not what the log gave out"),
        (_drop_last_entry, "entries.jsonl is not what the log gave out"),
        (lambda bundle: (bundle / "events.csv").unlink(), "events.csv is missing"),
        (lambda bundle: (bundle / "bundle.tlog-proof").unlink(), "bundle.tlog-proof is missing"),
        (lambda bundle: (bundle / "more").touch(), "1 files do not belong to the bundle"),
        (
            lambda bundle: _edit(bundle / "SHA256SUMS", b"entries.jsonl", b"../x"),
            "SHA256SUMS is not what the log gave out",
        ),
    ],
)
def test_a_bundle_that_was_touched_is_unsound(
    attack: Attack, reason: str, bundle: Path, told: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert standalone.main([str(bundle), "--key", vkey(told)]) == 0
    capsys.readouterr()
    attack(bundle)
    assert standalone.main([str(bundle), "--key", vkey(told)]) == 1
    assert capsys.readouterr().out == f"unsound: {reason}\n"


def test_another_logs_key_opens_nothing(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Keys.create(bundle.with_name("other"), "other.example/log").signer.verifier.vkey
    assert standalone.main([str(bundle), "--key", other]) == 1
    assert "not signed by this key" in capsys.readouterr().out


def test_one_event_is_shown_without_the_rest(
    told: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = tmp_path / "17.tlog-proof"
    arguments = ["audit", "prove", "17", "--ledger", str(told), "--output", str(proof)]
    assert run_command(command, arguments) == 0
    capsys.readouterr()
    with zipfile.ZipFile(told.with_name("bundle") / "proofs.zip") as archive:
        packed = tmp_path / "packed.tlog-proof"
        packed.write_bytes(archive.read("17.tlog-proof"))
    entry = lines(told.with_name("bundle"))[17].data.decode()
    for path in (proof, packed):
        assert standalone.main([str(path), "--key", vkey(told)]) == 0
        assert capsys.readouterr().out.splitlines()[1] == entry
    whole = proof.read_bytes()
    for old, new in ((b"index 17", b"index 18"), (b"extra eyJ", b"extra eyK"), (b"\n\n", b"\n")):
        proof.write_bytes(whole.replace(old, new, 1))
        assert standalone.main([str(proof), "--key", vkey(told)]) == 1
        assert capsys.readouterr().out.startswith("unsound: ")
    head = whole.split(b"\n")
    proof.write_bytes(b"\n".join([*head[:4], *head[5:]]))  # one hash of the path less
    assert standalone.main([str(proof), "--key", vkey(told)]) == 1
