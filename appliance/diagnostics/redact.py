"""What a diagnostic message may contain: numbers, and texts that are listed here.

A list of everything that must not appear (every name, every path) cannot be written. So nothing is
searched for and removed; instead a text passes only if it is one of ``ALLOWED_TEXTS``. Any other
value is replaced by its kind, such as ``<path>`` or ``<12 bytes>``.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

Process: TypeAlias = Literal[
    "audit", "auditor", "broker", "burner", "disc", "kiosk", "releaser", "update", "worker"
]
"""The processes that write diagnostics."""

LEVELS = frozenset({"debug", "info", "warning", "error", "critical"})
MESSAGES = frozenset(
    {
        "bug",
        "copy refused",
        "ledger refused",
        "library message",
        "peer dropped",
        "peer refused",
        "session ended",
        "session failed",
        "session locked",
        "session opened",
        "uncaught exception",
        "uncaught exception in a thread",
        "exception in a finaliser",
        "wipe failed",
        "worker did not serve",
    }
)
"""All messages. A message that is missing here is withheld, so a new one passes a reviewer."""

ALLOWED_TEXTS = MESSAGES | LEVELS | frozenset(get_args(Process))

# The keys that structlog and this program set.
_KEYS = frozenset({"event", "level", "process", "kind", "code", "times", "library"})

# A longer number may be a date of birth, or one that a state or a hospital issued to a person; one
# with more decimals may have been measured on a face.
_LONGEST_NUMBER = 5  # digits
_MOST_CAUSES = 8
_DEEPEST_FRAME = 30

_KINDS = (
    ("<e-mail>", re.compile(r"\S@\S")),
    ("<address>", re.compile(r"\A[0-9a-fA-F]*(?:[:.][0-9a-fA-F]*){3,}(?:[/%].*)?\Z")),
    ("<path>", re.compile(r"[/\\]")),
    ("<number>", re.compile(r"\A[\d\s./-]+\Z")),
)


class ModuleName(str):
    """The name of a loaded module. It comes from the installation, so it may be logged."""

    __slots__ = ()

    @classmethod
    def of(cls, name: str) -> ModuleName:
        """The package that ``name`` begins with if it is loaded, otherwise ``other``."""
        package = name.partition(".")[0]
        return cls(package if package in sys.modules else "other")


def redact_record(_logger: Any, _method: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A structlog processor: redacts every key and every value of ``record``."""
    clean: dict[str, Any] = {}
    for key, value in record.items():
        if key == "exc_info":
            error = value[1] if isinstance(value, tuple) else value
            if error is True:
                error = sys.exception()
            if isinstance(error, BaseException):
                clean["exception"] = describe_exception(error)
        else:
            name = str.__str__(key)
            clean[name if name in _KEYS or name in ALLOWED_TEXTS else "<key>"] = redact_value(value)
    return clean


def redact_value(value: object) -> object:
    """``value`` if it cannot hold anything personal, otherwise its kind in angle brackets."""
    if value is None or type(value) in (bool, ModuleName):
        return value
    # A subclass could print as anything, so what is returned is of the plain type.
    match value:
        case int():
            number = int.__index__(value)
            return number if abs(number) < 10**_LONGEST_NUMBER else "<number>"
        case float():
            return _redact_float(float.__float__(value))
        case str():
            text = str.__str__(value)
            return text if text in ALLOWED_TEXTS else _kind_of(text)
        case BaseException():
            return describe_exception(value)
        case _:
            return _outline(value)


def describe_exception(error: BaseException) -> str:
    """The type of ``error``, the places it passed (innermost last), and its first 8 causes.

    Contains no argument of the exception and no local variable.
    """
    described: list[str] = []
    seen: list[BaseException] = []
    cause: BaseException | None = error
    # Causes can form a circle.
    while cause is not None and len(seen) <= _MOST_CAUSES:
        if any(cause is one for one in seen):
            break
        seen.append(cause)
        described.append(_describe_one(cause))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return " after ".join(described)


def _describe_one(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__, limit=-_DEEPEST_FRAME)
    modules = {
        getattr(module, "__file__", None): name for name, module in list(sys.modules.items())
    }
    # The module's name rather than the file's, whose path may contain the name of a user.
    places = [f"{modules.get(frame.filename, '<script>')}:{frame.lineno}" for frame in frames]
    return " ".join([_type_name(error), *places])


def _redact_float(value: float) -> float | str:
    """``value`` if it has as few digits as an integer may have, before and after its point."""
    whole, _, decimals = repr(value).partition(".")
    digits = whole.lstrip("-") + decimals.removesuffix("0") if value != 0 else "0"
    return value if digits.isdecimal() and len(digits) <= _LONGEST_NUMBER else "<number>"


def _outline(value: object) -> str:
    """The size of a container, or the type of anything else."""
    match value:
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case list() | tuple() | set() | frozenset() | Mapping():
            return f"<{len(value)} values>"
        case _:
            return f"<{_type_name(value)}>"


def _type_name(value: object) -> str:
    """The class name if an installed module defines it; ``object`` for one made at run time."""
    kind = type(value)
    installed = getattr(sys.modules.get(kind.__module__), kind.__name__, None)
    return kind.__name__ if installed is kind else "object"


def _kind_of(text: str) -> str:
    return next((name for name, pattern in _KINDS if pattern.search(text)), "<text>")
