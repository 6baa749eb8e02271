"""The variables that lead to a person's display, before the environment is scrubbed of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from types import MappingProxyType

_SOUND: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "DISPLAY": re.compile(r":[0-9]{1,4}(\.[0-9]{1,2})?"),  # this machine's; none over a network
        "WAYLAND_DISPLAY": re.compile(r"[A-Za-z0-9._-]{1,64}|/[^\0]*"),
        "XAUTHORITY": re.compile(r"/[^\0]*"),
        "XDG_RUNTIME_DIR": re.compile(r"/[^\0]*"),
        "XDG_SESSION_TYPE": re.compile(r"[a-z0-9]{1,16}"),
    }
)


def display_variables() -> dict[str, str]:
    """Those that are set to sound values; only a window is to get them."""
    found = {name: os.environ.get(name, "") for name in _SOUND}
    return {name: value for name, value in found.items() if _SOUND[name].fullmatch(value)}
