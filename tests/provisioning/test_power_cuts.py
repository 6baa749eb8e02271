"""The power goes before any step: afterwards the machine has what it had, or all that is new."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import cast

import pytest

from appliance.policy.load import parse
from appliance.provisioning import document
from appliance.provisioning.numbers import Numbers
from appliance.tpm.counter import TpmCounter
from appliance.tpm.fixed_value import FixedValue
from tests.provisioning.power import Counter, Difference, Disk, PowerCut, Tpm
from tests.provisioning.site import Machine, bundle, person, release_files

OLD = bundle(number=1)
NEW = bundle(number=3, people=(person("frida", "clinician"),), release=release_files())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same policy is parsed hundreds of times."""
    monkeypatch.setattr(document, "parse", lru_cache(parse))


def machine(folder: Path, tpm: Tpm) -> Machine:
    numbers = Numbers(
        cast("TpmCounter", Counter(tpm)),
        cast("FixedValue", Difference(tpm)),
    )
    return Machine(folder, numbers)


def whole(folder: Path, *bundles: bytes) -> tuple[dict[str, bytes | str], ...]:
    """The files of a machine on which nothing went wrong, after each of ``bundles``."""
    sound = machine(folder, Tpm())
    found = []
    for data in bundles:
        sound.start_with(data)
        found.append(sound.files())
    return tuple(found)


def cuts(
    folder: Path,
    before: tuple[bytes, ...],
    patch: pytest.MonkeyPatch,
    *,
    lost: bool,
    deaf: bool = False,
) -> Iterator[tuple[Machine, Disk]]:
    """A machine for each step before which the power can go as ``NEW`` is applied."""
    for steps in range(1_000):
        shutil.rmtree(folder, ignore_errors=True)
        tpm, disk = Tpm(), Disk(steps, lost, deaf)
        struck = machine(folder, tpm)
        for data in before:
            struck.start_with(data)
        tpm.disk = disk
        with patch.context() as patched:
            disk.attach(patched)
            try:
                struck.start_with(NEW)
            except PowerCut:
                pass
            else:
                return
        disk.after_the_cut()
        tpm.disk = Disk(-1)
        yield struck, disk


@pytest.mark.parametrize("lost", [False, True], ids=["all-written", "unsynced-lost"])
def test_a_later_bundle_is_applied_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    old, new = whole(tmp_path / "sound", OLD, NEW)
    seen = {1: 0, 3: 0}
    for struck, _ in cuts(tmp_path / "struck", (OLD,), monkeypatch, lost=lost):
        number = struck.restart()
        assert number in seen
        seen[number] += 1
        assert struck.files() == (new if number == 3 else old)
        if number == 3:
            assert {path.name for path in struck.place.release_keys.iterdir()} >= {"release.key"}
        # What was interrupted can be repeated, and the next start finds nothing left to do.
        if seen[number] % 8 == 1:
            struck.start_with(NEW)
            assert struck.restart() == 3
            assert struck.files() == new
            assert not struck.place.next.exists()
    assert seen[1] > 20
    assert seen[3] > 3


@pytest.mark.parametrize("lost", [False, True], ids=["all-written", "unsynced-lost"])
def test_the_first_bundle_is_applied_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    (new,) = whole(tmp_path / "sound", NEW)
    seen = {None: 0, 3: 0}
    for struck, _ in cuts(tmp_path / "struck", (), monkeypatch, lost=lost):
        number = struck.restart()
        assert number in seen
        seen[number] += 1
        assert struck.files() == (new if number == 3 else {})
        if seen[number] % 8 == 1:
            struck.start_with(NEW)
            assert struck.restart() == 3
            assert struck.files() == new
    assert seen[None] > 20
    assert seen[3] > 3


def test_a_second_cut_while_the_first_is_made_good_spoils_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = whole(tmp_path / "sound", OLD, NEW)
    again = 0
    for struck, _ in cuts(tmp_path / "struck", (OLD,), monkeypatch, lost=True):
        tpm = cast("Counter", struck.provisioning.numbers.counter).tpm  # type: ignore[union-attr]
        for steps in range(1_000):
            tpm.disk = disk = Disk(steps, lost=True)
            with monkeypatch.context() as patched:
                disk.attach(patched)
                try:
                    struck.restart()
                except PowerCut:
                    again += 1
                else:
                    break
            disk.after_the_cut()
        tpm.disk = Disk(-1)
        number = struck.restart()
        assert struck.files() == (new if number == 3 else old)
    assert again > 100


def test_a_disk_that_forgets_the_end_of_a_file_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: without the sync of files, what is lost is found in what is in force.
    old, new = whole(tmp_path / "sound", OLD, NEW)
    found = []
    for struck, _ in cuts(tmp_path / "struck", (OLD,), monkeypatch, lost=True, deaf=True):
        found.append(struck.files() in (old, new))
    assert not all(found)
