"""A caller wants the worker to use up the memory: with large pictures, or with many at once."""

from __future__ import annotations

import struct
import time
import zlib
from contextlib import nullcontext
from threading import Barrier, Lock, Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest

from appliance.errors import InputError
from appliance.pipeline.media.photo.decode import MAX_PIXEL_BYTES, MAX_PIXELS, read_photo
from appliance.policy.policy import Policy
from appliance.protocols import worker_api
from appliance.wire.peer import PeerCredentials
from appliance.wire.service import Request
from appliance.worker.service import WorkerService

CALLERS = 4


def _png(width: int, height: int, depth: int, colour: int) -> bytes:
    """A PNG that begins as one of this size does, and has nearly no content."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    content = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + content + chunk(b"IEND", b"")


_RGB, _GREY_ALPHA, _RGBA = 2, 4, 6  # colour types of PNG


@pytest.mark.parametrize(
    ("depth", "colour", "fits"), [(8, _RGBA, True), (16, _RGBA, False), (16, _GREY_ALPHA, False)]
)
def test_pixels_and_their_depth_share_one_limit(depth: int, colour: int, *, fits: bool) -> None:
    width, height = 12_000, 10_000
    assert width * height < MAX_PIXELS
    assert (width * height * 4 * depth // 8 <= MAX_PIXEL_BYTES) is fits
    with pytest.raises(InputError) as refused:
        read_photo(_png(width, height, depth, colour))
    # The control: what fits is refused for its content only, which is cut short.
    assert ("megapixels" in refused.value.message) is not fits


class _Pictures:
    """A workspace whose pictures take a moment; counts how many are in memory at once."""

    def __init__(self, meet: Barrier | None) -> None:
        self._meet = meet
        self._lock = Lock()
        self._now = 0
        self.most = 0

    def picture(self, _number: int, _seconds: float) -> Any:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        if self._meet is not None:
            self._meet.wait(60)
        time.sleep(0.01)
        return self

    @property
    def canvas(self) -> Any:
        return self

    def leave(self) -> None:
        with self._lock:
            self._now -= 1


class _Engines:
    """Finds no face in a picture, and lets go of it."""

    packs = (SimpleNamespace(digest="0" * 64),)

    def __init__(self) -> None:
        self.mesh = self.analyser = self

    def faces(self, picture: _Pictures) -> list[Any]:
        picture.leave()
        return []


def _most_at_once(*, locked: bool) -> int:
    pictures = _Pictures(None if locked else Barrier(CALLERS))
    parts: Any = (None, pictures, Policy(), _Engines(), None)
    service = WorkerService(*parts)
    if not locked:
        cast(Any, service)._one_picture = nullcontext()
    inspect = service.service().methods["Inspect"].run
    peer = PeerCredentials(0, 0, 0)
    request = Request(peer, worker_api.Inspect(1), [], lambda _: None)
    callers = [Thread(target=inspect, args=(request,)) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return pictures.most


def test_one_picture_at_a_time_is_inspected() -> None:
    assert _most_at_once(locked=True) == 1
    assert _most_at_once(locked=False) == CALLERS  # the control: they would all be in memory
