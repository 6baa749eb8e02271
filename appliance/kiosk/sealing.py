"""How the screen's process seals itself: before Qt is imported, and once its window is up.

From then on it starts no program and no process, opens no file for writing, maps no new code and
makes no socket but those of this machine. It reads the interpreter, Qt and fonts, shares its pixels
with the compositor as memory without a name, starts threads, and calls the services of which it
sees a socket. Which those are, its unit says (``hardening/systemd/appliance-kiosk.service``):
Landlock, up to ABI 7, does not cover connecting by path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from appliance.seal.allowed_paths import SYSTEM, interpreter
from appliance.seal.seal import Confinement, confine, seal_window
from appliance.seal.self_test import Attempt

# What fontconfig, xkbcommon and cursors read.
_READABLE = tuple(
    Path(name)
    for name in (
        *("/usr/share/fonts", "/usr/share/fontconfig", "/etc/fonts", "/usr/share/icons"),
        *("/var/cache/fontconfig", "/usr/share/X11"),
    )
)

# Variables that say where the window is shown, and their values.
_SHOWN = tuple(
    (name, re.compile(value))
    for name, value in (
        ("QT_QPA_PLATFORM", r"wayland|offscreen|xcb"),
        ("WAYLAND_DISPLAY", r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
        ("XDG_RUNTIME_DIR", r"/[^\0]*"),
        ("DISPLAY", r"[A-Za-z0-9.:_-]{1,64}"),
        ("XAUTHORITY", r"/[^\0]*"),
    )
)

# What Qt does is said here, and not by its surroundings.
_SETTINGS = {
    # Each would need a file that it writes, a program that it starts, or code that it makes.
    "QML_DISABLE_DISK_CACHE": "1",
    "QV4_FORCE_INTERPRETER": "1",
    "QT_ENABLE_REGEXP_JIT": "0",
    "QT_NO_XDG_DESKTOP_PORTAL": "1",
    "QT_X11_NO_MITSHM": "1",
    # Drawn by the processor: no driver of a graphics card is loaded.
    "QT_QUICK_BACKEND": "software",
    # It has no files of its own, and no cursor or font of a user.
    "HOME": "/nonexistent",
}


def confine_screen(readable: Sequence[Path] = ()) -> Confinement:
    """Before Qt is imported and before any thread: keep a few paths, for reading.

    ``readable``: more of them. Raises ``SealError``.
    """
    shown = {name: os.environ.get(name, "") for name, _ in _SHOWN}
    authority = Path(shown["XAUTHORITY"] or "/nonexistent")
    confinement = confine(readable=[*SYSTEM, *_READABLE, *interpreter(), authority, *readable])
    for name, sound in _SHOWN:
        if sound.fullmatch(shown[name]):
            os.environ[name] = shown[name]
    os.environ.update(_SETTINGS)
    return confinement


def seal_screen(confinement: Confinement) -> tuple[Attempt, ...]:
    """Once the first frame is shown and :func:`appliance.kiosk.loading.load_ahead` is done.

    Returns the escapes that were attempted, all of them denied. Raises ``SealError``.
    """
    return seal_window(confinement)
