"""Whatever is on a disk, an update is refused or installed: no bug, and the running image stays."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

from appliance.updating.boot_good import confirm_boot
from appliance.updating.problem import RefusedUpdateError
from tests.updating.judges import Judge
from tests.updating.machines import MIB, SECTOR, built, bundle, machine

OLD, NEW = built("0.1.0", 2), built("0.2.0", 3)
TRIES = 150


def test_any_damage_to_table_and_boot_partition_is_refused_or_survived(tmp_path: Path) -> None:
    here = machine(tmp_path / "machine", OLD, name="face-appliance_0.1.0+2-1.efi")
    update = bundle(tmp_path / "bundle", NEW)
    whole = tmp_path / "whole"
    shutil.copyfile(here.disk, whole)
    data = whole.read_bytes()
    esp = here.places[4].start
    used = [
        at
        for at in range(esp, esp + MIB, SECTOR)
        if any(data[at : at + SECTOR]) and b"loaderloader" not in data[at : at + SECTOR]
    ]
    places = [
        SECTOR,
        2 * SECTOR,
        len(data) - SECTOR,
        len(data) - 33 * SECTOR,
        *used[:12],
        *used[-12:],
    ]
    judge = Judge((OLD, NEW))
    dice = random.Random(3)  # noqa: S311 - where damage is done
    outcomes: Counter[str] = Counter()
    for number in range(TRIES):
        shutil.copyfile(whole, here.disk)
        with here.disk.open("r+b") as file:
            for _ in range(dice.randint(1, 3)):
                file.seek(dice.choice(places) + dice.randrange(SECTOR))
                file.write(dice.randbytes(dice.choice((1, 2, 4, 16))))
        before = here.disk.read_bytes()
        started = {one.version for one in judge.files(here.disk, esp) if one.wrong is None}
        try:
            if number % 3:
                outcomes[here.apply(update)] += 1
            else:
                confirm_boot(here.at, here.number, here.open_disk)
                outcomes["good"] += 1
        except RefusedUpdateError as error:
            outcomes[error.reason] += 1
            assert here.disk.read_bytes() == before
        if OLD.version in started:
            now = {one.version for one in judge.files(here.disk, esp) if one.wrong is None}
            assert OLD.version in now, number
    # The damage was of both kinds.
    assert outcomes["installed"] > 10
    assert outcomes["esp"] > 10
