"""Messages between the coordinator and the members of a process pool.

Each message is a JSON object with its class name in the field ``type``. `multiprocessing` frames
it: a length, then the bytes, through pipes that were made before either process was sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, TypeAlias, TypeVar

import msgspec
import numpy as np

from appliance.error_causes import resource_error, restore_error
from appliance.errors import ApplianceError, ProviderError
from appliance.pipeline.analysis.likeness import SimilarityReport
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.pool.frame_store import FrameFormat


class Start(msgspec.Struct, frozen=True, tag=True):
    """Coordinator to member: load the models and seal. Without it a member loads nothing."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Member to coordinator: everything is loaded and the process is sealed."""


class FrameSlot(msgspec.Struct, frozen=True):
    """A frame in the shared store.

    ``slot``: its place in the store. ``index``: its number in the video, from 0. ``pts``: when it
    is shown, in units of ``time_base``, a fraction of a second as numerator and denominator.
    """

    slot: int
    index: int
    pts: int
    time_base: tuple[int, int]


class TrackedFace(msgspec.Struct, frozen=True):
    """A face that is being tracked.

    ``mesh``: (478, 3) float32 as bytes, x, y, z in pixels of the frame. ``score``: the mesh
    network's confidence, 0-1.
    """

    mesh: bytes
    score: float

    @classmethod
    def of(cls, face: Face) -> TrackedFace:
        """``face`` for a message."""
        return cls(np.ascontiguousarray(face.mesh, np.float32).tobytes(), face.score)

    @property
    def face(self) -> Face:
        """The face, with a mesh of its own memory."""
        return Face(np.frombuffer(self.mesh, np.float32).reshape(-1, 3).copy(), self.score)


class Segment(msgspec.Struct, frozen=True, tag=True):
    """Coordinator to member: consecutive frames to edit where they are in the store.

    ``run_up``: the frames before them. Faces are tracked there and not changed, so that at the
    first of ``frames`` the trackers are in the state that a single process would have reached.
    ``shared``: how many of ``frames``, counted from the end, are also the next segment's run-up.
    ``initial``: the faces that were tracked before the run-up; ``None``: detect them.
    """

    format: FrameFormat
    run_up: list[FrameSlot]
    frames: list[FrameSlot]
    shared: int
    initial: list[TrackedFace] | None = None


class SegmentDone(msgspec.Struct, frozen=True, tag=True):
    """Member to coordinator: a segment is edited.

    ``changed``: indices of the frames that had a face to change. ``faces``: changed faces, summed
    over the frames; ``frames_turned`` and ``faces_turned``: those left because they are turned too
    far. Tracked faces: ``before``: at the end of the run-up; ``at_overlap``: before
    the frames that are also the next segment's run-up; ``after``: at the end.
    """

    changed: list[int]
    faces: int
    frames_turned: int
    faces_turned: int
    similarity: SimilarityReport
    before: list[TrackedFace]
    at_overlap: list[TrackedFace]
    after: list[TrackedFace]


class Failure(msgspec.Struct, frozen=True, tag=True):
    """Member to coordinator: an ``ApplianceError`` of class ``kind``; without a kind, a bug."""

    kind: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """``error`` for a message.

        Of an exception that is not an ``ApplianceError`` only the class name is kept: its text may
        hold a path.
        """
        error = resource_error(error) or error
        if isinstance(error, ApplianceError):
            return cls(type(error).__name__, error.message, error.hint)
        return cls("", type(error).__name__, "")

    def exception(self) -> Exception:
        """The exception for the coordinator to raise; a bug becomes a ``RuntimeError``."""
        if self.kind:
            return restore_error(self.kind, self.message, self.hint)
        return RuntimeError(self.message)


Message: TypeAlias = Start | Ready | Segment | SegmentDone | Failure
Wanted = TypeVar("Wanted", bound=Start | Ready | Segment | SegmentDone)

_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


@dataclass(frozen=True, slots=True)
class MessageChannel:
    """One end of a pair of pipes. Not thread-safe: use it from one thread at a time."""

    reader: Connection[Any, Any]
    writer: Connection[Any, Any]

    @classmethod
    def from_descriptors(cls, reader: int, writer: int) -> MessageChannel:
        """Take over two inherited descriptors."""
        return cls(Connection(reader, writable=False), Connection(writer, readable=False))

    @property
    def descriptors(self) -> tuple[int, int]:
        """Those of the reading and of the writing pipe."""
        return self.reader.fileno(), self.writer.fileno()

    def send(self, message: Message) -> None:
        """Raises ``ProviderError`` if the other process has ended."""
        try:
            self.writer.send_bytes(msgspec.json.encode(message))
        except BrokenPipeError as error:
            raise _peer_ended() from error

    def receive(self, kind: type[Wanted]) -> Wanted:
        """Wait for the next message, which must be a ``kind``.

        Raises the exception of the other process if that failed, and ``ProviderError`` if it ended.
        """
        message = self.receive_or_end(kind)
        if message is None:
            raise _peer_ended()
        return message

    def receive_or_end(self, kind: type[Wanted]) -> Wanted | None:
        """Wait for the next message, which must be a ``kind``; ``None`` if the channel is closed.

        Raises the exception of the other process if that failed, and ``msgspec.ValidationError``
        for another kind of message.
        """
        try:
            data = self.reader.recv_bytes()
        except EOFError:
            return None
        except OSError as error:
            if error.errno is not None:
                raise
            return None  # the other process was killed within a message
        message = _DECODER.decode(data)
        if isinstance(message, Failure):
            raise message.exception()
        if not isinstance(message, kind):
            raise msgspec.ValidationError(
                f"a pool process sent {type(message).__name__}, not {kind.__name__}"
            )
        return message

    def close(self) -> None:
        """Close both pipes; the other end sees the end of the channel."""
        self.reader.close()
        self.writer.close()


def channel_pair() -> tuple[MessageChannel, MessageChannel]:
    """Two connected ends."""
    first_reader, second_writer = Pipe(duplex=False)
    second_reader, first_writer = Pipe(duplex=False)
    return (
        MessageChannel(first_reader, first_writer),
        MessageChannel(second_reader, second_writer),
    )


def _peer_ended() -> ProviderError:
    return ProviderError(
        "A process of the job ended before it was done.",
        "Free memory of the machine and its GPUs, or let fewer processes share them.",
    )
