"""The interface ``io.faceappliance.Training``: software tokens, of a training machine alone."""

from __future__ import annotations

from typing import Annotated

import msgspec

NAME = "io.faceappliance.Training"

DESCRIPTION = """\
# Software tokens. Only a training machine has this interface.
interface io.faceappliance.Training

# The token of a person: whether it is plugged in, and whether it waits for a touch.
type Token (user: string, role: string, plugged: bool, blinking: bool)

# All tokens, and the PIN that they share.
method Tokens() -> (tokens: []Token, pin: string)

# Plug a token in.
method Insert(user: string) -> ()

# Pull it.
method Pull(user: string) -> ()

# Touch the token that waits for it. `taken`: whether one did.
method Touch() -> (taken: bool)

error NoSuchToken ()
error Bug ()
"""


class TokenRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Insert and Pull."""

    user: Annotated[str, msgspec.Meta(max_length=128)]


class Token(msgspec.Struct, frozen=True):
    """The token of one person."""

    user: str
    role: str
    plugged: bool
    blinking: bool


class Tokens(msgspec.Struct, frozen=True):
    """Answer of Tokens."""

    tokens: list[Token]
    pin: str


class Touched(msgspec.Struct, frozen=True):
    """Answer of Touch."""

    taken: bool


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"
