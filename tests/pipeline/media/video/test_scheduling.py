"""Encoders leave it to the system which thread runs when."""

from __future__ import annotations

import io
import os
from pathlib import Path
from threading import Event, Thread

import pytest

from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.scheduling import usual_scheduling
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, make


def _policies() -> set[int]:
    """Those of all threads of this process."""
    return {os.sched_getscheduler(int(one.name)) for one in Path("/proc/self/task").iterdir()}


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
    """As root it would."""
    seen: set[int] = set()
    transcode(
        io.BytesIO(make(Clip(frames=12))),
        io.BytesIO(),
        lambda *_: seen.update(_policies()),
        container="webm",
        settings=EncoderSettings(codec="libsvtav1"),
    )
    assert seen | _policies() == {os.SCHED_OTHER}
