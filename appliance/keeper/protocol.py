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

Search: TypeAlias = Literal["whole", "partial"]
"""Whether all folders in which a worker might have left a file could be looked at in time."""


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
    """What a wipe did and measured. ``failed`` is the first step that did not succeed.

    ``after = 0`` proves something only where ``before`` is positive: a volume in memory has no
    canaries, and a keeper that did not make the volume does not know them.
    """

    key_id: str
    before: int  # canaries that the open volume gave back when the wipe began
    after: int  # canaries that are still readable on its storage
    ms: int
    method: Erased
    failed: StepName | None = None
    search: Search = "partial"
