"""A machine on which nothing but our files is installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.hardening.installed_units import HARDENING


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root folder of a machine on which nothing but our files is installed."""
    command = ["/bin/bash", str(HARDENING / "install.sh"), str(tmp_path)]
    subprocess.run(command, check=True)
    return tmp_path
