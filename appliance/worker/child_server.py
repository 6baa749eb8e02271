"""The helper process that forks children, one for each file, and the child itself.

Each of them has the descriptors that it needs and no other: the helper its connection to the
process that it serves, a child the file, what it writes, and the pipe for its answer. The standard
three lead to /dev/null, so that nothing an attacker's code writes reaches a journal.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, BinaryIO, NoReturn, TypeAlias

import msgspec

from appliance.errors import ApplianceError
from appliance.files.output import OutputFile
from appliance.seal.guard import Touch
from appliance.seal.process import close_all_but, silence
from appliance.worker.sealing import WorkerSealing

START, STOP = b".", b"x"
"""What is sent: before a request, with which a file's two descriptors come; to end its child."""

MAX_REQUEST, MAX_ANSWER = 1024, 4096
"""Bytes."""

_MAX_ADDRESS_SPACE = 6 << 30  # bytes
_MAX_PROCESSOR_TIME = 4 * 3600  # seconds; enough for a video of two hours

Work: TypeAlias = Callable[[bytes, BinaryIO, OutputFile], msgspec.Struct]
"""What a child does: from a request, the first file to the second, and what it says of that.

Raises ``ApplianceError``.
"""


class DoneWork(msgspec.Struct, frozen=True, tag=True):
    """What the child says of what it wrote, as JSON."""

    said: msgspec.Raw


class RefusedWork(msgspec.Struct, frozen=True, tag=True):
    """Why the child wrote nothing."""

    message: str
    hint: str


class CrashedWork(msgspec.Struct, frozen=True, tag=True):
    """The child ended without an answer, or was ended."""

    took_too_long: bool


class ChildAnswer(msgspec.Struct, frozen=True):
    """What became of the file, and how often which tripwire of the child was touched."""

    outcome: DoneWork | RefusedWork | CrashedWork
    touches: dict[Touch, Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]] = {}


@dataclass(frozen=True, slots=True)
class Task:
    """What children do, how they seal themselves, and how many seconds they may take."""

    work: Work
    sealing: WorkerSealing
    max_seconds: int


def serve_forks(connection: socket.socket, task: Task) -> NoReturn:
    """Fork a child for each file, until the other end closes. Never returns: it runs in a copy."""
    try:
        silence()
        close_all_but([connection.fileno()])
        task.sealing.confine()
        while True:
            packet, descriptors, _, _ = socket.recv_fds(connection, MAX_REQUEST, 2)
            if not packet:
                os._exit(0)
            if not packet.startswith(START):
                continue  # the child that was to be stopped had ended already
            request = packet.removeprefix(START)
            connection.send(_run(connection, request, descriptors, task))
    finally:
        os._exit(1)


def _run(
    connection: socket.socket, request: bytes, descriptors: Sequence[int], task: Task
) -> bytes:
    """What the child for the file of these descriptors answers, or that it crashed."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _run_child(request, descriptors, writer, task)
    for descriptor in (*descriptors, writer):
        os.close(descriptor)
    try:
        answer, took_too_long = _read_answer(reader, connection, task.max_seconds)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)  # whatever it still does: its answer is all that counts
        os.waitpid(child, 0)
    return answer or msgspec.json.encode(ChildAnswer(CrashedWork(took_too_long)))


def _read_answer(reader: int, connection: socket.socket, max_seconds: int) -> tuple[bytes, bool]:
    """The answer, empty if there is none; and whether that is because it took too long."""
    waiting = select.poll()
    waiting.register(reader, select.POLLIN)
    waiting.register(connection, select.POLLIN)
    answer, seconds = b"", 0
    while len(answer) < MAX_ANSWER:
        if seconds >= max_seconds:
            return b"", True
        # By waits of a second, not by a clock, which would go on while all of this is frozen.
        ready = [descriptor for descriptor, _ in waiting.poll(1000)]
        if connection.fileno() in ready:  # a stop, or the other end is gone
            return b"", False
        if reader not in ready:
            seconds += 1
            continue
        block = os.read(reader, MAX_ANSWER - len(answer))
        if not block:
            break
        answer += block
    return answer, False


def _run_child(request: bytes, descriptors: Sequence[int], writer: int, task: Task) -> NoReturn:
    """Ends in ``os._exit`` whatever happens: this copy must not run the helper's code."""
    try:
        close_all_but([*descriptors, writer])
        for limit, maximum in (
            (resource.RLIMIT_AS, _MAX_ADDRESS_SPACE),
            (resource.RLIMIT_CPU, _MAX_PROCESSOR_TIME),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(limit, (maximum, maximum))
        guard = task.sealing.seal(serving=False).guard
        source, sink = descriptors
        try:
            said = task.work(request, os.fdopen(source, "rb"), OutputFile(sink))
            outcome: DoneWork | RefusedWork = DoneWork(msgspec.Raw(msgspec.json.encode(said)))
        except ApplianceError as error:
            outcome = RefusedWork(error.message, error.hint)
        os.write(writer, msgspec.json.encode(ChildAnswer(outcome, dict(guard.touches))))
    finally:
        os._exit(0)
