"""Codes of DICOM's terminology as another library holds them, to compare ours with."""

from __future__ import annotations

from typing import Any

from pydicom.sr._concepts_dict import concepts


def meanings(scheme: str) -> dict[str, tuple[str, set[int]]]:
    """By value: the meaning, and the context groups (PS3.16) that it is in, at least one."""
    tables: Any = concepts[scheme]
    return {
        value: (meaning, set(groups))
        for values in tables.values()
        for value, (meaning, groups) in values.items()
        if groups
    }
