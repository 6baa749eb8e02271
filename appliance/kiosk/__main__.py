"""``python -m appliance.kiosk``: the screen, for the services at the given sockets."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from appliance.kiosk.window import Screen
from appliance.kiosk.words.catalogue import LANGUAGES


def main() -> int:
    """Show the window until it is closed. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="appliance-kiosk", description=__doc__)
    parser.add_argument("--broker", type=Path, required=True, help="socket of the broker")
    parser.add_argument("--disc", type=Path, help="socket of the disc reader")
    parser.add_argument("--training", type=Path, help="socket of software tokens")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="at the beginning")
    options = parser.parse_args()
    # Set before Qt is initialised: there is no GPU to draw with, and no folder for a cache.
    os.environ["QT_QUICK_BACKEND"] = "software"
    os.environ["QML_DISABLE_DISK_CACHE"] = "1"
    application = QGuiApplication(["appliance-kiosk"])
    screen = Screen(application, options.broker, options.disc, options.training, options.language)
    screen.window.show()
    return int(application.exec())


if __name__ == "__main__":
    sys.exit(main())
