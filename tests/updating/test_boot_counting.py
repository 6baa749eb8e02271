"""Tries are counted in the names of kernel images, as systemd-boot counts them.

``Loader`` does what systemd-boot's boot.c does, by mtools: it orders the names, takes the first,
and renames it before it starts it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from appliance.errors import TpmError
from appliance.updating.boot_good import confirm_boot
from appliance.updating.entry_names import EntryName
from appliance.updating.problem import RefusedUpdateError
from tests.updating.judges import first
from tests.updating.machines import Built, Machine, built, bundle, machine, run

OLD, NEW = built("0.1.0", 2), built("0.2.0", 3)


class Loader:
    """The boot loader of a machine."""

    def __init__(self, here: Machine) -> None:
        self._here = here

    def start(self) -> str:
        """Start what comes first, which takes one of its tries; returns its version."""
        name = first(self._here.listing())[0]
        match = re.fullmatch(r"(.*?)(?:\+(\d+)(?:-(\d+))?)?\.efi", name)
        assert match is not None
        if match[2] is not None:
            counted = f"{match[1]}+{max(0, int(match[2]) - 1)}-{int(match[3] or 0) + 1}.efi"
            folder = "::/EFI/Linux/"
            run("mren", "-i", self._here.esp, f"{folder}{name}", f"{folder}{counted}")
        return match[1].partition("_")[2]


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    """A machine that runs the old image, with the new one in the other slot."""
    made = machine(tmp_path / "machine", OLD)
    assert made.apply(bundle(tmp_path, NEW)) == "installed"
    return made


def boot(here: Machine, *, good: bool) -> str:
    """Start the machine; returns the version that ran."""
    version = Loader(here).start()
    images: dict[str, Built] = {image.version: image for image in (OLD, NEW)}
    here.boots(images[version])
    if good:
        assert confirm_boot(here.at, here.number, here.open_disk)
    return version


def test_a_new_image_that_fails_three_times_gives_way_to_the_old_one(here: Machine) -> None:
    versions = [boot(here, good=False) for _ in range(3)]
    assert versions == ["0.2.0"] * 3
    assert boot(here, good=True) == "0.1.0"
    assert boot(here, good=True) == "0.1.0"
    # It never ran well, so the old image may still be updated to something else of that number.
    assert here.number.value == OLD.number


def test_an_image_that_ran_well_for_long_still_gives_way_when_it_breaks(here: Machine) -> None:
    assert [boot(here, good=True) for _ in range(5)] == ["0.2.0"] * 5
    assert here.number.value == NEW.number
    assert [boot(here, good=False) for _ in range(3)] == ["0.2.0"] * 3
    assert boot(here, good=True) == "0.1.0"


def test_two_failures_are_forgiven_by_a_good_boot(here: Machine) -> None:
    for good in (False, False, True, False, False, True):
        assert boot(here, good=good) == "0.2.0"
    assert "face-appliance_0.2.0+3.efi" in here.listing()


def test_with_no_tries_left_anywhere_the_newest_image_is_tried_again(here: Machine) -> None:
    versions = [boot(here, good=False) for _ in range(7)]
    assert versions == ["0.2.0"] * 3 + ["0.1.0"] * 3 + ["0.2.0"]
    assert boot(here, good=True) == "0.2.0"
    assert boot(here, good=True) == "0.2.0"


def test_a_good_boot_that_changes_nothing_writes_nothing(here: Machine) -> None:
    before = here.disk.read_bytes()
    assert not confirm_boot(here.at, here.number, here.open_disk)
    assert here.disk.read_bytes() == before
    assert here.number.value == OLD.number


def test_the_old_image_takes_no_older_update_after_the_new_one_ran_well(
    here: Machine, tmp_path: Path
) -> None:
    boot(here, good=True)
    assert here.number.value == 3
    here.boots(OLD)
    here.number.value = 9
    with pytest.raises(RefusedUpdateError):
        here.apply(bundle(tmp_path, built("0.3.0", 8)))
    assert here.apply(bundle(tmp_path, built("0.4.0", 10))) == "installed"


def test_without_a_name_of_the_running_image_a_boot_is_not_called_good(here: Machine) -> None:
    run("mdel", "-i", here.esp, "::/EFI/Linux/face-appliance_0.1.0+3.efi")
    with pytest.raises(RefusedUpdateError):
        confirm_boot(here.at, here.number, here.open_disk)
    assert here.number.value is None


def test_tries_are_given_back_even_if_the_tpm_fails(here: Machine) -> None:
    class Broken:
        def read(self) -> int | None:
            raise TpmError("The TPM does not answer.", "Check it.")

        def raise_to(self, number: int) -> None:
            raise TpmError("The TPM does not answer.", "Check it.")

    Loader(here).start()
    here.boots(NEW)
    with pytest.raises(TpmError):
        confirm_boot(here.at, Broken(), here.open_disk)
    assert "face-appliance_0.2.0+3.efi" in here.listing()


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("face-appliance_0.1.0.efi", EntryName("face-appliance", "0.1.0")),
        ("face-appliance_0.1.0+3.efi", EntryName("face-appliance", "0.1.0", 3)),
        ("face-appliance_0.1.0+2-1.efi", EntryName("face-appliance", "0.1.0", 2, 1)),
        ("face-appliance-cuda_1.2+0-3.efi", EntryName("face-appliance-cuda", "1.2", 0, 3)),
        ("face-appliance_0.1.0+3.EFI", None),
        ("face-appliance_0.1.0+.efi", None),
        ("face-appliance_0.1.0-1.efi", None),
        ("face-appliance.efi", None),
        ("_0.1.0.efi", None),
    ],
)
def test_a_name_is_parsed(name: str, parsed: EntryName | None) -> None:
    assert EntryName.parse(name) == parsed
    if parsed is not None:
        assert parsed.is_fresh is (name == "face-appliance_0.1.0+3.efi")
