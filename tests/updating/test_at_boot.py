"""What the units do at boot: a disc in the drive, a ledger that answers or does not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from appliance.audit.entries.events import AnyEvent, UpdateInstalled, UpdateRefused
from appliance.audit.entries.reader import read_lines
from appliance.audit.tlog.reader import LedgerReader
from appliance.errors import LedgerError
from appliance.updating.__main__ import install
from appliance.updating.install import Say, Updater
from appliance.updating.machine import ProgressLines, updater
from appliance.updating.problem import RefusedUpdateError
from tests.disc_reader.discs import burn
from tests.paths import REPOSITORY
from tests.updating.machines import STRANGER, Machine, built, bundle, machine

OLD, NEW = built("0.1.0", 2), built("0.2.0", 3)


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    """A machine that runs the old image."""
    return machine(tmp_path / "machine", OLD)


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[Path]:
    """The real daemon of a ledger, to which this process is what root is on the appliance."""
    path = tmp_path / "audit.sock"
    daemon = [
        *(
            sys.executable,
            "-m",
            "appliance.audit",
            "--create",
            "--ledger",
            str(tmp_path / "ledger"),
        ),
        *("--listen", str(path), "--peer", f"keeper={os.getuid()}"),
    ]
    with subprocess.Popen(daemon, cwd=REPOSITORY) as process:
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.01)
        yield path
        process.terminate()


def logged(folder: Path) -> list[AnyEvent]:
    """What the ledger has of updates."""
    reader = LedgerReader(folder)
    head = reader.checkpoint(reader.verifier())
    events = [line.entry.event for line in read_lines(reader, head)]
    return [event for event in events if isinstance(event, UpdateInstalled | UpdateRefused)]


def on(here: Machine, ledger: Path) -> Callable[[Say], AbstractContextManager[Updater]]:
    """What installs an update on the machine, with this ledger."""
    return partial(updater, at=here.at, newest=here.number, ledger=ledger)


def disc(folder: Path, update: Path) -> Path:
    """A disc with ``update``."""
    path = folder / f"{len(list(folder.iterdir()))}.iso"
    burn(path, {"appliance-update.bundle": update.read_bytes()})
    return path


def test_a_disc_at_boot_is_installed_and_in_the_ledger(
    here: Machine, socket: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    install(said.append, on(here, socket), disc(tmp_path, bundle(tmp_path / "files", NEW)))
    assert "face-appliance_0.2.0+3.efi" in here.listing()
    assert logged(tmp_path / "ledger") == [UpdateInstalled(3, NEW.root_hash)]
    assert said[0].startswith("update: There is an update on the disc.")
    assert said[-1].startswith("update: The update is installed.")


def test_a_refused_disc_is_in_the_ledger(here: Machine, socket: Path, tmp_path: Path) -> None:
    update = bundle(tmp_path / "files", NEW, STRANGER)
    with pytest.raises(RefusedUpdateError):
        install(lambda _: None, on(here, socket), disc(tmp_path, update))
    assert logged(tmp_path / "ledger") == [UpdateRefused("signature")]


def test_without_a_disc_nothing_is_asked_or_said(tmp_path: Path) -> None:
    def never(_say: Say) -> AbstractContextManager[Updater]:
        raise AssertionError

    said: list[str] = []
    burn(tmp_path / "photos.iso", {"photo.jpg": b"photo"})
    for drive in ("none", "photos.iso"):
        install(said.append, never, tmp_path / drive)
    assert said == []


def test_without_a_ledger_nothing_is_written(here: Machine, tmp_path: Path) -> None:
    before = here.disk.read_bytes()
    drive = disc(tmp_path, bundle(tmp_path / "files", NEW))
    with pytest.raises(LedgerError):
        install(lambda _: None, on(here, tmp_path / "none"), drive)
    assert here.disk.read_bytes() == before


def test_a_slow_disc_is_spoken_of_every_few_seconds() -> None:
    lines: list[str] = []
    now = [0.0]
    progress = ProgressLines(lines.append, lambda: now[0])
    for step in range(101):
        now[0] = step * 0.5
        progress("writing root", step << 20, 100 << 20)
    assert len(lines) == 11
    assert lines[0] == "update: writing root: 0 of 100 MiB\n"
    assert lines[-1] == "update: writing root: 100 of 100 MiB\n"
    progress("writing verity", 0, 1 << 20)
    assert len(lines) == 12


@pytest.mark.parametrize(("command", "code"), [("install", 0), ("good", 3)])
def test_a_machine_without_drive_and_image_is_left_alone(command: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance.updating", command],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.returncode == code
    assert done.stdout == ""
    assert ("does not run an image" in done.stderr) is (command == "good")
