"""What may stand in a diagnostic message: numbers, and words that this program wrote itself.

Nobody can list all names, so nothing is looked for and taken out. It is the other way round: a
text passes only if it is one of ``WORDS``; of everything else its kind is told, never its content.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from msgspec import inspect

from appliance.audit.entries.events import Entry

# A number of this many digits may be one that a state or a hospital gave to somebody.
_LONGEST_NUMBER = 8
_DEEPEST_FRAME = 30

_KINDS = (
    ("<e-mail>", re.compile(r"\S@\S")),
    ("<address>", re.compile(r"\A[0-9a-fA-F]*(?:[:.][0-9a-fA-F]*){3,}(?:[/%].*)?\Z")),
    ("<path>", re.compile(r"[/\\]")),
    ("<number>", re.compile(r"\A[\d\s./-]+\Z")),
)


def _words_of(kind: inspect.Type) -> set[str]:
    match kind:
        case inspect.LiteralType():
            return {value for value in kind.values if isinstance(value, str)}
        case inspect.UnionType():
            return set().union(*map(_words_of, kind.types))
        case inspect.VarTupleType():
            return _words_of(kind.item_type)
        case inspect.StructType():
            tag = {str(kind.tag)} if kind.tag else set()
            return tag.union(*(_words_of(part.type) | {part.name} for part in kind.fields))
        case inspect.Metadata():
            return _words_of(kind.type)
        case _:
            return set()


MESSAGES = frozenset(
    {
        "ledger refused",
        "library message",
        "peer dropped",
        "peer refused",
        "uncaught exception",
        "uncaught exception in a thread",
        "exception in a finaliser",
    }
)
"""What messages say. One that is not here is withheld: add it here, where a reviewer sees it."""

LEVELS = frozenset({"debug", "info", "warning", "error", "critical"})
WORDS = MESSAGES | LEVELS | _words_of(inspect.type_info(Entry))
"""All texts that pass: the messages, and the enumerations of the ledger's events."""


class ModuleName(str):
    """The name of a module that is loaded: one that is installed, so it may be told."""

    __slots__ = ()

    @classmethod
    def of(cls, name: str) -> ModuleName:
        """The package that ``name`` begins with, if one of that name is loaded."""
        package = name.partition(".")[0]
        return cls(package if package in sys.modules else "other")


def redact_value(value: object) -> object:
    """``value`` if nothing personal can be in it; otherwise what kind of thing it is."""
    match value:
        case None | bool() | float() | ModuleName():
            return value
        case int():
            return value if abs(value) < 10**_LONGEST_NUMBER else "<number>"
        case str():
            return value if value in WORDS else _kind_of(value)
        case BaseException():
            return describe_exception(value)
        case _:
            return _outline(value)


def _outline(value: object) -> str:
    """Of what is not one word or number: how much of what."""
    match value:
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case list() | tuple() | set() | frozenset() | Mapping():
            return f"<{len(value)} values>"
        case _:
            return f"<{_type_name(value)}>"


def describe_exception(error: BaseException) -> str:
    """An exception's type and where it went by, innermost last; no argument, no local variable."""
    frames = traceback.extract_tb(error.__traceback__, limit=-_DEEPEST_FRAME)
    modules = {
        getattr(module, "__file__", None): name for name, module in list(sys.modules.items())
    }
    # The name of the module, not of its file: that may lie in somebody's home.
    places = [f"{modules.get(frame.filename, '<script>')}:{frame.lineno}" for frame in frames]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told = " ".join([_type_name(error), *places])
    return told if cause is None else f"{told} after {describe_exception(cause)}"


def redact_record(_logger: Any, _method: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A structlog processor: every value of ``record`` redacted, and its keys too."""
    clean: dict[str, Any] = {}
    for key, value in record.items():
        if key == "exc_info":
            error = value[1] if isinstance(value, tuple) else value
            if error is True:
                error = sys.exception()
            if isinstance(error, BaseException):
                clean["exception"] = describe_exception(error)
        else:
            clean[key if key in _KEYS or key in WORDS else "<key>"] = redact_value(value)
    return clean


# The keys that structlog and this program set.
_KEYS = frozenset({"event", "level", "process", "kind", "code", "times", "library"})


def _type_name(value: object) -> str:
    """Of a class of a module that is installed; one that was made up on the way is "object"."""
    kind = type(value)
    made_here = getattr(sys.modules.get(kind.__module__), kind.__name__, None)
    return kind.__name__ if made_here is kind else "object"


def _kind_of(text: str) -> str:
    return next((name for name, pattern in _KINDS if pattern.search(text)), "<text>")
