"""Encoders leave it to the system which thread runs when."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from appliance.pipeline.media.video.encoder import CONTAINERS, EncoderSettings
from appliance.pipeline.media.video.picture_plan import PictureFacts, plan_picture
from appliance.pipeline.media.video.reader import VideoReader
from appliance.pipeline.media.video.scheduling import usual_scheduling
from appliance.pipeline.media.video.writer import VideoWriter
from tests.pipeline.media.clips import Clip, make


def _policies() -> set[int]:
    """Those of all threads of this process."""
    found = set()
    for entry in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # the thread has ended meanwhile
            found.add(os.sched_getscheduler(int(entry.name)))
    return found


def test_threads_that_were_started_meanwhile_are_scheduled_as_before() -> None:
    done = Event()
    with usual_scheduling():
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # which needs no right
        other = Thread(target=done.wait)
        other.start()
        assert os.SCHED_BATCH in _policies()
    policies = _policies()
    done.set()
    other.join()
    assert policies == {os.SCHED_OTHER}


def test_it_is_so_after_an_error_too() -> None:
    def fail() -> None:
        with usual_scheduling():
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert _policies() == {os.SCHED_OTHER}


def test_the_av1_encoder_gets_no_priority_over_the_machine() -> None:
    """As root it would, and so would the thread that opens it."""
    settings, kind = EncoderSettings(codec="libsvtav1"), CONTAINERS["webm"]
    plan = plan_picture(settings, kind, PictureFacts("yuv420p", 96, 64))
    with VideoReader(io.BytesIO(make(Clip(frames=2)))) as reader:
        writer = VideoWriter(io.BytesIO(), kind, reader, plan, reader.first_frame())
        policies = _policies()
        writer.abort()
    assert policies == {os.SCHED_OTHER}
