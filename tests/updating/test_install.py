"""An update goes into the other slot, and an unfit one changes nothing on the disk."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.audit.entries.events import AnyEvent, UpdateInstalled, UpdateRefused
from appliance.errors import InputError, LedgerError, TpmError
from appliance.updating.bundle import LEAD, PAGE
from appliance.updating.install import Updater
from appliance.updating.problem import RefusedUpdateError
from appliance.updating.source import FileSource, from_file
from tests.updating.judges import Judge, first, sound
from tests.updating.machines import (
    MIB,
    STRANGER,
    Built,
    Machine,
    built,
    bundle,
    listing,
    machine,
    run,
    says,
)

OLD, NEW = built("0.1.0", 2), built("0.2.0", 3)


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    """A machine that runs the old image."""
    return machine(tmp_path / "machine", OLD)


def digest(here: Machine) -> str:
    """SHA-256 of the whole disk."""
    return hashlib.sha256(here.disk.read_bytes()).hexdigest()


def refused(here: Machine, update: Path) -> str:
    """The word for which ``update`` is refused; it is in the ledger, and nothing was written."""
    before, logged = digest(here), len(here.events)
    with pytest.raises(RefusedUpdateError) as raised:
        here.apply(update)
    assert digest(here) == before
    (event,) = here.events[logged:]
    assert isinstance(event, UpdateRefused)
    assert event.reason == raised.value.reason
    return event.reason


def test_an_update_lies_in_the_other_slot_and_starts_next(here: Machine, tmp_path: Path) -> None:
    assert here.apply(bundle(tmp_path, NEW)) == "installed"
    assert here.events == [UpdateInstalled(3, NEW.root_hash)]
    names = here.listing()
    assert names == ["face-appliance_0.1.0+3.efi", "face-appliance_0.2.0+3.efi"]
    assert first(names)[0] == "face-appliance_0.2.0+3.efi"
    esp = here.places[4]
    files = Judge((OLD, NEW)).files(here.disk, esp.start)
    assert {(file.version, file.wrong) for file in files} == {("0.1.0", None), ("0.2.0", None)}
    assert sound(here.disk, esp.start, esp.size, tmp_path) == ""
    table = run("sfdisk", "--dump", str(here.disk))
    assert 'name="root-0.2.0"' in table
    assert 'name="verity-0.2.0"' in table
    assert 'name="root-0.1.0"' in table


def test_the_next_update_goes_back_into_the_first_slot(here: Machine, tmp_path: Path) -> None:
    assert here.apply(bundle(tmp_path, NEW)) == "installed"
    here.boots(NEW)
    newest = built("0.10.0", 4)
    assert here.apply(bundle(tmp_path, newest)) == "installed"
    names = here.listing()
    assert first(names) == ["face-appliance_0.10.0+3.efi", "face-appliance_0.2.0+3.efi"]
    files = Judge((OLD, NEW, newest)).files(here.disk, here.places[4].start)
    assert [file for file in files if file.wrong is not None] == []


def test_a_boot_partition_with_clusters_of_many_sectors_is_as_good(tmp_path: Path) -> None:
    here = machine(tmp_path / "machine", OLD, cluster=8)
    assert here.apply(bundle(tmp_path, NEW)) == "installed"
    esp = here.places[4]
    files = Judge((OLD, NEW)).files(here.disk, esp.start)
    assert {(file.version, file.wrong) for file in files} == {("0.1.0", None), ("0.2.0", None)}
    assert sound(here.disk, esp.start, esp.size, tmp_path) == ""


def test_the_same_update_again_writes_nothing_and_is_no_error(
    here: Machine, tmp_path: Path
) -> None:
    update = bundle(tmp_path, NEW)
    assert here.apply(update) == "installed"
    before = digest(here)
    assert here.apply(update) == "already-installed"
    here.boots(NEW)
    assert here.apply(update) == "running"
    assert digest(here) == before
    assert len(here.events) == 1


def test_an_image_that_failed_is_not_tried_again_because_its_disc_is_in_the_drive(
    here: Machine, tmp_path: Path
) -> None:
    update = bundle(tmp_path, NEW)
    assert here.apply(update) == "installed"
    names = "::/EFI/Linux/face-appliance_0.2.0+3.efi", "::/EFI/Linux/face-appliance_0.2.0+0-3.efi"
    run("mren", "-i", here.esp, *names)
    assert first(here.listing())[0] == "face-appliance_0.1.0+3.efi"
    before = digest(here)
    assert here.apply(update) == "already-installed"
    assert digest(here) == before


def test_a_slot_that_lost_a_byte_is_written_again(here: Machine, tmp_path: Path) -> None:
    update = bundle(tmp_path, NEW)
    assert here.apply(update) == "installed"
    with here.disk.open("r+b") as file:
        file.seek(here.places[2].start + 5000)
        file.write(b"x")
    here.number.value = NEW.number
    assert here.apply(update) == "installed"
    files = Judge((OLD, NEW)).files(here.disk, here.places[4].start)
    assert [file for file in files if file.wrong is not None] == []


def _spoilt(update: Path, change: Callable[[bytearray], None]) -> Path:
    data = bytearray(update.read_bytes())
    change(data)
    update.write_bytes(data)
    return update


def _start(data: bytearray) -> int:
    _, header, signature = LEAD.unpack_from(data)
    return int(-(-(LEAD.size + header + signature) // PAGE) * PAGE)


def _flip(at: Callable[[bytearray], int]) -> Callable[[bytearray], None]:
    def flip(data: bytearray) -> None:
        data[at(data)] ^= 1

    return flip


def _cut(size: int) -> Callable[[bytearray], None]:
    def cut(data: bytearray) -> None:
        del data[len(data) - size :]

    return cut


def _unsigned(data: bytearray) -> None:
    _, header, signature = LEAD.unpack_from(data)
    start = LEAD.size + header
    data[start : start + signature] = b" " * signature


SPOILT: dict[str, tuple[Callable[[bytearray], None], str]] = {
    "another magic": (_flip(lambda _: 0), "unreadable"),
    "another version of the format": (_flip(lambda _: 7), "unreadable"),
    "a longer header": (_flip(lambda _: 8), "signature"),
    "an endless header": (_flip(lambda _: 11), "unreadable"),
    "an endless signature": (_flip(lambda _: 15), "unreadable"),
    "a header with another byte": (_flip(lambda _: LEAD.size + 30), "signature"),
    "another signature": (
        _flip(lambda data: LEAD.size + LEAD.unpack_from(data)[1] + 120),
        "signature",
    ),
    "no signature": (_unsigned, "signature"),
    "the root's first byte": (_flip(_start), "altered"),
    "the root in its middle": (_flip(lambda data: _start(data) + 99_999), "altered"),
    "the tree": (
        _flip(lambda data: _start(data) + PAGE * -(-len(OLD.root) // PAGE) + 1),
        "altered",
    ),
    "the kernel's last byte": (_flip(lambda data: len(data) - 1), "altered"),
    "one byte short": (_cut(1), "unreadable"),
    "half": (_cut(150_000), "unreadable"),
    "one byte more": (lambda data: data.append(0), "unreadable"),
    "nothing": (bytearray.clear, "unreadable"),
    "a lead alone": (lambda data: data.__delitem__(slice(10, None)), "unreadable"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_update_is_refused(name: str, here: Machine, tmp_path: Path) -> None:
    change, reason = SPOILT[name]
    assert refused(here, _spoilt(bundle(tmp_path, NEW), change)) == reason
    assert here.apply(bundle(tmp_path, NEW)) == "installed"


def test_padding_is_not_read_so_it_cannot_matter(here: Machine, tmp_path: Path) -> None:
    update = _spoilt(bundle(tmp_path, NEW), _flip(lambda data: _start(data) - 1))
    assert here.apply(update) == "installed"


def test_an_update_by_another_key_is_refused(here: Machine, tmp_path: Path) -> None:
    assert refused(here, bundle(tmp_path, NEW, STRANGER)) == "signature"
    with here.at.keys.open("a") as file:
        file.write(f"{STRANGER.public.line}\n")
    assert here.apply(bundle(tmp_path / "again", NEW, STRANGER)) == "installed"


@pytest.mark.parametrize("text", ["", "untrusted comment: none\n", "no key\n"])
def test_without_a_key_nothing_is_trusted(text: str, here: Machine, tmp_path: Path) -> None:
    here.at.keys.write_text(text)
    assert refused(here, bundle(tmp_path, NEW)) == "signature"
    here.at.keys.unlink()
    assert refused(here, bundle(tmp_path, NEW)) == "signature"


def test_another_kind_of_image_is_refused(here: Machine, tmp_path: Path) -> None:
    assert refused(here, bundle(tmp_path, NEW, image="face-appliance-cuda")) == "foreign"
    assert here.events == [UpdateRefused("foreign", 3)]


@pytest.mark.parametrize(
    ("version", "number", "seen"),
    [
        ("0.2.0", 2, None),
        ("0.2.0", 1, None),
        ("0.1.0", 3, None),
        ("0.0.9", 3, None),
        ("0.2.0", 3, 4),
    ],
)
def test_what_is_not_newer_is_refused(
    version: str, number: int, seen: int | None, here: Machine, tmp_path: Path
) -> None:
    here.number.value = seen
    assert refused(here, bundle(tmp_path, built(version, number))) == "older"
    assert here.events == [UpdateRefused("older", number)]
    here.number.value = 3
    assert here.apply(bundle(tmp_path, NEW)) == "installed"


def test_a_part_that_is_too_large_is_refused_before_it_is_read(
    here: Machine, tmp_path: Path
) -> None:
    assert refused(here, bundle(tmp_path, built("0.2.0", 3, MIB))) == "too-large"
    small = Built("0.2.0", 3, NEW.root_hash, NEW.root, bytes(MIB + 1), NEW.uki)
    assert refused(here, bundle(tmp_path / "small", small)) == "too-large"
    large = Built("0.2.0", 3, NEW.root_hash, NEW.root, NEW.verity, bytes(41 * MIB))
    assert refused(here, bundle(tmp_path / "large", large)) == "too-large"


def test_a_disc_that_reads_otherwise_the_second_time_is_noticed_before_it_can_start(
    here: Machine, tmp_path: Path
) -> None:
    class Worn(FileSource):
        """After everything was read once, one byte of the root is another one."""

        def read(self, offset: int, size: int) -> bytes:
            data = FileSource.read(self, offset, size)
            times[offset] = times.get(offset, 0) + 1
            return data[:-1] + b"?" if times[offset] == 2 and size > 100_000 else data

    times: dict[int, int] = {}
    with from_file(bundle(tmp_path, NEW)) as source:
        assert isinstance(source, FileSource)
        with pytest.raises(RefusedUpdateError) as raised:
            here.updater().apply(Worn(source.descriptor, source.size))
    assert raised.value.reason == "unsteady"
    assert here.events == [UpdateRefused("unsteady", 3)]
    assert here.listing() == ["face-appliance_0.1.0+3.efi"]
    assert here.apply(bundle(tmp_path, NEW)) == "installed"


def _without_ledger(here: Machine, refuses: type[AnyEvent]) -> Updater:
    def log(event: AnyEvent) -> None:
        if isinstance(event, refuses):
            raise LedgerError("The audit daemon does not answer.", "Start it.")

    right = here.updater()
    return Updater(right.at, right.number, log, right.say, right.open_disk)


def test_what_the_ledger_cannot_record_is_not_started(here: Machine, tmp_path: Path) -> None:
    updater = _without_ledger(here, UpdateInstalled)
    with from_file(bundle(tmp_path, NEW)) as source, pytest.raises(LedgerError):
        updater.apply(source)
    assert here.listing() == ["face-appliance_0.1.0+3.efi"]
    assert here.apply(bundle(tmp_path, NEW)) == "installed"


def test_without_the_tpm_it_is_not_known_what_is_newer(here: Machine, tmp_path: Path) -> None:
    class Broken:
        def read(self) -> int | None:
            raise TpmError("The TPM does not answer.", "Check it.")

        def raise_to(self, number: int) -> None:
            raise AssertionError

    right = here.updater()
    updater = Updater(right.at, Broken(), right.log, right.say, right.open_disk)
    with from_file(bundle(tmp_path, NEW)) as source, pytest.raises(RefusedUpdateError):
        updater.apply(source)
    assert here.events == [UpdateRefused("tpm", 3)]


def test_a_disk_that_is_there_twice_is_not_written(here: Machine, tmp_path: Path) -> None:
    (here.root / "sys/block/vdb").mkdir()
    assert here.apply(bundle(tmp_path, NEW)) == "installed"  # the other disk is not there
    here.boots(NEW)
    (here.root / "dev/vdb").write_bytes(here.disk.read_bytes())
    assert refused(here, bundle(tmp_path, built("0.3.0", 4))) == "disk"


def test_a_disk_without_the_running_image_is_not_written(here: Machine, tmp_path: Path) -> None:
    says(here.root, built("0.1.1", 2))
    assert refused(here, bundle(tmp_path, NEW)) == "disk"


@pytest.mark.parametrize("name", ["face-appliance_0.0.1+3.efi", "other_0.1.0+3.efi", "x.efi"])
def test_without_the_running_images_own_file_nothing_is_removed(
    name: str, here: Machine, tmp_path: Path
) -> None:
    run("mren", "-i", here.esp, "::/EFI/Linux/face-appliance_0.1.0+3.efi", f"::/EFI/Linux/{name}")
    assert refused(here, bundle(tmp_path, NEW)) == "esp"


def test_a_machine_without_an_image_is_no_place_for_an_update(
    here: Machine, tmp_path: Path
) -> None:
    here.at.image.unlink()
    with pytest.raises(InputError):
        here.apply(bundle(tmp_path, NEW))
    assert here.events == []


def test_every_damaged_boot_sector_is_refused_or_harmless(here: Machine, tmp_path: Path) -> None:
    update = bundle(tmp_path, NEW)
    at = here.places[4].start
    sectors = here.disk.read_bytes()[at : at + 512]
    for offset in (11, 13, 14, 16, 22, 32, 36, 40, 44, 510):
        spoilt = bytearray(sectors)
        struct.pack_into("<H", spoilt, offset, 0xFFFF)
        with here.disk.open("r+b") as file:
            file.seek(at)
            file.write(spoilt)
        assert refused(here, update) == "esp", offset
    with here.disk.open("r+b") as file:
        file.seek(at)
        file.write(sectors)
    assert here.apply(update) == "installed"
    assert listing(here.esp)


def test_progress_is_said_from_the_first_to_the_last_byte(here: Machine, tmp_path: Path) -> None:
    here.apply(bundle(tmp_path, NEW))
    total = len(NEW.root) + len(NEW.verity) + len(NEW.uki)
    assert ("checking the update", total, total) in here.said
    for name in ("root", "verity"):
        size = len(getattr(NEW, name))
        assert (f"writing {name}", size, size) in here.said
        assert (f"reading back {name}", size, size) in here.said
