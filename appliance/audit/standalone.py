"""``appliance-verify``: checks what left an appliance, on the machine of whoever got it.

This file stands alone: copy it anywhere. It needs Python 3.11 and the package ``cryptography``,
but nothing of the appliance; it was written from the specifications (C2SP signed-note,
tlog-checkpoint, tlog-proof; RFC 6962), not from the appliance's code.

    appliance-verify FOLDER --key VKEY          a bundle of `appliance audit export`
    appliance-verify FILE.tlog-proof --key VKEY one event, of `appliance audit prove`
    appliance-verify DISC --anchor anchor.pem   a disc of released results, or a copy of one
    appliance-verify attest FILE --nonce HEX --measurements measurements.json
                                                what a machine ran, of `appliance attest`

Of a disc it checks that the site signed it, that no file is missing, added or changed, that each
result carries the label of GB 45438-2025 with its number, and its proofs in the site's ledger: with
--key by that key, else by the one that the signed list names. C2PA is for a reader of C2PA.

Of an attestation it checks that a TPM signed its registers with this nonce, and that they are those
of the image that was published; with --ak that it is this machine's TPM, with --pcr7 that Secure
Boot was as it should be. On a disc of the ledger, `--checkpoint attested-checkpoint --key VKEY`
takes the place of --nonce, and --ledger FOLDER compares the attestation with what the log recorded
at this start, which must be its last. It does not check the certificate of the TPM's maker, nor the
firmware's log of events.

Exit code 0: everything is what was signed. 1: it is not, and the reason is printed. 2: usage.
3: a disc is whole, but without --anchor nobody can say whose it is; or an attestation is sound, but
without --ak and --pcr7 it may be of another machine. 74: the answer cannot be printed.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import io
import json
import os
import re
import stat
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

# Bytes; what is larger is refused before any of it is read.
_MAX_PROOF = 1 << 20  # also of a key and of SHA256SUMS
_MAX_FILE = 1 << 32
_MAX_ENTRY = 1 << 16
_MAX_LIST = 1 << 24  # of a disc's files
_MAX_ON_DISC = 1 << 37

_LABEL = re.compile(rb'\{"Label":"[123]"[^{}]{0,400}?"ProduceID":"(\d{1,10})"')
_LONGEST_LABEL = 512  # bytes
_BLOCK = 1 << 20  # bytes
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


# Of an attestation: the registers that it must quote, and how its key must look; TPM 2.0 Library,
# Part 2. The key is of NIST P-256, never leaves its TPM and signs only what the TPM made itself.
_PCRS = (0, 1, 2, 3, 4, 5, 6, 7, 11, 12)
_QUOTE = bytes.fromhex("ff544347 8018")  # TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE
_SHA256 = bytes.fromhex("000b")  # TPM_ALG_SHA256
_ENDORSEMENT = bytes.fromhex("4000000b")  # TPM_RH_ENDORSEMENT
_KEY = bytes.fromhex("0023 000b 00050072 0000 0010 0018 000b 0003 0010")  # a TPMT_PUBLIC, up to x
_MALFORMED = (
    OSError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    RecursionError,
    zipfile.BadZipFile,
)


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


def check_disc(folder: Path, anchors: bytes, key: Key | None) -> str:
    """What is on the disc, after checking all of it.

    ``anchors``: PEM; ``key``: of the ledger, if it is known. Raises ``Unsound``.
    """
    listed = _read(folder / "manifest.json", "manifest.json", _MAX_LIST)
    signature = json.loads(_read(folder / "manifest.sig", "manifest.sig"))
    _check_signature(listed, signature, anchors)
    manifest = json.loads(listed)
    if manifest["version"] != 1:
        raise Unsound("the disc is of a newer kind: get a newer appliance-verify")
    files = {file["name"]: file for file in manifest["files"]}
    for name, file in files.items():
        with _open(_on_disc(folder, name), _MAX_ON_DISC, name) as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != file["sha256"]:
                raise Unsound(f"{name} was changed")
    more = {name.relative_to(folder).as_posix() for name in folder.rglob("*") if not name.is_dir()}
    if more - files.keys() - {"manifest.json", "manifest.sig"}:
        raise Unsound("there are files that are not on the signed list")
    ledger = manifest["ledger"]
    for release in manifest["releases"]:
        record = release["record"]
        if files[release["name"]]["sha256"] != record["copy"]:
            raise Unsound(f"{release['name']} is not the copy that was released")
        _check_label(folder, release["name"], record["number"])
        if ledger:
            _check_ledger(folder, record, key or parse_key(ledger["vkey"]))
    if manifest["encrypted"]:
        return "one encrypted file; check again what is in it"
    count = f"{len(manifest['releases'])} released"
    return f"{count}, in the ledger {ledger['origin']}" if ledger else f"{count}, without a ledger"


def _check_signature(data: bytes, signature: dict[str, str], anchors: bytes) -> None:
    """Raises ``Unsound`` unless a key that one of ``anchors`` vouches for signed ``data``."""
    raw = _decode(signature["signature"])
    public = _signer(signature["certificates"].encode(), anchors).public_key()
    try:
        if isinstance(public, Ed25519PublicKey):
            public.verify(raw, data)
        elif isinstance(public, EllipticCurvePublicKey) and len(raw) == 64:
            r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
            if s > _P256_ORDER // 2:  # r and the order less s would be verified as well
                raise Unsound("the list of files has another signature than the site writes")
            public.verify(encode_dss_signature(r, s), data, ECDSA(hashes.SHA256()))
        else:
            raise Unsound("the list of files is signed by a key of an unknown kind")
    except InvalidSignature:
        raise Unsound("the list of files was changed since it was signed") from None


def _signer(chain: bytes, anchors: bytes) -> x509.Certificate:
    """The first certificate of ``chain``, if it leads to an anchor and is valid today."""
    certificates = x509.load_pem_x509_certificates(chain)
    trusted = x509.load_pem_x509_certificates(anchors)
    for at, certificate in enumerate(certificates):
        now = datetime.now(UTC)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Unsound("the certificate of the site is no longer valid, or not yet")
        if any(_issued(certificate, anchor) for anchor in trusted):
            return certificates[0]
        if not any(_issued(certificate, issuer) for issuer in certificates[at + 1 : at + 2]):
            break
    raise Unsound("no anchor vouches for who signed the list of files")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, x509.ExtensionNotFound):
        return False


def _check_label(folder: Path, name: str, number: int) -> None:
    """Raises ``Unsound`` unless the bytes of the file hold the label, with this number alone."""
    found, before = set(), b""
    with _open(_on_disc(folder, name), _MAX_ON_DISC, name) as file:
        while block := file.read(_BLOCK):
            before = before[-_LONGEST_LABEL:] + block
            found |= {int(label) for label in _LABEL.findall(before)}
    if found != {number}:
        raise Unsound(f"{name} lacks the label of its release, or has another")


def _check_ledger(folder: Path, record: dict[str, Any], key: Key) -> None:
    """The entry whose index is the number, and the one that names the copy."""
    number = record["number"]
    for what in ("number", "copy"):
        name = f"ledger/release-{number}-{what}.tlog-proof"
        proved = open_proof(_read(_on_disc(folder, name), name), key)
        event = json.loads(proved.entry)["event"]
        if what == "number" and (proved.index, event.get("result")) != (number, record["result"]):
            raise Unsound(f"release {number} is not the one in the ledger")
        if what == "copy" and (event.get("number"), event.get("copy")) != (number, record["copy"]):
            raise Unsound(f"the copy of release {number} is not the one in the ledger")


@dataclass(frozen=True)
class Attested:
    """What a TPM signed. ``image``: what the machine says of itself; it is not signed."""

    fingerprint: bytes
    pcrs: dict[int, bytes]
    image: dict[str, object]


def open_attestation(data: bytes, nonce: bytes) -> Attested:
    """What the attestation proves, if it was made with ``nonce``. Raises ``Unsound``."""
    found = json.loads(data)
    if json.dumps(found, sort_keys=True, separators=(",", ":")).encode() + b"\n" != data:
        raise Unsound("the attestation was changed since it was written")
    if found["version"] != 1:
        raise Unsound("the attestation is of a newer kind: get a newer appliance-verify")
    key, message = _decode(found["key"]), _decode(found["quote"])
    _check_quote_signature(key, message, _decode(found["signature"]))
    pcrs = {int(pcr): bytes.fromhex(value) for pcr, value in found["pcrs"].items()}
    if {str(pcr): value.hex() for pcr, value in pcrs.items()} != found["pcrs"]:
        raise Unsound("a register is malformed")
    if sorted(pcrs) != list(_PCRS) or any(len(value) != 32 for value in pcrs.values()):
        raise Unsound("the attestation lacks registers, or has others")
    fingerprint = sha256(key).digest()
    if _quoted(message, fingerprint) != (
        nonce,
        sha256(b"".join(pcrs[pcr] for pcr in _PCRS)).digest(),
    ):
        raise Unsound("the TPM signed another nonce, or other registers")
    if found["nonce"] != nonce.hex():
        raise Unsound("the attestation names another nonce than its TPM signed")
    return Attested(fingerprint, pcrs, found["image"])


def _check_quote_signature(key: bytes, message: bytes, signature: bytes) -> None:
    """Raises ``Unsound`` unless ``key``, a TPMT_PUBLIC, is as it must be and signed ``message``."""
    head, x, y = key[: len(_KEY)], key[len(_KEY) + 2 : -34], key[-32:]
    if head != _KEY or key != head + b"\x00\x20" + x + b"\x00\x20" + y or len(x) != 32:
        raise Unsound("the key is not one that signs nothing but what its TPM made")
    numbers = EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), SECP256R1())
    try:
        numbers.public_key().verify(signature, message, ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Unsound("the signature of the TPM is wrong") from None


def _quoted(message: bytes, fingerprint: bytes) -> tuple[bytes, bytes]:
    """The nonce and the digest of registers in a TPMS_ATTEST. Raises ``Unsound``."""
    stream = io.BytesIO(message)
    if stream.read(6) != _QUOTE:
        raise Unsound("what the TPM signed is not a quote")
    signer, nonce = _sized(stream), _sized(stream)
    stream.read(17 + 8)  # the TPM's clock and the version of its firmware
    mask = sum(1 << pcr for pcr in _PCRS).to_bytes(3, "little")
    if stream.read(10) != b"\x00\x00\x00\x01" + _SHA256 + b"\x03" + mask:
        raise Unsound("the TPM signed other registers")
    digest = _sized(stream)
    if stream.read(1) or len(digest) != 32:
        raise Unsound("what the TPM signed is malformed")
    if signer != _SHA256 + sha256(_ENDORSEMENT + _SHA256 + fingerprint).digest():
        raise Unsound("the key is not of the TPM's endorsement hierarchy")
    return nonce, digest


def _sized(stream: io.BytesIO) -> bytes:
    return stream.read(int.from_bytes(stream.read(2)))


def check_image(found: Attested, published: dict[str, Any]) -> str:
    """The phase of its start in which the ``published`` image was. Raises ``Unsound``."""
    if found.pcrs[12] != bytes(32):
        raise Unsound("PCR 12 is not zero: a command line or credential came from outside")
    values = {value: phase for phase, value in published["pcr11"].items()}
    phase = values.get(found.pcrs[11].hex())
    if phase is None:
        raise Unsound("PCR 11 is not that of this image: another one ran, or more was measured")
    for name in ("version", "number", "roothash"):
        if found.image.get(name) != published[name]:
            raise Unsound("the machine says of its image what is not in the measurements")
    return str(phase)


def check_start(found: Attested, folder: Path, size: int) -> bool:
    """Whether the bundle in ``folder`` has the record of the start that ``found`` attests.

    ``size``: of the log when its head was attested. Raises ``Unsound`` if the log recorded
    something else, or a later start.
    """
    recorded: dict[str, object] = {}
    with _open(_member(folder, "entries.jsonl"), _MAX_FILE, "entries.jsonl") as entries:
        while line := entries.readline(_MAX_ENTRY):
            entry = json.loads(line)
            event = entry["event"]
            if event["kind"] == "boot":
                recorded.clear()
                if entry["seq"] >= size:
                    raise Unsound("the machine was started again since, without an attestation")
            elif event["kind"] == "boot-measured" and entry["seq"] < size:
                recorded[event["what"]] = event.get("digest")
    attested: dict[str, object] = {f"pcr-{pcr}": value.hex() for pcr, value in found.pcrs.items()}
    attested |= {
        "attestation-key": found.fingerprint.hex(),
        "image": found.image.get("roothash"),
    }
    if any(attested[what] != value for what, value in recorded.items() if what in attested):
        raise Unsound("the log recorded another key, image or register at this start")
    return attested.keys() <= recorded.keys()


def _check_machine(found: Attested, key: bytes | None, pcr7: bytes | None) -> None:
    if key is not None and key not in (found.fingerprint, _SHA256 + found.fingerprint):
        raise Unsound("another TPM signed it than the one of --ak")
    if pcr7 is not None and pcr7 != found.pcrs[7]:
        raise Unsound("PCR 7 is another: Secure Boot is off, or trusts other keys")


def _on_disc(folder: Path, name: str) -> Path:
    """The path of a file of the disc. Raises ``Unsound`` if ``name`` leads out of it."""
    path = folder
    for part in name.split("/"):
        path = _member(path, part)
    return path


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


def _read(path: Path, what: str, most: int = _MAX_PROOF) -> bytes:
    """A small file at ``path``: a proof, a key, or a list of files. Raises ``Unsound``."""
    with _open(path, most, what) as file:
        return file.read(most)


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
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["attest"]:
        return _print(*_judge_attestation(_attestation_options(given[1:])))
    parser = argparse.ArgumentParser(prog="appliance-verify", description=__doc__.split("\n")[0])
    parser.add_argument(
        "path", type=Path, help="folder of a bundle or a disc, or a .tlog-proof file"
    )
    parser.add_argument("--key", help="the log's public key (vkey), or a file of it")
    parser.add_argument("--anchor", type=Path, help="of a disc: the site's anchor.pem")
    options = parser.parse_args(given)
    is_disc = (options.path / "manifest.json").is_file()
    if not options.key and not is_disc:
        parser.error("the following arguments are required: --key")
    return _print(*_judge(options.path, options.key, options.anchor, is_disc=is_disc))


def _print(verdict: str, code: int) -> int:
    """Print ``verdict``; returns ``code``, or another one if it cannot be printed."""
    try:
        if sys.stdout:  # a caller may have closed it, and want the exit code alone
            sys.stdout.write(f"{verdict}\n")
            sys.stdout.flush()
    except OSError:
        sys.stdout = None  # or Python tries once more, and complains
        return 74  # EX_IOERR of sysexits.h
    return code


def _judge(
    path: Path, given_key: str | None, anchor: Path | None, *, is_disc: bool
) -> tuple[str, int]:
    """What to print about the bundle, proof or disc at ``path``, and the exit code."""
    try:
        key = _key(given_key) if given_key else None
        if is_disc or key is None:
            return _judge_disc(path, anchor, key)
        if path.is_dir():
            proved = check_bundle(path, key)
            event = json.loads(proved.entry)["event"]
            return f"sound: {event['entries']} entries, exported as entry {proved.index}", 0
        proved = open_proof(_read(path, "the proof"), key)
        return f"sound: entry {proved.index} of {proved.size}\n{proved.entry.decode()}", 0
    except Unsound as reason:
        return f"unsound: {reason}", 1
    except _MALFORMED:
        return "unsound: a file is missing or malformed", 1


def _judge_disc(path: Path, anchor: Path | None, key: Key | None) -> tuple[str, int]:
    anchors = _read(anchor or path / "anchor.pem", "the anchor")
    verdict = f"sound: {check_disc(path, anchors, key)}"
    if anchor is not None:
        return verdict, 0
    first = x509.load_pem_x509_certificates(anchors)[0].fingerprint(hashes.SHA256())
    own = "But the anchor is the disc's own. Ask the site for the SHA-256 of its anchor, this one?"
    return f"{verdict}\n{own}\n{first.hex(':')}", 3


def _attestation_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="appliance-verify attest", description="Check what a machine ran."
    )
    parser.add_argument("path", type=Path, help="file of `appliance attest`, or of a disc")
    parser.add_argument("--nonce", type=_hex, help="the nonce that you asked it to be made with")
    parser.add_argument("--checkpoint", type=Path, help="instead of --nonce: its file on the disc")
    parser.add_argument("--key", help="with --checkpoint: the log's public key, or a file of it")
    parser.add_argument("--ledger", type=Path, help="with --checkpoint: the bundle on the disc")
    parser.add_argument(
        "--measurements", type=Path, required=True, help="measurements.json of the image"
    )
    parser.add_argument(
        "--ak", type=_hex, help="fingerprint of the machine's attestation key, noted when installed"
    )
    parser.add_argument("--pcr7", type=_hex, help="PCR 7 of the machine, noted when installed")
    options = parser.parse_args(arguments)
    if (options.nonce is None) == (options.checkpoint is None):
        parser.error("one of --nonce and --checkpoint is required")
    if (options.checkpoint is None) != (options.key is None):
        parser.error("--checkpoint needs --key, and --nonce does not take it")
    if options.ledger is not None and options.checkpoint is None:
        parser.error("--ledger needs --checkpoint")
    return options


def _hex(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _judge_attestation(options: argparse.Namespace) -> tuple[str, int]:
    """What to print about an attestation, and the exit code."""
    held, unchecked = [], []
    size, nonce = 0, options.nonce
    try:
        if nonce is None:
            note, key = _read(options.checkpoint, "the checkpoint"), _key(options.key)
            size, _ = open_checkpoint(note.decode(), key)
            nonce = sha256(note).digest()
            held.append(f"it was made when the log had {size} entries, or later")
            if options.ledger:
                check_bundle(options.ledger, key)
        found = open_attestation(_read(options.path, "the attestation"), nonce)
        published = json.loads(_read(options.measurements, "the list of measurements"))
        phase = check_image(found, published)
        _check_machine(found, options.ak, options.pcr7)
        if options.ledger and check_start(found, options.ledger, size):
            held.append("the log recorded the same key, image and registers at its last start")
        elif options.nonce is None:
            unchecked.append("what the log recorded at this start, and that it was the last")
    except Unsound as reason:
        return f"unsound: {reason}", 1
    except _MALFORMED:
        return "unsound: a file is missing or malformed", 1
    ak, pcr7 = found.fingerprint.hex(), found.pcrs[7].hex()
    held.append(f"PCR 11 is that of this image, in the phase {phase}")
    held.append("PCR 12 is zero: no command line and no credential came from outside the image")
    if options.pcr7:
        held.append("PCR 7 is the one given: Secure Boot, and the keys that it trusts")
    else:
        unchecked.append(f"PCR 7. Programs that ran before could have made up PCR 11. It is {pcr7}")
    if options.ak:
        held.append("the key of --ak signed it")
    else:
        unchecked.append(f"whose TPM signed it. The fingerprint of its key is {ak}")
    unchecked.append("the certificate of the TPM's maker, and the firmware's log of events")
    lines = [
        f"sound: version {published['version']}, number {published['number']}, was running",
        *(f"  holds: {one}" for one in held),
        *(f"  not checked: {one}" for one in unchecked),
    ]
    return "\n".join(lines), 0 if options.ak and options.pcr7 else 3


def _key(given: str) -> Key:
    """The vkey ``given``, or that in the file of this name. Raises ``Unsound``."""
    return parse_key(given if "+" in given else _read(Path(given), "the key").decode())


if __name__ == "__main__":
    sys.exit(main())
