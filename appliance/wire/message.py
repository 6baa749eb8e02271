"""What is said, in both directions."""

from __future__ import annotations

from typing import TypeVar

import msgspec

SERVICE = "org.varlink.service"

S = TypeVar("S", bound=msgspec.Struct)


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a caller asks. ``parameters`` are understood by the method."""

    method: str
    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    more: bool = False
    oneway: bool = False


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What it is told; ``error`` names one of the interface's errors."""

    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    continues: bool = False
    error: str | None = None


class Empty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class CallError(Exception):
    """Raised by a method: the caller is told ``error`` with ``parameters``."""

    def __init__(self, error: str, parameters: msgspec.Struct | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.parameters = parameters or Empty()
