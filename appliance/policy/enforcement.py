"""Which keys of a policy no code reads, as their types say (``NotYet``, ``Anyway``)."""

from __future__ import annotations

import typing
from collections.abc import Iterator

import msgspec

from appliance.policy.policy import Policy, Section


def not_enforced_yet() -> tuple[str, ...]:
    """The dotted names of the keys that state what a later version will enforce."""
    return tuple(name for name, mark in _marks(Policy, "") if mark == "not yet")


def enforced_anyway() -> tuple[str, ...]:
    """The dotted names of the keys that are fixed to what the program does whatever they say."""
    return tuple(name for name, mark in _marks(Policy, "") if mark == "anyway")


def _marks(kind: type[Section], before: str) -> Iterator[tuple[str, object]]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        hint, name = hints[field.name], f"{before}{field.name}"
        if isinstance(hint, type) and issubclass(hint, Section):
            yield from _marks(hint, f"{name}.")
        for meta in getattr(hint, "__metadata__", ()):
            if isinstance(meta, msgspec.Meta) and meta.extra and "enforced" in meta.extra:
                yield name, meta.extra["enforced"]
