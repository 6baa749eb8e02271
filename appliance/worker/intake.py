"""Files from outside, decoded and encoded anew by a process that is thrown away after each.

A crafted file is aimed at a decoder. Here the decoder runs in a child that has two descriptors,
one to read and one to write, and no right to anything else; what it returns was written by our
own encoder. Whatever it does to itself dies with it.

The children are forked from a process that was forked itself before the worker had threads: a
copy of a process with threads may stand still for ever on a lock that no thread will open.
"""

from __future__ import annotations

import array
import hashlib
import os
import resource
import socket
import stat
from typing import BinaryIO, Literal, NoReturn, cast

import msgspec

from appliance.errors import ApplianceError, InputError
from appliance.pipeline.media.kind import is_video
from appliance.pipeline.media.output import OutputFile
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES, read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.transcode import transcode
from appliance.worker.sealing import WorkerSealing

_MOST_MEMORY = 6 << 30  # bytes of address space
_MOST_SECONDS = 4 * 3600  # of processor time: a video of two hours
_PACKET = 4096


class Taken(msgspec.Struct, frozen=True, tag=True):
    """What the child made of the file."""

    media: Literal["photo", "video"]
    width: int
    height: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why it made nothing."""

    message: str
    hint: str


class Intake:
    """Hands files to children. Make it before there are threads; one call at a time."""

    def __init__(self, sealing: WorkerSealing) -> None:
        """Fork the process that forks; its children are sealed without a path of their own."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not os.fork():
            ours.close()
            _fork_for_ever(theirs, sealing)
        theirs.close()
        self._line = ours

    def take(self, source: int, sink: int) -> Taken:
        """Have the file behind ``source`` written anew to ``sink``; raises ``InputError``."""
        descriptors = array.array("i", (source, sink))
        try:
            self._line.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
            answer = msgspec.json.decode(self._line.recv(_PACKET), type=Taken | Refused)
        except (OSError, msgspec.DecodeError) as error:
            raise _died() from error
        if isinstance(answer, Refused):
            raise InputError(answer.message, answer.hint)
        return answer


def fingerprint(descriptor: int) -> tuple[bytes, int]:
    """SHA-256 and size in bytes of a file, which is not understood meanwhile.

    Raises ``InputError`` for a descriptor of anything else: a pipe could be waited at for ever.
    """
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise InputError(
            "What was handed over is no file.", "Hand over a photo or video as a file."
        )
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").digest()
        return digest, file.tell()


def _fork_for_ever(line: socket.socket, sealing: WorkerSealing) -> NoReturn:
    sealing.confine()
    while True:
        try:
            packet, descriptors, _, _ = socket.recv_fds(line, 1, 2)
        except OSError:
            os._exit(1)
        if not packet:
            os._exit(0)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            line.close()
            os.close(reader)
            _be_the_child(descriptors, writer, sealing)
        for descriptor in (*descriptors, writer):
            os.close(descriptor)
        with os.fdopen(reader, "rb") as said:
            answer = said.read(_PACKET)
        os.waitpid(child, 0)
        line.send(answer or msgspec.json.encode(Refused(_died().message, _died().hint)))


def _be_the_child(descriptors: list[int], writer: int, sealing: WorkerSealing) -> NoReturn:
    """Never returns, whatever happens: two of the worker must not live on."""
    try:
        for limit, most in (
            (resource.RLIMIT_AS, _MOST_MEMORY),
            (resource.RLIMIT_CPU, _MOST_SECONDS),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(limit, (most, most))
        sealing.seal(serving=False)
        source, sink = descriptors
        try:
            answer: Taken | Refused = _write_anew(os.fdopen(source, "rb"), OutputFile(sink))
        except ApplianceError as error:
            answer = Refused(error.message, error.hint)
        os.write(writer, msgspec.json.encode(answer))
    finally:
        os._exit(0)


def _write_anew(source: BinaryIO, sink: OutputFile) -> Taken:
    source.seek(0)
    if is_video(source):
        facts = probe(source)
        source.seek(0)
        transcode(
            source,
            cast(BinaryIO, sink),
            lambda _canvas, _info: None,
            container=facts.container,
        )
        return Taken("video", facts.width, facts.height)
    data = source.read(MAX_PHOTO_BYTES + 1)
    if len(data) > MAX_PHOTO_BYTES:
        raise InputError("The file is larger than a photo can be.", "Scale the photo down.")
    photo = read_photo(data)
    # Lossless, with all bits, transparency and profile, and without any other metadata.
    sink.write(encode_photo(photo, "png"))
    height, width = photo.pixels.shape[:2]
    return Taken("photo", width, height)


def _died() -> InputError:
    return InputError(
        "The file broke the process that was to read it; nothing was taken in.",
        "Do not trust this file. Export it anew from the camera or the program it came from.",
    )
