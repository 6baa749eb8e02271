"""A window of two QML files that seals itself and then works: python -m tests.kiosk.standin SOCKET

It prints a line of JSON for each step: the first frame, the seal, and what it could still do.
SOCKET is one of a service; ``-`` for none. It goes on until its standard input ends.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from appliance.kiosk.sealing import confine_screen, seal_screen

_FOLDER = Path(__file__).parent


def main() -> None:
    """See the module."""
    confinement = confine_screen([_FOLDER])
    from tests.kiosk.standin.window import show  # Qt comes after Landlock

    show(_FOLDER, Path(sys.argv[1]), lambda: len(seal_screen(confinement)), say)


def say(**values: object) -> None:
    """One line for the test."""
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
