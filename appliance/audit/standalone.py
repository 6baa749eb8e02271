"""``appliance-verify``: checks what an appliance's log exported, on the auditor's own machine.

This file stands alone: copy it anywhere. It needs Python 3.11 and the package ``cryptography``,
but nothing of the appliance; it was written from the specifications (C2SP signed-note,
tlog-checkpoint, tlog-proof; RFC 6962), not from the appliance's code.

    appliance-verify FOLDER --key VKEY          a bundle of `appliance audit export`
    appliance-verify FILE.tlog-proof --key VKEY one event, of `appliance audit prove`

Exit code 0: everything is what the log signed. 1: it is not, and the reason is printed. 2: usage.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_MAX_PROOF = 1 << 20  # bytes


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
    exported = open_proof(_read(folder, "bundle.tlog-proof"), key)
    listed = _read(folder, "SHA256SUMS")
    event = json.loads(exported.entry)["event"]
    if event.get("kind") != "log-exported" or event.get("bundle") != sha256(listed).hexdigest():
        raise Unsound("SHA256SUMS is not what the log exported")
    names = {"SHA256SUMS", "bundle.tlog-proof"}
    for line in listed.decode().splitlines():
        digest, _, name = line.partition("  ")
        if sha256(_read(folder, name)).hexdigest() != digest:
            raise Unsound(f"{name} is not what the log exported")
        names.add(name)
    more = {path.name for path in folder.iterdir()} - names
    if more:
        raise Unsound(f"{len(more)} files do not belong to the bundle")
    _check_entries(folder, key, event)
    return exported


def _check_entries(folder: Path, key: Key, event: dict[str, object]) -> None:
    entries = _read(folder, "entries.jsonl").splitlines()
    heads = set()
    with zipfile.ZipFile(folder / "proofs.zip") as archive:
        members = archive.infolist()
        for member, entry in zip(members, entries, strict=False):
            if member.file_size > _MAX_PROOF:
                raise Unsound("a proof is far too long")
            proved = open_proof(archive.read(member), key)
            if proved.entry != entry or member.filename != f"{proved.index}.tlog-proof":
                raise Unsound(f"entry {proved.index} and its proof do not match")
            heads.add((proved.size, proved.root))
    if not len(members) == len(entries) == event.get("entries") or len(heads) > 1:
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


def _read(folder: Path, name: str) -> bytes:
    if "/" in name or name in ("", ".", ".."):
        raise Unsound("the name of a file leads out of the bundle")
    try:
        return (folder / name).read_bytes()
    except OSError:
        raise Unsound(f"{name} is missing") from None


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
    write = sys.stdout.write
    try:
        named = Path(options.key)
        vkey = named.read_text() if "+" not in options.key else options.key
        key = parse_key(vkey)
        if options.path.is_dir():
            proved = check_bundle(options.path, key)
            event = json.loads(proved.entry)["event"]
            write(f"sound: {event['entries']} entries, exported as entry {proved.index}\n")
        else:
            proved = open_proof(options.path.read_bytes(), key)
            write(f"sound: entry {proved.index} of {proved.size}\n{proved.entry.decode()}\n")
    except Unsound as reason:
        write(f"unsound: {reason}\n")
        return 1
    except (OSError, ValueError, KeyError, AttributeError, TypeError, zipfile.BadZipFile):
        write("unsound: a file is missing or malformed\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
