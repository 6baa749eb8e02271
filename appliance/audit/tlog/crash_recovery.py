"""Removes what a crash left beyond the checkpoint: written, but never acknowledged."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from appliance.audit.tlog.tiles import WIDTH, Tile
from appliance.files.atomic import PENDING


def remove_unacknowledged(folder: Path, size: int) -> None:
    """Remove all tiles and entries beyond the first ``size`` entries. Raises ``OSError``.

    Tiles are written from left to right, so a level ends where nothing more is found, and the tree
    ends above a level that has nothing.
    """
    level = 0
    while True:
        index, width = divmod(size >> 8 * level, WIDTH)
        found = _remove_from_level(folder, Tile(level, index, width))
        if index == 0 and not found:
            return
        level += 1


def _remove_from_level(folder: Path, edge: Tile) -> bool:
    """Remove all tiles after the partial tile ``edge``, whose width may be 0; True if any was."""
    index, any_found = edge.index, False
    while True:
        tile = Tile(edge.level, index)
        kept = edge.width if index == edge.index else 0
        found = _remove_tile(folder / tile.path, kept)
        if edge.level == 0:
            found = _remove_tile(folder / tile.entries_path, kept) or found
        any_found = any_found or found
        if not found and index > edge.index:
            return any_found
        index += 1


def _remove_tile(full: Path, kept: int) -> bool:
    """Remove a full tile and its partial tiles except that of width ``kept``; True if any was."""
    partial = full.with_name(f"{full.name}.p")
    stray = [full, full.with_name(full.name + PENDING)]
    if partial.is_dir():
        stray += [path for path in partial.iterdir() if path.name != str(kept)]
    found = [path for path in stray if path.exists()]
    for path in found:
        path.unlink()
    with suppress(OSError):
        partial.rmdir()
    return bool(found)
