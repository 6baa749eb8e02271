"""Runs xorriso, without a shell, and reads what it reports while it works.

With ``-pkt_output`` each line begins with the channel it belongs to: R for results, I for messages
(xorriso(1), "Dialog control"). Startup files are not read.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final, TypeAlias

from appliance.burner.problem import no_program

Line: TypeAlias = Callable[[str], None]
"""Called with each line of a result or message."""

XORRISO: Final = "/usr/bin/xorriso"

_SILENCE: Final = 600.0  # seconds; it reports every second, and a drive may take minutes to close
_GRACE: Final = 60.0  # seconds for a drive to come to rest
_LINE = re.compile(r"\A[RI]:\d: ?(.*)\Z")
_CHUNK: Final = 1 << 16  # bytes


class Xorriso:
    """The program, of which each call is a process of its own.

    ``program``: what is run. ``date``: seconds since 1970, for all that it would else take from the
    clock (reproducible-builds.org, SOURCE_DATE_EPOCH).
    """

    def __init__(self, date: int, program: str = XORRISO) -> None:
        self._program = program
        self._environment = {
            "LC_ALL": "C",
            "PATH": "/usr/bin:/bin",
            "SOURCE_DATE_EPOCH": str(date),
        }

    def lines(
        self, commands: Sequence[str], inherited: Sequence[int] = (), each: Line | None = None
    ) -> tuple[bool, list[str]]:
        """Whether all went well, and the lines of results and messages.

        ``inherited``: descriptors that the program has as well. Raises ``DiscError`` if there is no
        such program.
        """
        found: list[str] = []
        rest = b""
        with self._started(("-pkt_output", "on", *commands), inherited) as process:
            for block in _output(process):
                *whole, rest = (rest + block).split(b"\n")
                for raw in whole:
                    match = _LINE.match(raw.decode("ascii", "replace").rstrip())
                    if match is not None:
                        found.append(match[1])
                        if each is not None:
                            each(match[1])
        return process.returncode == 0, found

    def stream(
        self, commands: Sequence[str], inherited: Sequence[int], take: Callable[[bytes], None]
    ) -> bool:
        """Whether all went well; ``take`` is called with each block of what it writes to stdout."""
        with self._started(commands, inherited) as process:
            for block in _output(process):
                take(block)
        return process.returncode == 0

    @contextmanager
    def _started(
        self, commands: Sequence[str], inherited: Sequence[int]
    ) -> Iterator[subprocess.Popen[bytes]]:
        # Whatever is not as it should be ends it, and is in its exit code. What is not committed at
        # its end, it would write.
        strict = ("-abort_on", "SORRY", "-return_with", "SORRY", "32")
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell; the words are ours
                [self._program, "-no_rc", *strict, *commands, "-rollback_end"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=inherited,
                env=self._environment,
                start_new_session=True,  # Ctrl-C is for us, who end it properly
            )
        except OSError as error:
            raise no_program() from error
        try:
            yield process
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _end(process)


def _output(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """What it writes, until it closes its end or is silent for too long."""
    pipe: IO[bytes] | None = process.stdout
    if pipe is None:
        raise RuntimeError("stdout is a pipe")
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while poll.poll(_SILENCE * 1000):
        block = os.read(pipe.fileno(), _CHUNK)
        if not block:
            return
        yield block
    process.terminate()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have it leave the drive in peace, or else kill it. Its output is closed."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
