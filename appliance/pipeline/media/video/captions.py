"""Closed captions within the picture (CEA-608 and 708), which only one encoder here writes."""

from __future__ import annotations

from typing import Any, Final, cast

import av

CAPTIONS: Final = "picture/captions"
"""How reports call them among what was dropped."""

_WRITTEN_BY: Final = "libx264"
# Encoders of captions put them, empty or not, into every picture (CEA-708, 4.4). PyAV makes a cycle
# of a frame and its side data, which holds the frame until the next garbage collection; so few are
# looked at.
_EVERY: Final = 16


class CaptionsWatch:
    """Whether the frames have captions."""

    def __init__(self) -> None:
        self._seen = False
        self._frames = 0

    def look(self, frame: av.VideoFrame) -> None:
        """Look at the next frame, as it was decoded."""
        if not self._seen and self._frames % _EVERY == 0:
            self._seen = any(entry.type.name == "A53_CC" for entry in side_data(frame))
        self._frames += 1

    def are_lost_by(self, encoder: str) -> bool:
        """Whether captions were seen that ``encoder``, by FFmpeg's name, does not write."""
        return self._seen and encoder != _WRITTEN_BY


def side_data(frame: av.VideoFrame) -> list[Any]:
    """The side data of ``frame``, or nothing if one entry is of a kind that PyAV does not know."""
    try:
        return list(cast("Any", frame.side_data))
    except ValueError:
        return []
