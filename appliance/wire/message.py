"""The two messages of varlink, and the error that a method answers with."""

from __future__ import annotations

from typing import TypeVar

import msgspec

SERVICE = "org.varlink.service"

S = TypeVar("S", bound=msgspec.Struct)


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A call. Its ``parameters`` are parsed once the method is known."""

    method: str
    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    more: bool = False
    oneway: bool = False


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An answer; ``error`` is the full name of one of the interface's errors."""

    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    continues: bool = False
    error: str | None = None


class Empty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class CallError(Exception):
    """Raised by a method: the call is answered with the error ``error`` and its ``parameters``.

    ``error`` is a full name, with the interface. The client raises it again.
    """

    def __init__(self, error: str, parameters: msgspec.Struct | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.parameters = parameters or Empty()
