from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.audit.entries.events import LoginGranted
from appliance.audit.entries.pseudonyms import pseudonym
from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.tiles import Tile
from appliance.cli.framework.ledger_location import LedgerLocation
from tests.audit.synthetic import append_jobs
from tests.cli.conftest import Call


@pytest.fixture
def folder(tmp_path: Path, call: Call) -> Path:
    """A ledger of 301 entries."""
    folder = tmp_path / "ledger"
    assert call("audit", "init", "--ledger", str(folder), "--origin", "test.example/log").code == 0
    append_jobs(folder, 300)
    return folder


def at(folder: Path) -> tuple[str, str]:
    return "--ledger", str(folder)


def size(folder: Path) -> int:
    store = LedgerReader(folder)
    return store.checkpoint(store.verifier()).size


def test_a_ledger_is_created_filled_and_verified(folder: Path, call: Call) -> None:
    for name in ("checkpoint", "log.vkey", "tile/0/000", "tile/entries/000"):
        assert (folder / name).is_file()
    outcome = call("audit", "verify", *at(folder))
    assert outcome.code == 0
    assert "all is well" in outcome.out
    assert "301" in outcome.out
    assert size(folder) == 301  # to check is not to read
    report = json.loads(call("audit", "verify", *at(folder), "--json").out)
    assert (report["size"], report["findings"]) == (301, [])


def test_findings_are_printed_and_are_an_error(folder: Path, call: Call) -> None:
    path = folder / Tile(0, 0).entries_path
    path.write_bytes(path.read_bytes().replace(b'"job":7,', b'"job":8,', 1))
    outcome = call("audit", "verify", *at(folder))
    assert outcome.code == 10
    assert "entry: entry 7" in outcome.out
    assert "not valid: 1 findings" in outcome.err


def test_verification_uses_the_given_public_key(folder: Path, call: Call) -> None:
    vkey = (folder / "log.vkey").read_text().strip()
    assert call("audit", "verify", *at(folder), "--key", vkey).code == 0
    other = LedgerKeys.create(folder.with_name("other"), "test.example/log").signer.verifier.vkey
    assert call("audit", "verify", *at(folder), "--key", other).code == 10
    assert call("audit", "verify", *at(folder), "--key", "nonsense").code == 10


def test_reading_the_ledger_is_recorded(folder: Path, call: Call, tmp_path: Path) -> None:
    shown = call("audit", "show", *at(folder), "--last", "2")
    assert [line.split()[0] for line in shown.out.splitlines()] == ["299", "300"]
    found = call("audit", "search", *at(folder), "--kind", "job-finished", "--json")
    assert len(found.out.splitlines()) == 300
    assert call("audit", "search", *at(folder), "--kind", "boot").out.count("\n") == 1
    assert call("audit", "search", *at(folder), "--until", "2020-01-01").out == ""
    proof = str(tmp_path / "5.tlog-proof")
    assert call("audit", "prove", "5", *at(folder), "--output", proof).code == 0
    looks = call("audit", "search", *at(folder), "--kind", "log-read", "--json").out.splitlines()
    events = [json.loads(line)["event"] for line in looks]
    assert [(event["how"], event["entries"]) for event in events] == [
        ("show", 2),
        ("search", 300),
        ("search", 1),
        ("search", 0),
        ("prove", 1),
    ]
    assert call("audit", "prove", "9999", *at(folder), "--output", proof).code == 10
    assert call("audit", "verify", *at(folder)).code == 0


def test_a_copy_can_be_read_and_nothing_is_written_to_it(
    folder: Path, call: Call, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "disc"))
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    shown = call("audit", "show", *at(copy))
    assert (shown.code, len(shown.out.splitlines())) == (0, 20)
    assert "copy" in shown.err
    assert "no external checkpoint" in call("audit", "verify", *at(copy)).out
    refused = call("audit", "export", *at(copy), "--output", str(tmp_path / "bundle"))
    assert refused.code == 10
    assert not (tmp_path / "bundle").exists()
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_entries_of_a_person_are_found_by_a_name_stored_nowhere(folder: Path) -> None:
    place = LedgerLocation.of(folder)
    sign = pseudonym(LedgerKeys.load(place.keys).pseudonym, "person", b"Maria Gonzalez")
    place.log(LoginGranted(sign, "fido2"))
    command = [sys.executable, "-m", "appliance.cli.main", "audit", "search", "--person"]
    done = subprocess.run(
        [*command, *at(folder)],
        input="Maria Gonzalez\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Logged in" in done.stdout
    assert done.stdout.count("\n") == 1
    other = subprocess.run(
        [*command, *at(folder)], input="Maria G\n", capture_output=True, text=True, check=True
    )
    assert "Logged in" not in other.stdout
    everything = b"".join(p.read_bytes() for p in folder.parent.rglob("*") if p.is_file())
    assert b"Maria" not in everything
    assert sign.encode() in everything


def test_a_witness_cosigns_the_checkpoint(folder: Path, call: Call, tmp_path: Path) -> None:
    printed = call("audit", "checkpoint", *at(folder)).out
    assert printed.encode() == (folder / "checkpoint").read_bytes()
    disc, witness, back = tmp_path / "disc", tmp_path / "witness", tmp_path / "cosigned"
    sign = ("--witness", str(witness), "--output", str(back))
    for first in (True, False):
        shutil.rmtree(disc, ignore_errors=True)
        shutil.copytree(folder, disc)
        name = ("--name", "witness.example/w1") if first else ()
        outcome = call("audit", "cosign", *at(disc), *sign, *name)
        assert outcome.code == 0
        vkey = outcome.out.split()[-1]
        accept = ("audit", "cosign", *at(folder), "--accept", str(back), "--witness-key", vkey)
        assert call(*accept).code == 0
    assert (witness / "witness.skey").stat().st_mode & 0o777 == 0o600
    found = call("audit", "search", *at(folder), "--kind", "checkpoint-anchored")
    assert found.out.count("anchor=witness") == 2
    assert call("audit", "verify", *at(folder)).code == 0
    # The witness does not sign for a log that is not the heir of what it saw.
    shutil.rmtree(disc)
    assert call("audit", "init", "--origin", "test.example/log", *at(disc)).code == 0
    append_jobs(disc, 700)
    refused = call("audit", "cosign", *at(disc), *sign)
    assert refused.code == 10
    # Nor is a cosignature taken that a witness gave to another log.
    assert call(*accept).code == 0
    shutil.copyfile(disc / "checkpoint", back)
    assert call(*accept).code == 10
    other = LedgerKeys.create(tmp_path / "k", "witness.example/w1").signer.verifier.vkey
    assert call(*accept[:-1], other).code == 10


def test_prune_keeps_what_the_policy_requires(folder: Path, call: Call) -> None:
    assert call("audit", "prune", *at(folder)).out == "entries are kept from number 0\n"
    assert call("audit", "prune", *at(folder), "--days", "30").code == 10
    clinic = ("--policy", "policies/clinic.yaml")
    assert call("audit", "prune", *at(folder), *clinic).code == 0
    refused = call("audit", "prune", *at(folder), *clinic, "--days", "400")
    assert (refused.code, "3650 days" in refused.err) == (10, True)
    assert size(folder) == 301


def test_a_missing_ledger_is_an_error_and_is_not_created(tmp_path: Path, call: Call) -> None:
    missing = tmp_path / "missing"
    for command in (("verify",), ("show",), ("checkpoint",), ("prune",)):
        outcome = call("audit", *command, *at(missing))
        assert outcome.code == 10
        assert "hint: " in outcome.err
        assert str(tmp_path) not in outcome.err
    assert not missing.exists()


def test_init_leaves_an_existing_ledger_unchanged(folder: Path, call: Call) -> None:
    before = (folder / "checkpoint").read_bytes()
    assert call("audit", "init", *at(folder)).code == 10
    assert (folder / "checkpoint").read_bytes() == before
