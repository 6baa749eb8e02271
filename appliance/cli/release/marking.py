"""Decodes, marks and encodes what is released, in a sealed child that has no key to sign with.

A crafted file that takes over its decoder gains a process that can write the copy, and knows the
key of watermarks; it cannot sign, and it has ended before the signing key's process looks at what
it wrote.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Annotated, Any, BinaryIO, ClassVar, Literal, NoReturn, Self, TypeAlias, cast

import msgspec

from appliance.cli.framework.progress import ProgressCallback
from appliance.cli.framework.run_context import Sealing
from appliance.cli.process.input_files import decode_photo, naming_file
from appliance.errors import InputError
from appliance.files.output import OutputFile
from appliance.pipeline.media.photo.encode import PhotoFormat
from appliance.pipeline.media.preload import load_media_libraries
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.pool.messages import Failure
from appliance.release.facts import ReleaseFacts
from appliance.release.film import FilmFormat, mark_film
from appliance.release.labels.visible import load_label
from appliance.release.still import marked_still
from appliance.seal.guard import Touch
from appliance.seal.process import close_all_but

_MAX_ANSWER = 4096  # bytes
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class FramesDone(msgspec.Struct, frozen=True, tag=True):
    """How far the child is; ``total``: frames in all, if the file says it."""

    frames: _Count
    total: _Count | None


class Marked(msgspec.Struct, frozen=True, tag=True):
    """The copy is whole. ``touches``: how often which tripwire of the child was touched."""

    touches: dict[Touch, _Count]


_Answer: TypeAlias = FramesDone | Marked | Failure
_DECODER: msgspec.json.Decoder[_Answer] = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class Files:
    """Open files: what is read, what is written; ``what``: how messages call the first."""

    source: BinaryIO
    sink: OutputFile
    what: str


@dataclass(frozen=True, slots=True)
class StillRequest:
    """A photo is to become a file of ``kind``."""

    media: ClassVar[Literal["photo"]] = "photo"
    kind: PhotoFormat

    def mark(self, files: Files, facts: ReleaseFacts, key: bytes, tell: ProgressCallback) -> None:
        """Decode, mark and encode. Raises ``ApplianceError``."""
        photo = decode_photo(files.source, files.what)
        files.sink.write(marked_still(photo, self.kind, facts.number, key))


@dataclass(frozen=True, slots=True)
class FilmRequest:
    """A film is to become a file of ``kind``. ``corner_mark``: a short mark stays in its corner."""

    media: ClassVar[Literal["video"]] = "video"
    kind: FilmFormat
    corner_mark: bool

    def mark(self, files: Files, facts: ReleaseFacts, key: bytes, tell: ProgressCallback) -> None:
        """Decode, mark and encode, frame by frame. Raises ``ApplianceError``."""
        with naming_file(files.what):
            total = probe(files.source).frames
            files.source.seek(0)
            mark_film(
                files.source,
                cast(BinaryIO, files.sink),
                self.kind,
                facts,
                key,
                corner_mark=self.corner_mark,
                progress=lambda info: tell(info.index + 1, total),
            )


@dataclass(frozen=True, slots=True)
class _Work:
    """All that a child is made with."""

    request: StillRequest | FilmRequest
    files: Files
    facts: ReleaseFacts
    watermark_key: bytes
    sealing: Sealing


class MarkingChild:
    """The child at work. Make it while this process has one thread; leave the context to end it."""

    def __init__(
        self,
        request: StillRequest | FilmRequest,
        files: Files,
        facts: ReleaseFacts,
        watermark_key: bytes,
        sealing: Sealing,
    ) -> None:
        """Fork it. ``sealing``: seals the child; this process can still be sealed by it."""
        self._answers, sender = Pipe(duplex=False)
        self._child = os.fork()
        if not self._child:
            _run(_Work(request, files, facts, watermark_key, sealing), sender)
        sender.close()

    def __enter__(self) -> Self:
        """The child, already at work."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it, whatever it still does."""
        self._answers.close()
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)

    def wait(self, tell: ProgressCallback) -> Mapping[Touch, int]:
        """Wait until the copy is whole; the tripwires that the child touched.

        Raises what the child refused the file with, and ``InputError`` if it crashed.
        """
        while True:
            try:
                answer = _DECODER.decode(self._answers.recv_bytes(_MAX_ANSWER))
            except (EOFError, OSError, msgspec.DecodeError) as error:
                raise InputError(
                    "The file crashed the process that read it; nothing was released.",
                    "Do not trust this file. Make it again from its source.",
                ) from error
            if isinstance(answer, Failure):
                raise answer.exception()
            if isinstance(answer, Marked):
                return answer.touches
            tell(answer.frames, answer.total)


def _run(work: _Work, sender: Connection[Any, Any]) -> NoReturn:
    """Ends in ``os._exit`` whatever happens: this copy must not run the command's code."""
    try:
        # The command receives it as well, and ends its child.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        files = work.files
        close_all_but([files.source.fileno(), files.sink.fileno(), sender.fileno()])
        sender.send_bytes(msgspec.json.encode(_outcome(work, sender)))
    finally:
        os._exit(0)


def _outcome(work: _Work, sender: Connection[Any, Any]) -> Marked | Failure:
    def tell(done: int, total: int | None) -> None:
        sender.send_bytes(msgspec.json.encode(FramesDone(done, total)))

    try:
        load_media_libraries()
        load_label()
        work.sealing.confine([], [])
        work.sealing.seal("cpu")
        work.request.mark(work.files, work.facts, work.watermark_key, tell)
    except BaseException as error:  # noqa: BLE001 - the command raises it
        return Failure.of(error)
    report = work.sealing.report
    return Marked(dict(report.guard.touches) if report else {})
