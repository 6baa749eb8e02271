"""A whole disc in one file that only a recipient can open (age-encryption.org/v1).

One archive, and not a file for each: names, numbers, records and what DICOM says of a patient are
then encrypted as well. The pictures pass through as a stream; no second copy in the clear is made.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import BinaryIO, TypeAlias

import pyrage

from appliance.errors import ReleaseError
from appliance.files.output import as_output_error

Recipient: TypeAlias = pyrage.x25519.Recipient | pyrage.ssh.Recipient
_BLOCK = 1 << 20  # bytes


def recipient_of(text: str) -> Recipient:
    """The public key ``text``: ``age1…``, or ``ssh-ed25519 …`` or ``ssh-rsa …`` of OpenSSH.

    Raises ``ReleaseError`` for anything else, a private key among it.
    """
    for kind in (pyrage.x25519.Recipient, pyrage.ssh.Recipient):
        with suppress(pyrage.RecipientError):
            return kind.from_str(text.strip())
    raise ReleaseError(
        "This is not the public key of a recipient.",
        "Ask them for the line that begins with age1 (`age-keygen -y`), or their public SSH key.",
    )


def encrypted_archive(folder: Path, recipients: Sequence[Recipient]) -> Generator[bytes]:
    """All files of ``folder`` as a tar archive, encrypted, block by block.

    Raises ``OutputError`` if one of them cannot be read.
    """
    plain, into_plain = _pipe()
    sealed, into_sealed = _pipe()
    failures: list[Exception] = []
    threads = [
        Thread(target=_pack, args=(folder, into_plain, failures)),
        Thread(target=_encrypt, args=(plain, into_sealed, recipients, failures)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield from iter(lambda: sealed.read(_BLOCK), b"")
    finally:
        sealed.close()  # if not all of it is wanted, the threads end by writing to nobody
        for thread in threads:
            thread.join()
    for failure in failures:
        raise as_output_error(failure) if isinstance(failure, OSError) else failure


def _pack(folder: Path, into: BinaryIO, failures: list[Exception]) -> None:
    try:
        with into, tarfile.open(fileobj=into, mode="w|") as archive:
            for path in sorted(folder.rglob("*")):
                name = path.relative_to(folder).as_posix()
                archive.add(path, name, recursive=False, filter=_anonymous)
    except Exception as error:  # noqa: BLE001 - raised by who waits for this thread
        failures.append(error)


def _encrypt(
    plain: BinaryIO, into: BinaryIO, recipients: Sequence[Recipient], failures: list[Exception]
) -> None:
    try:
        with plain, into:
            pyrage.encrypt_io(plain, into, list(recipients))
    except Exception as error:  # noqa: BLE001 - raised by who waits for this thread
        failures.append(error)


def _pipe() -> tuple[BinaryIO, BinaryIO]:
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb"), os.fdopen(writing, "wb")


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Neither who packed it nor how their machine is set up."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() else 0o644
    return member
