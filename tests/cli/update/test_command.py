"""``appliance update``: made and checked on any machine, applied on the appliance alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appliance.updating.bundle import LEAD
from tests.cli.conftest import CANARY, Call, Outcome
from tests.updating.machines import KEY, STRANGER, built
from tests.updating.ukis import uki

NEW = built("0.2.0", 3)


@pytest.fixture
def files(folder: Path) -> Path:
    """The files of an image, and keys."""
    for name in ("root", "verity", "uki"):
        (folder / name).write_bytes(getattr(NEW, name))
    for name, key in (("own", KEY), ("other", STRANGER)):
        (folder / f"{name}.key").write_text(key.text(None))
        (folder / f"{name}.pub").write_text(key.public.text())
    return folder


def made(call: Call, files: Path, *more: str, version: str = "0.2.0", number: int = 3) -> Outcome:
    """What `make` prints."""
    options: list[str | Path] = []
    for name in ("root", "verity", "uki"):
        options += [f"--{name}", files / name]
    options += ["--number", str(number), "--version", version, "--key", files / "own.key"]
    return call("update", "make", files / "update", *options, *more)


def test_an_update_is_made_and_checked(call: Call, files: Path) -> None:
    outcome = made(call, files, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json["root_hash"] == NEW.root_hash
    checked = call("update", "check", files / "update", "--key", files / "own.pub", "--json")
    assert (checked.code, checked.json) == (0, outcome.json)
    shown = call("update", "check", files / "update", "--key", files / "own.pub")
    assert shown.code == 0
    assert "number     3\n" in shown.out
    assert shown.out.endswith("every part is what was signed\n")


def test_minisign_agrees_with_the_signature(call: Call, files: Path, tmp_path: Path) -> None:
    assert made(call, files).code == 0
    data = (files / "update").read_bytes()
    _, size, signature = LEAD.unpack_from(data)
    header = tmp_path / "header"
    header.write_bytes(data[LEAD.size : LEAD.size + size])
    (tmp_path / "header.minisig").write_bytes(data[LEAD.size + size :][:signature])
    command = ["minisign", "-V", "-p", str(files / "own.pub"), "-m", str(header)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "face-appliance update 0.2.0 number 3" in done.stdout
    header.write_bytes(header.read_bytes().replace(b'"number":3', b'"number":4'))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_the_same_files_make_the_same_update(call: Call, files: Path) -> None:
    assert made(call, files).code == 0
    before = (files / "update").read_bytes()
    assert made(call, files).code == 7
    assert made(call, files, "--overwrite").code == 0
    assert (files / "update").read_bytes() == before


def test_another_key_and_an_altered_file_are_refused(call: Call, files: Path) -> None:
    assert made(call, files).code == 0
    assert call("update", "check", files / "update", "--key", files / "other.pub").code == 18
    data = bytearray((files / "update").read_bytes())
    data[-1] ^= 1
    (files / "update").write_bytes(data)
    assert call("update", "check", files / "update", "--key", files / "own.pub").code == 18


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("uki", b""),
        ("uki", b"MZ" * 99),
        ("uki", uki("0.2.0", "00" * 32)),
        ("uki", uki("0.2.0", NEW.root_hash, line="roothash=00")),
        ("uki", NEW.uki.replace(b"IMAGE_ID", b"IMAGE_IX")),
        ("verity", NEW.root),
        ("verity", b""),
        ("verity", built("0.2.1", 3).verity),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    name: str, data: bytes, call: Call, files: Path
) -> None:
    right = (files / name).read_bytes()
    (files / name).write_bytes(data)
    assert made(call, files).code == 3
    assert not (files / "update").exists()
    (files / name).write_bytes(right)
    assert made(call, files).code == 0


def test_a_version_that_the_image_does_not_have_is_refused(call: Call, files: Path) -> None:
    assert made(call, files, version="0.2.1").code == 3
    (files / "root").unlink()
    assert made(call, files).code == 3


def test_what_is_no_update_is_refused(call: Call, files: Path) -> None:
    assert call("update", "check", files / "root", "--key", files / "own.pub").code == 18
    assert call("update", "check", files / "none", "--key", files / "own.pub").code == 3
    assert call("update", "check", files / "root", "--key", files / "none").code == 3
    assert call("update", "check", files / "root", "--key", files / "root").code == 3
    assert call("update", "check", files / "root", "--key", files / "own.key").code == 5


def test_an_update_is_applied_on_the_appliance_alone(call: Call, files: Path) -> None:
    assert made(call, files).code == 0
    outcome = call("update", "apply", files / "update")
    assert outcome.code == 3
    assert "does not run an image" in outcome.err
    assert CANARY not in outcome.err
