"""What lead and members tell each other: JSON behind its length, through a pair of pipes."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import numpy as np

from appliance import errors
from appliance.errors import ApplianceError, ProviderError
from appliance.pipeline.analysis.likeness import Alike
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.pool.frame_store import FrameFormat

_LENGTH = struct.Struct("<I")

Message = TypeVar("Message", bound=msgspec.Struct)


class Start(msgspec.Struct, frozen=True):
    """Load and seal; sent to nobody if there is nothing to share out."""


class Ready(msgspec.Struct, frozen=True):
    """Sealed, and all is loaded."""


class FrameSlot(msgspec.Struct, frozen=True):
    """A frame in the store: its ``slot``, its number and when it is shown, ``pts`` by ``base``."""

    slot: int
    index: int
    pts: int
    base: tuple[int, int]


class TrackedFace(msgspec.Struct, frozen=True):
    """A face that is followed: its mesh, (478, 3) float32 as bytes, and the network's belief."""

    mesh: bytes
    score: float

    @classmethod
    def of(cls, face: Face) -> TrackedFace:
        """That of ``face``."""
        return cls(np.ascontiguousarray(face.mesh, np.float32).tobytes(), face.score)

    @property
    def face(self) -> Face:
        """It again."""
        return Face(np.frombuffer(self.mesh, np.float32).reshape(-1, 3).copy(), self.score)


class Segment(msgspec.Struct, frozen=True):
    """Frames that follow each other, to be changed where they lie.

    ``run_up``: those before them, in which faces are followed and not changed, so that by the
    first of ``frames`` they are followed as if there had been no beginning. ``shared``: how many
    of ``frames``, from the end, are the next segment's run-up. ``begun``: the faces that were
    followed before all these; ``None``: look for them.
    """

    geometry: FrameFormat
    run_up: list[FrameSlot]
    frames: list[FrameSlot]
    shared: int
    begun: list[TrackedFace] | None = None


class SegmentDone(msgspec.Struct, frozen=True):
    """A segment is changed: the frames of these numbers are, at least in part.

    ``met``: the faces that were followed at the end of the run-up, ``early``: before what is the
    run-up of the next segment, ``last``: at the end.
    """

    changed: list[int]
    faces: int
    alike: Alike
    met: list[TrackedFace]
    early: list[TrackedFace]
    last: list[TrackedFace]


class Failure(msgspec.Struct, frozen=True):
    """An ``ApplianceError`` of this kind; without a kind, a bug."""

    kind: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """The words of ``error`` if they are ours; of others, which may name anything, the type."""
        if isinstance(error, ApplianceError):
            return cls(type(error).__name__, error.message, error.hint)
        return cls("", type(error).__name__, "")

    def error(self) -> Exception:
        """It, to be raised by the lead."""
        kind = getattr(errors, self.kind, None)
        if isinstance(kind, type) and issubclass(kind, ApplianceError):
            return kind(self.message, self.hint)
        return RuntimeError(self.message)


@dataclass(frozen=True, slots=True)
class MessageChannel:
    """One end of a pair of pipes. For one thread at a time."""

    reader: int
    writer: int

    def send(self, message: msgspec.Struct) -> None:
        """Raises ``ProviderError`` if nobody is at the other end."""
        data = msgspec.json.encode(message)
        rest = memoryview(_LENGTH.pack(len(data)) + data)
        try:
            while rest:
                rest = rest[os.write(self.writer, rest) :]
        except BrokenPipeError as error:
            raise _gone() from error

    def receive(self, kind: type[Message]) -> Message:
        """The next message. Raises what the other end failed with, or ``ProviderError``."""
        found = self.receive_if(kind)
        if found is None:
            raise _gone()
        return found

    def receive_if(self, kind: type[Message]) -> Message | None:
        """The next message; ``None`` at the end. Raises what the other end failed with."""
        head = self._read(_LENGTH.size)
        if head is None:
            return None
        data = self._read(*_LENGTH.unpack(head))
        if data is None:
            return None
        if data.startswith(_FAILED):
            raise msgspec.json.decode(data, type=Failure).error()
        return msgspec.json.decode(data, type=kind)

    def close(self) -> None:
        """Hang up."""
        os.close(self.reader)
        os.close(self.writer)

    def _read(self, size: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < size:
            part = os.read(self.reader, size - len(parts))
            if not part:
                return None
            parts += part
        return bytes(parts)


_FAILED = b'{"kind":'


def channel_pair() -> tuple[MessageChannel, MessageChannel]:
    """Two ends that are connected."""
    here, there = os.pipe(), os.pipe()
    return MessageChannel(here[0], there[1]), MessageChannel(there[0], here[1])


def _gone() -> ProviderError:
    return ProviderError(
        "A process of the job ended before it was done.",
        "Free memory of the machine and its GPUs, or let fewer processes share them.",
    )
