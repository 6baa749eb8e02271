"""The power is cut at every write of an update: the running image always starts again.

Nothing here asks our code what is on a disk: see ``judges.py``. The control installs in a wrong
order, and has to be found.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.updating import install
from appliance.updating.boot_good import confirm_boot
from appliance.updating.disk import Disk
from appliance.updating.source import from_file
from tests.paths import REPOSITORY
from tests.updating.judges import Found, Judge, first, sound
from tests.updating.machines import Built, Machine, built, bundle, machine, run
from tests.updating.power import Copies, Recording, RecordingDisk, Sectors, cuts

OLDEST, OLD, NEW = built("0.0.9", 1), built("0.1.0", 2), built("0.2.0", 3)


@dataclass
class Cut:
    """One case: its name, its sectors, and the kernel images that a machine would find."""

    name: str
    state: Sectors
    files: list[Found]

    @property
    def starts(self) -> set[str | None]:
        """The versions that would start."""
        return {file.version for file in self.files if file.wrong is None}

    @property
    def broken(self) -> list[Found]:
        """Files that the machine might try to start, and could not."""
        return [file for file in self.files if file.wrong is not None]


@dataclass
class Scene:
    """A machine, and its disk as it was before."""

    here: Machine
    before: Path
    folder: Path

    def install(self, image: Built) -> Recording:
        """Install ``image``; returns what was written, flush by flush."""
        recording = Recording()
        updater = install.Updater(
            self.here.at,
            self.here.number,
            self.here.events.append,
            lambda _doing, _done, _total: None,
            lambda place: RecordingDisk.recorded(place.path, recording),
        )
        with from_file(bundle(self.folder / "bundle", image)) as source:
            assert updater.apply(source) == "installed"
        return recording

    def cuts(self, recording: Recording) -> Iterator[Cut]:
        """Every case, judged."""
        judge = Judge((OLDEST, OLD, NEW))
        esp = self.here.places[4]
        seen: dict[int, list[Found]] = {}
        copies = Copies(self.before, self.folder / "copy")
        try:
            for name, state in cuts(recording):
                key = hash(frozenset(state.items()))
                if key not in seen:
                    copies.become(state)
                    seen[key] = judge.files(copies.path, esp.start)
                yield Cut(name, state, seen[key])
        finally:
            copies.close()


def updated_twice(folder: Path) -> Scene:
    """A machine that runs the second image, and has the oldest one in its other slot."""
    here = machine(folder / "machine", OLDEST)
    assert here.apply(bundle(folder / "bundle", OLD)) == "installed"
    here.boots(OLD)
    return _scene(here, folder)


def fresh(folder: Path) -> Scene:
    """A machine as it was installed: its other slot is empty."""
    return _scene(machine(folder / "machine", OLD), folder)


def torn(folder: Path) -> Scene:
    """A machine with a damaged first copy of the table, and clusters that nothing uses."""
    scene = updated_twice(folder)
    esp = scene.here.esp
    lost = folder / "lost"
    lost.write_bytes(b"lost" * 5000)
    run("mcopy", "-i", esp, str(lost), "::/EFI/Linux/LOST.EFI")
    entry_at = scene.here.disk.read_bytes().index(b"LOST    EFI")
    with scene.here.disk.open("r+b") as file:
        file.seek(entry_at)
        file.write(b"\xe5")
        file.seek(2 * 512)
        entry = file.read(128)
        file.seek(2 * 512)
        file.write(entry[:32] + b"torn" + entry[36:])
    return _scene(scene.here, folder)


def _scene(here: Machine, folder: Path) -> Scene:
    before = folder / "before"
    shutil.copyfile(here.disk, before)
    return Scene(here, before, folder)


@pytest.mark.parametrize("make", [fresh, updated_twice, torn])
def test_the_running_image_starts_after_a_cut_at_any_write(
    make: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(make)
    scene: Scene = make(tmp_path)
    recording = scene.install(NEW)
    found = list(scene.cuts(recording))
    assert [cut for cut in found if OLD.version not in cut.starts] == []
    assert [cut for cut in found if cut.broken] == []
    # The states are not all the same: the new image starts at the end, and the oldest one before.
    assert NEW.version in found[-1].starts
    assert NEW.version not in found[0].starts
    if make is updated_twice:
        assert OLDEST.version in found[0].starts
    esp = scene.here.places[4]
    assert sound(scene.here.disk, esp.start, esp.size, tmp_path) == ""
    kinds = Counter(cut.name.split()[0] for cut in found)
    with capsys.disabled():
        print(f"\n{recording.writes} writes, {len(found)} cuts: {dict(kinds)}")


def test_after_a_cut_the_same_update_can_be_installed(tmp_path: Path) -> None:
    scene = updated_twice(tmp_path)
    recording = scene.install(NEW)
    cases = list(cuts(recording))
    esp = scene.here.places[4]
    copies = Copies(scene.before, tmp_path / "copy")
    judge = Judge((OLDEST, OLD, NEW))
    for name, state in cases[:: max(1, len(cases) // 16)]:
        copies.become(state)
        shutil.copyfile(copies.path, scene.here.disk)
        assert scene.here.apply(tmp_path / "bundle/0.2.0-3.bundle") in (
            "installed",
            "already-installed",
        ), name
        files = judge.files(scene.here.disk, esp.start)
        assert {(file.version, file.wrong) for file in files} == {("0.1.0", None), ("0.2.0", None)}
        assert first([file.name for file in files])[0] == "face-appliance_0.2.0+3.efi"
        assert sound(scene.here.disk, esp.start, esp.size, tmp_path) == "", name
    copies.close()


def test_a_wrong_order_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = install._Installation.write

    def early(self: install._Installation) -> None:
        self._boot.clear()
        part = self._header.parts.uki
        self._boot.store(self._bundle.pieces("uki"), part)
        self._boot.publish(self._header.version)
        kept, self._boot.clear = self._boot.clear, lambda: None  # type: ignore[method-assign]
        right(self)
        self._boot.clear = kept  # type: ignore[method-assign]

    monkeypatch.setattr(install._Installation, "write", early)
    monkeypatch.setattr(install._Installation, "start_it_next", lambda _self: None)
    scene = updated_twice(tmp_path)
    found = list(scene.cuts(scene.install(NEW)))
    assert any(cut.broken for cut in found)


def test_without_any_flush_a_half_written_image_may_be_started(tmp_path: Path) -> None:
    scene = updated_twice(tmp_path)
    recording = scene.install(NEW)
    everything = Recording([[write for group in recording.groups for write in group]])
    assert any(cut.broken for cut in scene.cuts(everything))


def test_without_the_flush_between_two_copies_of_the_table_none_may_be_whole(
    tmp_path: Path,
) -> None:
    scene = updated_twice(tmp_path)
    groups = scene.install(NEW).groups
    (primary,) = [n for n, group in enumerate(groups) if any(1 in write for write in group)]
    together = [*groups[: primary - 1], groups[primary - 1] + groups[primary]]
    found = list(scene.cuts(Recording(together + groups[primary + 1 :])))
    assert any(OLD.version not in cut.starts for cut in found)


def test_without_the_flush_before_the_name_the_image_may_be_in_pieces(tmp_path: Path) -> None:
    scene = updated_twice(tmp_path)
    groups = [group for group in scene.install(NEW).groups if group]
    # The last but one is the folder's sector, the last one a summary; before them: the clusters.
    together = [*groups[:-3], groups[-3] + groups[-2], groups[-1]]
    assert any(cut.broken for cut in scene.cuts(Recording(together)))


def test_the_kernel_is_asked_for_what_was_recorded_and_nothing_else(tmp_path: Path) -> None:
    scene = updated_twice(tmp_path)
    disk, trace = scene.here.disk, tmp_path / "trace"
    update = bundle(tmp_path / "bundle", NEW)
    done = subprocess.run(
        [
            *("strace", "-f", "-o", str(trace), "-P", str(disk)),
            *("-e", "trace=!read,pread64,lseek,fstat,newfstatat,close,ioctl,fadvise64"),
            *(sys.executable, "-m", "tests.updating.install_once"),
            *(str(scene.here.root), str(update)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.returncode == 0, done.stderr
    calls = re.findall(
        r"(pwrite64|write|fsync|fdatasync|openat|\w+)\(.*?(\d+, \d+)?\) += \d+", trace.read_text()
    )
    seen = [(name, place) for name, place in calls if name != "openat"]
    shutil.copyfile(scene.before, disk)
    wanted: list[tuple[str, str]] = []
    for group in scene.install(NEW).asked:
        wanted += [("pwrite64", f"{size}, {offset}") for offset, size in group]
        wanted.append(("fsync", ""))
    assert seen == wanted[: len(seen)]
    assert [name for name, _ in wanted[len(seen) :]] in ([], ["fsync"])


@pytest.mark.parametrize("name", ["+2-1", "+0-3", "", "+1-2"])
@pytest.mark.parametrize(
    ("before", "behind"), [(0, 0), (11, 0), (12, 0), (13, 0), (14, 0), (11, 17)]
)
def test_the_running_image_keeps_a_name_while_it_gets_its_tries_back(
    name: str, before: int, behind: int, tmp_path: Path
) -> None:
    here = machine(tmp_path / "machine", OLD, name=f"face-appliance_0.1.0{name}.efi")
    # Names in front of it move its slots over the border of a sector; with many behind it there is
    # no room for a new name in its own.
    one = tmp_path / "one"
    one.write_bytes(b"1")
    run("mdel", "-i", here.esp, f"::/EFI/Linux/face-appliance_0.1.0{name}.efi")
    for number in range(before):
        run("mcopy", "-i", here.esp, str(one), f"::/EFI/Linux/{number}.TXT")
    one.write_bytes(OLD.uki)
    run("mcopy", "-i", here.esp, str(one), f"::/EFI/Linux/face-appliance_0.1.0{name}.efi")
    one.write_bytes(b"1")
    for number in range(before, before + behind):
        run("mcopy", "-i", here.esp, str(one), f"::/EFI/Linux/{number}.TXT")
    scene = _scene(here, tmp_path)
    recording = Recording()
    opened = lambda place: RecordingDisk.recorded(place.path, recording)  # noqa: E731
    assert confirm_boot(here.at, here.number, opened)
    found = list(scene.cuts(recording))
    most = 0
    for cut in found:
        assert OLD.version in cut.starts, cut.name
        assert [file for file in cut.broken if file.name.endswith(".efi")] == []
        most = max(most, sum(file.name.endswith(".efi") for file in cut.files))
    assert most == (2 if behind and len(name) > 3 else 1)
    assert [file.name for file in found[-1].files if file.version] == ["face-appliance_0.1.0+3.efi"]
    esp = here.places[4]
    assert sound(here.disk, esp.start, esp.size, tmp_path) == ""
    assert not confirm_boot(here.at, here.number, opened)


def test_two_names_that_a_cut_left_are_one_after_the_next_good_boot(tmp_path: Path) -> None:
    name = "face-appliance_0.1.0+2-1.efi"
    here = machine(tmp_path / "machine", OLD, name=name)
    twin = tmp_path / "twin"
    twin.write_bytes(OLD.uki)
    esp = here.places[4]
    run("mcopy", "-i", here.esp, str(twin), "::/EFI/Linux/face-appliance_0.1.0+3.efi")
    # The second name leads to the bytes of the first one: its own are lost.
    data = here.disk.read_bytes()
    own, other = (match.start() for match in re.finditer(rb"FACE[-A-Z]+~\dEFI", data))
    with here.disk.open("r+b") as file:
        file.seek(other + 26)
        file.write(data[own + 26 : own + 28])
    assert len(here.listing()) == 2
    assert confirm_boot(here.at, here.number, lambda place: Disk.open(place.path, writable=True))
    assert here.listing() == ["face-appliance_0.1.0+3.efi"]
    assert sound(here.disk, esp.start, esp.size, tmp_path) == ""
    files_now = Judge((OLD,)).files(here.disk, esp.start)
    assert [file.wrong for file in files_now] == [None]
