"""Decodes files from outside, and encodes them again, in a process that is discarded after each.

A malicious file targets a decoder. Here the decoder runs in a child with two descriptors, one to
read and one to write, and no other rights. What it returns was written by our own encoder, and
whatever the file does to the child ends with the child.

The children are forked by a helper process that was itself forked before the worker had threads: a
copy of a process with threads could wait forever for a lock that no thread will release.
"""

from __future__ import annotations

import array
import hashlib
import os
import resource
import socket
import stat
from collections.abc import Callable
from typing import BinaryIO, Literal, NoReturn, TypeAlias, cast

import msgspec

from appliance.errors import ApplianceError, InputError
from appliance.files.output import OutputFile
from appliance.pipeline.media.kind import is_video
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.transcode import transcode
from appliance.worker.sealing import WorkerSealing

_MAX_PHOTO = 1 << 30  # bytes; 128 megapixels of 16 bits are 768 MB uncompressed
_MAX_ADDRESS_SPACE = 6 << 30  # bytes
_MAX_PROCESSOR_TIME = 4 * 3600  # seconds; enough for a video of two hours
_PACKET = 4096


class SanitisedMedia(msgspec.Struct, frozen=True, tag=True):
    """The file as the child wrote it: its kind, and its size in pixels."""

    media: Literal["photo", "video"]
    width: int
    height: int


class RefusedMedia(msgspec.Struct, frozen=True, tag=True):
    """Why the child wrote nothing."""

    message: str
    hint: str


Rewrite: TypeAlias = Callable[[BinaryIO, OutputFile], SanitisedMedia]
"""Decodes the first file and encodes it to the second. Raises ``ApplianceError``."""


class MediaSanitiser:
    """Rewrites files in child processes. Create it before there are threads; one call at a time."""

    def __init__(self, sealing: WorkerSealing, rewrite: Rewrite | None = None) -> None:
        """Fork the helper process. Its children are sealed and cannot open any path.

        ``rewrite``: what a child does with its file; by default :func:`rewrite_media`.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not os.fork():
            ours.close()
            _serve_forks(theirs, sealing, rewrite or rewrite_media)
        theirs.close()
        self._connection = ours

    def rewrite(self, source: int, sink: int) -> SanitisedMedia:
        """Decode the file of descriptor ``source`` and encode it to ``sink``.

        Raises ``InputError`` if the file cannot be decoded, or if it crashed its child.
        """
        descriptors = array.array("i", (source, sink))
        try:
            self._connection.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
            answer = msgspec.json.decode(
                self._connection.recv(_PACKET), type=SanitisedMedia | RefusedMedia
            )
        except (OSError, msgspec.DecodeError) as error:
            raise _crashed() from error
        if isinstance(answer, RefusedMedia):
            raise InputError(answer.message, answer.hint)
        return answer


def fingerprint(descriptor: int) -> tuple[bytes, int]:
    """The SHA-256 (32 bytes) and the size in bytes of a file, which is not parsed.

    Raises ``InputError`` if the descriptor is not of a regular file: a pipe might never end.
    """
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise InputError(
            "The descriptor is not of a regular file.", "Pass a photo or video as a regular file."
        )
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").digest()
        return digest, file.tell()


def _serve_forks(connection: socket.socket, sealing: WorkerSealing, rewrite: Rewrite) -> NoReturn:
    """The helper process: fork a child for each file, until the worker ends."""
    sealing.confine()
    while True:
        try:
            packet, descriptors, _, _ = socket.recv_fds(connection, 1, 2)
        except OSError:
            os._exit(1)
        if not packet:
            os._exit(0)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            connection.close()
            os.close(reader)
            _run_child(descriptors, writer, sealing, rewrite)
        for descriptor in (*descriptors, writer):
            os.close(descriptor)
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read(_PACKET)
        os.waitpid(child, 0)
        crashed = _crashed()
        connection.send(answer or msgspec.json.encode(RefusedMedia(crashed.message, crashed.hint)))


def _run_child(
    descriptors: list[int], writer: int, sealing: WorkerSealing, rewrite: Rewrite
) -> NoReturn:
    """Ends in ``os._exit`` whatever happens: this copy must not run the helper's code."""
    try:
        for limit, maximum in (
            (resource.RLIMIT_AS, _MAX_ADDRESS_SPACE),
            (resource.RLIMIT_CPU, _MAX_PROCESSOR_TIME),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(limit, (maximum, maximum))
        sealing.seal(serving=False)
        source, sink = descriptors
        try:
            answer: SanitisedMedia | RefusedMedia = rewrite(
                os.fdopen(source, "rb"), OutputFile(sink)
            )
        except ApplianceError as error:
            answer = RefusedMedia(error.message, error.hint)
        os.write(writer, msgspec.json.encode(answer))
    finally:
        os._exit(0)


def rewrite_media(source: BinaryIO, sink: OutputFile) -> SanitisedMedia:
    """Decode a photo or video and encode it again, without any metadata but a photo's profile.

    Raises ``InputError`` if it cannot be decoded.
    """
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
        return SanitisedMedia("video", facts.width, facts.height)
    data = source.read(_MAX_PHOTO + 1)
    if len(data) > _MAX_PHOTO:
        raise InputError("The file is larger than a photo can be.", "Scale the photo down.")
    photo = read_photo(data)
    # Lossless: all bits, transparency and the profile are kept.
    sink.write(encode_photo(photo, "png"))
    height, width = photo.pixels.shape[:2]
    return SanitisedMedia("photo", width, height)


def _crashed() -> InputError:
    return InputError(
        "The file crashed the process that read it; nothing was imported.",
        "Do not trust this file. Export it again from the camera or the program that made it.",
    )
