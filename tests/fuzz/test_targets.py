"""Each fuzzed parser takes its sound inputs, and refuses the same inputs a little damaged."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.fuzz.targets import TARGETS

_DAMAGED = 20
# Numbers at which lengths, counts and offsets overflow or turn around.
_EDGES = (b"\0", b"\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0")


def damaged(sound: bytes, numbers: random.Random) -> Iterator[bytes]:
    """``sound`` with something overwritten, cut out or repeated, always the same."""
    for _ in range(_DAMAGED):
        place = numbers.randrange(len(sound))
        match numbers.randrange(4):
            case 0:
                edge = numbers.choice(_EDGES)
                yield sound[:place] + edge + sound[place + len(edge) :]
            case 1:
                yield sound[:place]
            case 2:
                yield sound[:place] + sound[place + numbers.randrange(1, 64) :]
            case _:
                yield sound[:place] + sound[max(0, place - 64) : place] + sound[place:]


@pytest.mark.parametrize("name", TARGETS)
def test_sound_and_damaged_inputs_are_read_or_refused(name: str) -> None:
    target = TARGETS[name]
    numbers = random.Random(name)  # noqa: S311 - the same every time
    for sound in target.seeds():
        target.judge(sound)
        for data in damaged(sound, numbers):
            target.judge(data)
