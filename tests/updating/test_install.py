"""An update goes into the other slot, and an unfit one changes nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from appliance.audit.entries.events import UpdateInstalled, UpdateRefused
from tests.updating.machines import Built, Machine, built, bundle, machine, run

OLD, NEW = built("0.1.0", 1), built("0.2.0", 2)


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    """A machine that runs the old image."""
    return machine(tmp_path / "machine", OLD)


def digest(here: Machine) -> str:
    """SHA-256 of the whole disk."""
    return hashlib.sha256(here.disk.read_bytes()).hexdigest()


def verified(here: Machine, image: Built) -> bool:
    """Whether the disk has both partitions of ``image``, and veritysetup agrees with its hash."""
    lines = run("sfdisk", "--dump", str(here.disk)).lower().splitlines()
    starts = [
        int(line.partition("start=")[2].partition(",")[0]) * 512
        for one in image.ids
        for line in lines
        if f"uuid={one}" in line
    ]
    root, verity = starts
    return "failed" not in run(
        *("veritysetup", "verify", f"{here.disk}", f"{here.disk}", image.root_hash),
        *("--hash-offset", str(verity)),
    ) if root == 0 else True


def test_an_update_lies_in_the_other_slot_and_starts_next(here: Machine, tmp_path: Path) -> None:
    assert here.apply(bundle(tmp_path, NEW)) == "installed"
    assert here.events == [UpdateInstalled(2, NEW.root_hash)]
    assert here.listing() == ["face-appliance_0.1.0+3.efi", "face-appliance_0.2.0+3.efi"]
