"""``python -m appliance.updating install|good``: what the appliance does about updates at boot.

``install`` takes an update from the disc in the drive, if one is there. ``good`` gives the running
image its tries back. A refused update is a result, which the ledger has; the boot goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from appliance.diagnostics.process_log import configure
from appliance.errors import ApplianceError
from appliance.seal.environment import scrub_environment
from appliance.updating.boot_good import confirm_boot
from appliance.updating.install import Say, Updater
from appliance.updating.machine import (
    HERE,
    NUMBER,
    ProgressLines,
    on_console,
    open_disk,
    updater,
)
from appliance.updating.problem import RefusedUpdateError
from appliance.updating.source import from_disc

_WORDS = {
    "installed": "The update is installed. It starts when the machine is switched on again.",
    "already-installed": "The update on the disc is installed already. Take the disc out.",
    "running": "The update on the disc is what runs already. Take the disc out.",
}


def main() -> int:
    """Do one of the two. Returns 0 unless the machine itself, or its ledger, is not in order."""
    parser = argparse.ArgumentParser(prog="appliance-update", description=__doc__)
    parser.add_argument("command", choices=("install", "good"))
    options = parser.parse_args()
    scrub_environment()
    stderr = configure("update")

    def say(line: str) -> None:
        stderr.write(line)
        stderr.flush()
        on_console(line)

    try:
        if options.command == "good":
            confirm_boot(HERE, NUMBER, open_disk)
        else:
            install(say, updater)
    except RefusedUpdateError as error:
        say(f"update: {error.message}\nupdate: {error.hint}\n")
        return error.exit_code if options.command == "good" else 0
    except ApplianceError as error:
        say(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    except OSError:
        say("error: The disk of the image cannot be written.\n")
        return 1
    return 0


def install(
    say: Callable[[str], object],
    here: Callable[[Say], AbstractContextManager[Updater]],
    drive: Path = HERE.drive,
) -> None:
    """Install the update on the disc in ``drive`` by ``here``; nothing happens if there is none.

    Raises as ``Updater.apply``, and ``LedgerError``.
    """
    with from_disc(drive) as source:
        if source is None:
            return
        say("update: There is an update on the disc. Do not switch the machine off.\n")
        with here(ProgressLines(say)) as ready:
            outcome = ready.apply(source)
        say(f"update: {_WORDS[outcome]}\n")


if __name__ == "__main__":
    sys.exit(main())
