"""A block device that is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DEVICE = "/dev/vg/workspaces"


def as_devices(monkeypatch: pytest.MonkeyPatch, *paths: str) -> None:
    """Have ``paths`` taken for block devices, and no others."""
    monkeypatch.setattr(Path, "is_block_device", lambda path: os.fspath(path) in paths)
