"""Removing what a crash left beyond the checkpoint: it was written, but never acknowledged."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from appliance.audit.tlog.tiles import WIDTH, Tile
from appliance.files.atomic import PENDING


def remove_unacknowledged(folder: Path, size: int) -> None:
    """Remove all tiles and entries that a ledger of ``size`` entries has not. Raises ``OSError``.

    Tiles are written from the left to the right, so a level ends where nothing more is found, and
    so does the tree.
    """
    level = 0
    while True:
        index, width = divmod(size >> 8 * level, WIDTH)
        found = _sweep_level(folder, Tile(level, index, width))
        if index == 0 and not found:
            return
        level += 1


def _sweep_level(folder: Path, edge: Tile) -> bool:
    """Remove all after the partial tile ``edge``, whose width may be 0; whether there was any."""
    index, any_found = edge.index, False
    while True:
        tile = Tile(edge.level, index)
        kept = edge.width if index == edge.index else 0
        found = _sweep_tile(folder / tile.path, kept)
        if edge.level == 0:
            found = _sweep_tile(folder / tile.entries_path, kept) or found
        any_found = any_found or found
        if not found and index > edge.index:
            return any_found
        index += 1


def _sweep_tile(full: Path, kept: int) -> bool:
    """Remove a full tile and all its partial ones but that of the width ``kept``."""
    partial = full.with_name(f"{full.name}.p")
    stray = [full, full.with_name(full.name + PENDING)]
    if partial.is_dir():
        stray += [path for path in partial.iterdir() if path.name != str(kept)]
    there = [path for path in stray if path.exists()]
    for path in there:
        path.unlink()
    with suppress(OSError):
        partial.rmdir()
    return bool(there)
