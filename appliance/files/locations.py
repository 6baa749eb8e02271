"""Where this program keeps its own files."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """``$XDG_STATE_HOME/face-appliance``, by default ``~/.local/state/face-appliance``."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The XDG base directory specification: a relative path is to be ignored.
    home = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state"
    return home / "face-appliance"
