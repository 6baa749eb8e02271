"""``python -m appliance.kiosk``: the screen, for the services at the given sockets."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TextIO

from PySide6.QtGui import QGuiApplication

from appliance.diagnostics.output import take_output
from appliance.errors import SealError
from appliance.kiosk.loading import at_first_frame
from appliance.kiosk.renewal import over, window_after_window
from appliance.kiosk.sealing import confine_screen, seal_screen
from appliance.kiosk.window import Screen
from appliance.kiosk.words.catalogue import LANGUAGES, Language
from appliance.wire.activation import notify_ready


def main() -> int:
    """Show the window until it is closed. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="appliance-kiosk", description=__doc__)
    parser.add_argument("--broker", type=Path, required=True, help="socket of the broker")
    parser.add_argument("--disc", type=Path, help="socket of the disc reader")
    parser.add_argument("--training", type=Path, help="socket of software tokens")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="at the beginning")
    parser.add_argument("--renew", action="store_true", help="another window after each session")
    options = parser.parse_args()
    if options.renew:
        return window_after_window(partial(_show, options), options.language)
    return _show(options, options.language)


def _show(options: argparse.Namespace, language: Language) -> int:
    """Show one window, which begins in ``language``; its exit code."""
    stderr = take_output()
    try:
        # Before there is a thread, and before Qt looks at the environment.
        confinement = confine_screen()
    except SealError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    application = QGuiApplication(["appliance-kiosk"])
    screen = Screen(application, options.broker, options.disc, options.training, language)
    if options.renew:
        screen.after_a_session(lambda spoken: application.exit(over(spoken)))

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
