"""Decodes, marks and encodes what is released, in a sealed child that has no key to sign with.

A crafted file that takes over its decoder gains a process that can write the copy, and knows the
key of watermarks; it cannot sign, and it has ended before the signing key's process looks at what
it wrote.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
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
from appliance.pipeline.media.photo.encode import PhotoFormat, check_format
from appliance.pipeline.media.preload import load_media_libraries
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.pool.messages import Failure
from appliance.release.facts import ReleaseFacts
from appliance.release.film import FilmFormat, mark_film
from appliance.release.fitness import unfit_film, unfit_photo
from appliance.release.labels.visible import load_label
from appliance.release.still import marked_still
from appliance.release.watermark.mark import Unfit
from appliance.seal.guard import Touch
from appliance.seal.process import close_all_but

_MAX_ANSWER = 4096  # bytes
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class FramesDone(msgspec.Struct, frozen=True, tag=True):
    """How far the child is; ``total``: frames in all, if the file says it."""

    frames: _Count
    total: _Count | None


class LookedAt(msgspec.Struct, frozen=True, tag=True):
    """The file was read, and the child waits for the number; ``unfit``: why there is to be none."""

    unfit: Unfit | None


class Marked(msgspec.Struct, frozen=True, tag=True):
    """The copy is whole. ``touches``: how often which tripwire of the child was touched."""

    touches: dict[Touch, _Count]


_Answer: TypeAlias = FramesDone | LookedAt | Marked | Failure
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

    def unfit(self, files: Files) -> Unfit | None:
        """Why the photo cannot leave. Raises ``ApplianceError`` if no such file can be made."""
        photo = decode_photo(files.source, files.what)
        check_format(photo, self.kind)
        return unfit_photo(photo)

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

    def unfit(self, files: Files) -> Unfit | None:
        """Why the film cannot leave. Raises ``InputError`` if it cannot be read."""
        with naming_file(files.what):
            return unfit_film(files.source)

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
    watermark_key: bytes
    sealing: Sealing


class MarkingChild:
    """The child at work. Make it while this process has one thread; leave the context to end it.

    It looks at the file first, and begins once it has the number: what cannot leave uses up none.
    """

    def __init__(
        self,
        request: StillRequest | FilmRequest,
        files: Files,
        watermark_key: bytes,
        sealing: Sealing,
    ) -> None:
        """Fork it. ``sealing``: seals the child; this process can still be sealed by it."""
        self._answers, sender = Pipe(duplex=False)
        orders, self._orders = Pipe(duplex=False)
        self._child = os.fork()
        if not self._child:
            _run(_Work(request, files, watermark_key, sealing), orders, sender)
        orders.close()
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
        self._orders.close()
        self._answers.close()
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)

    def unfit(self) -> Unfit | None:
        """Wait until the child has looked at the file; why it cannot leave.

        Raises what the child refused the file with, and ``InputError`` if it crashed.
        """
        answer = self._answer()
        if not isinstance(answer, LookedAt):
            raise _crashed()
        return answer.unfit

    def begin(self, facts: ReleaseFacts) -> None:
        """Have the copy made, as the release of these facts; the child has looked at the file."""
        with suppress(OSError):  # it is gone, as whoever waits finds out
            self._orders.send_bytes(msgspec.json.encode(facts))

    def wait(self, tell: ProgressCallback) -> Mapping[Touch, int]:
        """Wait until the copy is whole; the tripwires that the child touched.

        Raises what the child refused the file with, and ``InputError`` if it crashed.
        """
        while not isinstance(answer := self._answer(), Marked):
            if not isinstance(answer, FramesDone):
                raise _crashed()
            tell(answer.frames, answer.total)
        return answer.touches

    def _answer(self) -> FramesDone | LookedAt | Marked:
        try:
            answer = _DECODER.decode(self._answers.recv_bytes(_MAX_ANSWER))
        except (EOFError, OSError, msgspec.DecodeError) as error:
            raise _crashed() from error
        if isinstance(answer, Failure):
            raise answer.exception()
        return answer


def _crashed() -> InputError:
    return InputError(
        "The file crashed the process that read it; nothing was released.",
        "Do not trust this file. Make it again from its source.",
    )


def _run(work: _Work, orders: Connection[Any, Any], sender: Connection[Any, Any]) -> NoReturn:
    """Ends in ``os._exit`` whatever happens: this copy must not run the command's code."""
    try:
        # The command receives it as well, and ends its child.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        files = work.files
        kept = (files.source, files.sink, orders, sender)
        close_all_but([one.fileno() for one in kept])
        sender.send_bytes(msgspec.json.encode(_outcome(work, orders, sender)))
    finally:
        os._exit(0)


def _outcome(
    work: _Work, orders: Connection[Any, Any], sender: Connection[Any, Any]
) -> Marked | Failure:
    def tell(done: int, total: int | None) -> None:
        sender.send_bytes(msgspec.json.encode(FramesDone(done, total)))

    try:
        load_media_libraries()
        load_label()
        work.sealing.confine([], [])
        work.sealing.seal("cpu")
        work.files.source.seek(0)
        sender.send_bytes(msgspec.json.encode(LookedAt(work.request.unfit(work.files))))
        facts = msgspec.json.decode(orders.recv_bytes(_MAX_ANSWER), type=ReleaseFacts)
        work.files.source.seek(0)
        work.request.mark(work.files, facts, work.watermark_key, tell)
    except BaseException as error:  # noqa: BLE001 - the command raises it
        return Failure.of(error)
    report = work.sealing.report
    return Marked(dict(report.guard.touches) if report else {})
