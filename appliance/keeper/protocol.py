"""What broker and keeper say to each other, on a SOCK_SEQPACKET: a word, and an answer to it.

A word is a packet that holds nothing else: there is nothing to parse for the one who has power.
The answer is a packet of JSON: ``{}``, ``{"error": [message, hint]}``, or ``{"erasure": {…}}`` to
WIPE.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

MAX_ANSWER = 4096  # bytes of an answer

UNKNOWN_KEY = "0" * 64  # stands for the id of a key that was lost with the memory that held it

Erased: TypeAlias = Literal["luks-header-dropped", "memory-dropped"]
"""How its data becomes unreadable."""

StepName: TypeAlias = Literal["kill", "unmount", "close", "header", "discard", "probe"]


class Command(Enum):
    """What the broker may say. To hang up means WIPE as well."""

    MAKE = b"make"
    START = b"start"
    FREEZE = b"freeze"
    THAW = b"thaw"
    KILL = b"kill"
    WIPE = b"wipe"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What the wipe did and saw. ``failed`` is the first step that did not succeed."""

    key_id: str
    before: int  # canaries that could be read while the workspace was open
    after: int  # canaries that can be read now, anywhere
    ms: int
    method: Erased
    failed: StepName | None = None
