"""``appliance-verify``: checks what an appliance's log exported, on the auditor's own machine.

This file stands alone: copy it anywhere. It needs Python 3.11 and the package ``cryptography``,
but nothing of the appliance; it was written from the specifications (C2SP signed-note,
tlog-checkpoint, tlog-proof; RFC 6962), not from the appliance's code.

    appliance-verify FOLDER --key VKEY          a bundle of `appliance audit export`
    appliance-verify FILE.tlog-proof --key VKEY one event, of `appliance audit prove`

Exit code 0: everything is what the log signed. 1: it is not, and the reason is printed. 2: usage.
74: the answer cannot be printed.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import io
import json
import os
import stat
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# Bytes; what is larger is refused before any of it is read.
_MAX_PROOF = 1 << 20  # also of a key and of SHA256SUMS
_MAX_FILE = 1 << 32
_MAX_ENTRY = 1 << 16


class Unsound(Exception):  # noqa: N818 - it is printed as "unsound: …"
    """Something is not what the log signed."""


@dataclass(frozen=True)
class Key:
    """The log's public key: its name, four bytes of key id, and the key itself."""

    name: str
    key_id: bytes
    public: bytes


@dataclass(frozen=True)
class Proved:
    """An entry that is in the log, at ``index`` of the tree with this ``root``."""

    entry: bytes
    index: int
    size: int
    root: bytes


def parse_key(vkey: str) -> Key:
    """Parse a vkey, ``name+keyid+base64(0x01 ‖ key)``. Raises ``Unsound``."""
    name, digits, material = [*vkey.strip().split("+", 2), "", ""][:3]
    raw = _decode(material)
    key_id = sha256(name.encode() + b"\n" + raw).digest()[:4]
    if len(raw) != 33 or raw[0] != 1 or key_id.hex() != digits or not name:
        raise Unsound("the public key is malformed")
    return Key(name, key_id, raw[1:])


def open_checkpoint(note: str, key: Key) -> tuple[int, bytes]:
    """Size and root (32 bytes) of the tree that ``key`` signed. Raises ``Unsound``."""
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    if not blank or not signatures.endswith("\n"):
        raise Unsound("the checkpoint is malformed")
    found = []
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—":
            raise Unsound("a signature line is malformed")
        raw = _decode(parts[2])
        if parts[1] == key.name and raw[:4] == key.key_id:
            found.append(raw[4:])
    if len(found) != 1:
        raise Unsound("the checkpoint is not signed by this key, or twice")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(found[0], text.encode())
    except InvalidSignature:
        raise Unsound("the signature on the checkpoint is wrong") from None
    lines = text.split("\n")
    if len(lines) != 4 or lines[0] != key.name:
        raise Unsound("the checkpoint is of another log, or has lines that it must not have")
    root = _decode(lines[2])
    if len(root) != 32:
        raise Unsound("the root is not a hash")
    return _number(lines[1]), root


def open_proof(data: bytes, key: Key) -> Proved:
    """The entry that a tlog-proof proves. Raises ``Unsound``."""
    head, _, note = data.decode().partition("\n\n")
    lines = head.split("\n")
    if len(lines) < 3 or lines[0] != "c2sp.org/tlog-proof@v1":
        raise Unsound("this is not a tlog-proof")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise Unsound("the proof lacks its entry or its index")
    entry = _decode(lines[1].removeprefix("extra "))
    index = _number(lines[2].removeprefix("index "))
    path = [_decode(line) for line in lines[3:]]
    size, root = open_checkpoint(note, key)
    if index >= size or any(len(value) != 32 for value in path):
        raise Unsound("the proof is malformed")
    if _root(sha256(b"\x00" + entry).digest(), index, size, path) != root:
        raise Unsound(f"entry {index} is not in the log")
    if json.loads(entry).get("seq") != index:
        raise Unsound(f"entry {index} contains another index")
    return Proved(entry, index, size, root)


def check_bundle(folder: Path, key: Key) -> Proved:
    """The event of the export of this bundle, after checking every file and entry.

    Raises ``Unsound``.
    """
    exported = open_proof(_read(_member(folder, "bundle.tlog-proof"), "bundle.tlog-proof"), key)
    listed = _read(_member(folder, "SHA256SUMS"), "SHA256SUMS")
    event = json.loads(exported.entry)["event"]
    if event.get("kind") != "log-exported" or event.get("bundle") != sha256(listed).hexdigest():
        raise Unsound("SHA256SUMS is not what the log exported")
    names = {"SHA256SUMS", "bundle.tlog-proof"}
    for line in listed.decode().splitlines():
        digest, _, name = line.partition("  ")
        with _open(_member(folder, name), _MAX_FILE, name) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise Unsound(f"{name} is not what the log exported")
        names.add(name)
    more = {path.name for path in folder.iterdir()} - names
    if more:
        raise Unsound(f"{len(more)} files do not belong to the bundle")
    _check_entries(folder, key, event)
    return exported


def _check_entries(folder: Path, key: Key, event: dict[str, object]) -> None:
    heads, count = set(), 0
    with (
        _open(_member(folder, "entries.jsonl"), _MAX_FILE, "entries.jsonl") as entries,
        _open(_member(folder, "proofs.zip"), _MAX_FILE, "proofs.zip") as packed,
        zipfile.ZipFile(packed) as archive,
    ):
        members = archive.infolist()
        while line := entries.readline(_MAX_ENTRY):
            if count == len(members):
                raise Unsound("entries or proofs are missing")
            member, entry, count = members[count], line.removesuffix(b"\n"), count + 1
            if member.file_size > _MAX_PROOF:
                raise Unsound("a proof is far too long")
            proved = open_proof(archive.read(member), key)
            if proved.entry != entry or member.filename != f"{proved.index}.tlog-proof":
                raise Unsound(f"entry {proved.index} and its proof do not match")
            heads.add((proved.size, proved.root))
    if not len(members) == count == event.get("entries") or len(heads) > 1:
        raise Unsound("entries or proofs are missing")


def _root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 6962, section 2.1.1, from the top: which side each hash of the path is on."""
    if size == 1:
        if path:
            raise Unsound("the proof is too long")
        return leaf
    if not path:
        raise Unsound("the proof is too short")
    left = 1 << (size - 1).bit_length() - 1
    *below, sibling = path
    if index < left:
        return sha256(b"\x01" + _root(leaf, index, left, below) + sibling).digest()
    return sha256(b"\x01" + sibling + _root(leaf, index - left, size - left, below)).digest()


def _member(folder: Path, name: str) -> Path:
    """The path of a file of the bundle. Raises ``Unsound`` if ``name`` leads out of it."""
    if "/" in name or "\\" in name or name in ("", ".", ".."):
        raise Unsound("the name of a file leads out of the bundle")
    if (folder / name).is_symlink():
        raise Unsound(f"{name} is a link")
    return folder / name


def _open(path: Path, most: int, what: str) -> io.BufferedReader:
    """The regular file at ``path``, of at most ``most`` bytes. Raises ``Unsound`` about ``what``.

    Nothing is read of it yet, and a pipe without a writer is not waited for.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        raise Unsound(f"{what} is missing") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        os.close(descriptor)
        raise Unsound(f"{what} is not a regular file, or is far too large")
    return os.fdopen(descriptor, "rb")


def _read(path: Path, what: str) -> bytes:
    """A small file at ``path``: a proof, a key, or the list of checksums. Raises ``Unsound``."""
    with _open(path, _MAX_PROOF, what) as file:
        return file.read(_MAX_PROOF)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or (text[0] == "0" and text != "0"):
        raise Unsound("a number is malformed")
    return int(text)


def _decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unsound("base64 is malformed") from None
    if base64.b64encode(data).decode() != text:
        raise Unsound("base64 is malformed")
    return data


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="appliance-verify", description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path, help="folder of a bundle, or a .tlog-proof file")
    parser.add_argument("--key", required=True, help="the log's public key (vkey), or a file of it")
    options = parser.parse_args(arguments)
    verdict, code = _judge(options.path, options.key)
    try:
        if sys.stdout:  # a caller may have closed it, and want the exit code alone
            sys.stdout.write(f"{verdict}\n")
            sys.stdout.flush()
    except OSError:
        sys.stdout = None  # or Python tries once more, and complains
        return 74  # EX_IOERR of sysexits.h
    return code


def _judge(path: Path, given_key: str) -> tuple[str, int]:
    """What to print about the bundle or proof at ``path``, and the exit code."""
    try:
        vkey = given_key if "+" in given_key else _read(Path(given_key), "the key").decode()
        key = parse_key(vkey)
        if path.is_dir():
            proved = check_bundle(path, key)
            event = json.loads(proved.entry)["event"]
            return f"sound: {event['entries']} entries, exported as entry {proved.index}", 0
        proved = open_proof(_read(path, "the proof"), key)
        return f"sound: entry {proved.index} of {proved.size}\n{proved.entry.decode()}", 0
    except Unsound as reason:
        return f"unsound: {reason}", 1
    except (
        OSError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        RecursionError,
        zipfile.BadZipFile,
    ):
        return "unsound: a file is missing or malformed", 1


if __name__ == "__main__":
    sys.exit(main())
