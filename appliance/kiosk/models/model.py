"""What all view models are: values that a screen shows, and actions that it may ask for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, get_type_hints

import msgspec

S = TypeVar("S", bound=msgspec.Struct)
F = TypeVar("F", bound=Callable[..., None])

Listener: TypeAlias = Callable[[str, Any], None]
"""Is called with the name of a value, and the value as a plain type."""

_MARK = "_is_action"


def action(method: F) -> F:
    """Mark a method that a screen may call; any other is out of its reach."""
    setattr(method, _MARK, True)
    return method


def fit(method: Callable[..., None], arguments: Sequence[Any]) -> list[Any] | None:
    """``arguments`` of a screen as an action declares them, or ``None`` if they are not such.

    JavaScript has one kind of number: a whole one fits where an ``int`` is declared.
    """
    kinds = [kind for name, kind in get_type_hints(method).items() if name != "return"]
    if len(kinds) != len(arguments):
        return None
    try:
        return [
            msgspec.convert(_whole(value), kind)
            for kind, value in zip(kinds, arguments, strict=True)
        ]
    except (msgspec.ValidationError, OverflowError):
        return None


class Model(Generic[S]):
    """Holds ``state``, a frozen struct, and says which of its values change."""

    def __init__(self, state: S) -> None:
        self.state = self._first = state
        self.listener: Listener = lambda _name, _value: None

    def show(self, **changes: Any) -> None:
        """Change values of the state."""
        before, self.state = self.state, msgspec.structs.replace(self.state, **changes)
        for name in changes:
            value = getattr(self.state, name)
            if value != getattr(before, name):
                self.listener(name, _plain(value))

    def reset(self) -> None:
        """Show what was shown at the very first."""
        self.show(**{name: getattr(self._first, name) for name in self._first.__struct_fields__})

    def values(self) -> dict[str, Any]:
        """All values, as plain types."""
        values: dict[str, Any] = _plain(self.state)
        return values

    def forget(self) -> None:
        """Drop what is a person's: the screen is locked, or the visit is over."""

    @classmethod
    def action(cls, name: str) -> Callable[..., None] | None:
        """The method that a screen may call by ``name``."""
        method = getattr(cls, name, None)
        return method if getattr(method, _MARK, False) else None


def _plain(value: Any) -> Any:
    """As JSON has it: QML takes no tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _whole(value: Any) -> Any:
    """A whole number as an ``int``. Raises ``OverflowError`` for a number that is not finite."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise OverflowError
    return int(value) if value.is_integer() else value
