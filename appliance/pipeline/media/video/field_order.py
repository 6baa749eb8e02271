"""Which field of an interlaced frame is shown first."""

from __future__ import annotations

from fractions import Fraction

import av
from av.filter import Graph  # a sealed process cannot load it later

# AVFieldOrder: each frame holds both fields, and the same one is stored and shown first.
_TOP_FIRST, BOTTOM_FIRST = 2, 3


def field_order(frame: av.VideoFrame) -> int:
    """FFmpeg's number of the order; 0 for a frame that is not interlaced."""
    if not frame.interlaced_frame:
        return 0
    return BOTTOM_FIRST if _is_bottom_first(frame) else _TOP_FIRST


def _is_bottom_first(frame: av.VideoFrame) -> bool:
    """By a filter of FFmpeg, which passes on such frames only: PyAV (18.1) hides the flag."""
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or Fraction(1, 25),
    )
    choice = graph.add("select", r"eq(interlace_type\,BOTTOMFIRST)")
    sink = graph.add("buffersink")
    source.link_to(choice)
    choice.link_to(sink)
    graph.configure()
    graph.push(frame)
    try:
        graph.pull()
    except (av.BlockingIOError, av.EOFError):
        return False
    return True
