"""Has the sealed program list a disc."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from appliance.disc_reader.listing import MAX_LISTING, DiscFile, parse_listing, unreadable
from appliance.disc_reader.medium import Medium
from appliance.errors import InputError, SealError
from appliance.seal.program import Limits, become_sealed

PROGRAM: Final = Path("/usr/bin/osirrox")
"""Of Debian's package xorriso."""

COMMAND: Final = (sys.executable, "-P", "-m", "appliance.disc_reader.lister")
"""What becomes the program, sealed; the first block of the session follows."""

MAX_WAIT: Final = 300
"""Seconds that the program may be silent: a drive needs half a minute to start and to give up."""

_LIMITS = Limits(memory=512 << 20, seconds=5)
_CANNOT_RUN = 78  # sysexits.h: EX_CONFIG
_CHUNK = 1 << 16  # bytes


def list_disc(medium: Medium) -> list[DiscFile]:
    """The regular files of ``medium``; symbolic links and devices are none.

    A process that is discarded afterwards reads the folders. It has the disc and a pipe. Raises
    ``InputError``, or ``SealError`` if the program cannot be sealed here.
    """
    if not PROGRAM.exists():
        raise InputError("Discs cannot be read here.", "Install xorriso (Debian: apt-get).")
    os.lseek(medium.descriptor, 0, os.SEEK_SET)
    with subprocess.Popen(  # noqa: S603 - this very module
        [*COMMAND, str(medium.session)],
        stdin=medium.descriptor,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            answer = _answer(child)
        finally:
            child.kill()
    if child.returncode == _CANNOT_RUN:
        raise SealError(
            "This machine cannot seal the program that reads discs.",
            "Use Linux 5.13 or newer with Landlock enabled, and install libseccomp2.",
        )
    if child.returncode:
        raise unreadable()
    return parse_listing(answer.split(b"\n"), medium.size)


def _answer(child: subprocess.Popen[bytes]) -> bytes:
    """All that ``child`` writes. Raises ``InputError`` if that is too much, or takes too long."""
    pipe = child.stdout
    if pipe is None:
        raise RuntimeError("no pipe")
    answer = bytearray()
    waiting = select.poll()
    waiting.register(pipe, select.POLLIN)
    while waiting.poll(1000 * MAX_WAIT):
        block = os.read(pipe.fileno(), _CHUNK)
        if not block:
            child.wait()
            return bytes(answer)
        answer += block
        if len(answer) > MAX_LISTING:
            break
    raise unreadable()


def _arguments(session: int) -> Sequence[str]:
    """As what the program runs: it loads one session, lists, and ends. Names come escaped."""
    return (
        *("osirrox", "-no_rc", "-abort_on", "SORRY", "-report_about", "FATAL"),
        *("-backslash_codes", "encode_output"),
        *(("-load", "lba", str(session)) if session else ()),
        *("-indev", "stdio:/dev/fd/0", "-find", "/", "-type", "f", "-exec", "report_lba", "--"),
    )


def main() -> None:
    """Become the program, sealed; the disc is the standard input, the argument its session."""
    try:
        become_sealed(PROGRAM, _arguments(int(sys.argv[1])), _LIMITS, descriptors=[0])
    except Exception:  # noqa: BLE001 - the caller explains it, and no trace is printed
        os._exit(_CANNOT_RUN)


if __name__ == "__main__":
    main()
