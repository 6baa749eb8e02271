"""Installs a bundle on a machine in a folder, as a process of its own: for strace."""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.updating.install import Updater
from appliance.updating.machine import open_disk
from appliance.updating.running import Locations
from appliance.updating.source import from_file
from tests.updating.machines import Number


def main(root: str, update: str) -> None:
    """Install ``update`` on the machine in ``root``."""
    updater = Updater(
        Locations(Path(root)),
        Number(),
        lambda _event: None,
        lambda _doing, _done, _total: None,
        open_disk,
    )
    with from_file(Path(update)) as source:
        assert updater.apply(source) == "installed"


if __name__ == "__main__":
    main(*sys.argv[1:])
