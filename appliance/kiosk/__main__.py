"""``python -m appliance.kiosk``: the screen, for the services at the given sockets."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TextIO

from PySide6.QtGui import QGuiApplication

from appliance.diagnostics.output import take_output
from appliance.errors import SealError
from appliance.kiosk.loading import at_first_frame
from appliance.kiosk.sealing import confine_screen, seal_screen
from appliance.kiosk.window import Screen
from appliance.kiosk.words.catalogue import LANGUAGES
from appliance.wire.activation import notify_ready


def main() -> int:
    """Show the window until it is closed. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="appliance-kiosk", description=__doc__)
    parser.add_argument("--broker", type=Path, required=True, help="socket of the broker")
    parser.add_argument("--disc", type=Path, help="socket of the disc reader")
    parser.add_argument("--training", type=Path, help="socket of software tokens")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="at the beginning")
    options = parser.parse_args()
    stderr = take_output()
    try:
        # Before there is a thread, and before Qt looks at the environment.
        confinement = confine_screen()
    except SealError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    application = QGuiApplication(["appliance-kiosk"])
    screen = Screen(application, options.broker, options.disc, options.training, options.language)

    def seal() -> None:
        try:
            screen.load_ahead()
            _configure(stderr)
            seal_screen(confinement)
        except SealError as error:
            stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
            application.exit(error.exit_code)
        else:
            notify_ready()

    at_first_frame(screen.window, seal)
    screen.window.show()
    return int(application.exec())


def _configure(stderr: TextIO) -> None:
    from appliance.diagnostics.process_log import configure  # noqa: PLC0415 - see ``bugs``

    configure("kiosk", stream=stderr)


if __name__ == "__main__":
    sys.exit(main())
