"""The messages of broker and keeper, on a SOCK_SEQPACKET socket: a command, and its answer.

A command is a packet that holds its name and nothing else, so the privileged side has nothing to
parse. The answer is a packet of JSON: ``{}``, ``{"error": [message, hint]}``, or
``{"erasure": {…}}`` to WIPE.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

MAX_ANSWER = 4096  # bytes of an answer

UNKNOWN_KEY = "0" * 64  # the id of a key that was lost with the memory that held it

Erased: TypeAlias = Literal["luks-header-dropped", "memory-dropped"]
"""How the data of a session became unreadable."""

StepName: TypeAlias = Literal["kill", "unmount", "close", "header", "discard", "probe"]


class Command(Enum):
    """What the broker may command. To hang up means WIPE as well."""

    MAKE = b"make"
    START = b"start"
    FREEZE = b"freeze"
    THAW = b"thaw"
    KILL = b"kill"
    WIPE = b"wipe"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What a wipe did and found. ``failed`` is the first step that did not succeed."""

    key_id: str
    before: int  # canaries that were readable while the workspace was open
    after: int  # canaries that are still readable, anywhere
    ms: int
    method: Erased
    failed: StepName | None = None
