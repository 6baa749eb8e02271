"""What a release says about a result, in labels and in its signed provenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from appliance.errors import ReleaseError

Engine: TypeAlias = Literal["simulation", "mesh", "onnx"]

MAX_NUMBER: Final = 2**32 - 1
"""The watermark has room for 32 bits."""

_LONGEST_PRODUCER = 64  # characters; GB 45438-2025's codes have 27


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """What is stated about a result.

    ``number``: of the release, from 1 to 2**32 - 1. ``engine``: what made the picture.
    ``producer``: the code of the producer that GB 45438-2025 asks for, printable ASCII without
    quotation marks and backslashes; may be empty. Raises ``ReleaseError`` for other values.
    """

    number: int
    engine: Engine
    producer: str

    def __post_init__(self) -> None:
        """Raises ``ReleaseError`` if a number or the code cannot be."""
        if not 1 <= self.number <= MAX_NUMBER:
            raise ReleaseError(
                "A release has no such number.", f"Use a number from 1 to {MAX_NUMBER}."
            )
        if len(self.producer) > _LONGEST_PRODUCER or not all(map(_is_plain, self.producer)):
            raise ReleaseError(
                "The code of the producer cannot stand in a label.",
                f"Use at most {_LONGEST_PRODUCER} printable ASCII characters, without quotation "
                "marks and backslashes.",
            )


def _is_plain(character: str) -> bool:
    return " " <= character <= "~" and character not in "\"'\\"
