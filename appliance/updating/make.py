"""Makes a bundle of an image's files, where the image is built."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
import rfc8785

from appliance.errors import InputError
from appliance.files.output import OutputFile, PendingOutput
from appliance.files.read import open_regular
from appliance.files.reasons import reason_of
from appliance.signatures.minisign import SecretKey
from appliance.updating.bundle import PAGE, Header, Part, Parts, Progress, lead_of
from appliance.updating.uki import UkiFacts

_CHUNK = 1 << 20
# veritysetup's header: "verity", version, hash type, uuid, algorithm, block sizes, blocks, salt.
_VERITY = struct.Struct("<8sII16s32sIIQH6x256s")


@dataclass(frozen=True, slots=True)
class Image:
    """What is in a bundle; see ``bundle.Header``."""

    image: str
    version: str
    number: int
    root_hash: str


def facts_of(uki: Path, verity: Path, number: int, version: str) -> Image:
    """What the kernel image says, compared with the tree of hashes and with ``version``.

    Raises ``InputError`` if they do not belong together.
    """
    with _opened(uki) as kernel, _opened(verity) as tree:
        facts = UkiFacts.read(kernel)
        if facts.version != version:
            raise InputError(
                "The kernel image is of another version.", "Give the version that is in it."
            )
        if _root_hash(tree) != facts.root_hash:
            raise InputError(
                "The kernel image starts another root file system than this one.",
                "Give the three files of one build.",
            )
    return Image(facts.image, version, number, facts.root_hash)


def write_bundle(
    path: Path,
    image: Image,
    files: tuple[Path, Path, Path],
    key: SecretKey,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Header:
    """Write the bundle of ``files`` (root, verity, kernel image) to ``path``, signed by ``key``.

    Raises ``InputError`` or ``OutputError``.
    """
    with ExitStack() as stack:
        opened = [stack.enter_context(_opened(file)) for file in files]
        parts = Parts(*(_part(file) for file in opened))
        header = Header(image.image, image.version, image.number, image.root_hash, parts)
        raw = rfc8785.dumps(msgspec.to_builtins(header))
        try:
            msgspec.json.decode(raw, type=Header)
        except msgspec.ValidationError as error:
            raise InputError(
                "The update cannot be described: its version, number or root hash is malformed.",
                "A version is like 0.2.0, a number is 1 or more.",
            ) from error
        trusted = f"face-appliance update {header.version} number {header.number}"
        output = stack.enter_context(PendingOutput(path, overwrite=overwrite))
        output.file.write(lead_of(raw, key.sign(raw, trusted).encode()))
        _append(output.file, opened, parts, progress)
        output.commit()
    return header


def _append(
    output: OutputFile, files: Sequence[BinaryIO], parts: Parts, progress: Progress | None
) -> None:
    total = sum(part.size for part in (parts.root, parts.verity, parts.uki))
    done = 0
    for number, (file, part) in enumerate(
        zip(files, (parts.root, parts.verity, parts.uki), strict=True)
    ):
        file.seek(0)
        digest, size = hashlib.sha256(), 0
        while piece := file.read(_CHUNK):
            output.write(piece)
            digest.update(piece)
            size += len(piece)
            done += len(piece)
            if progress is not None:
                progress(done, total)
        if digest.hexdigest() != part.sha256:
            raise InputError("A file of the image changed while it was read.", "Try again.")
        if number < len(files) - 1:
            output.write(bytes(-size % PAGE))


def _part(file: BinaryIO) -> Part:
    digest, size = hashlib.sha256(), 0
    while piece := file.read(_CHUNK):
        digest.update(piece)
        size += len(piece)
    return Part(size, digest.hexdigest())


def _root_hash(tree: BinaryIO) -> str:
    """The root hash of a tree: that of its first block of hashes (dm-verity, hash format 1)."""
    raw = tree.read(_VERITY.size)
    if len(raw) < _VERITY.size:
        raise _no_tree()
    magic, _, kind, _, algorithm, _, block, _, salt_size, salt = _VERITY.unpack(raw)
    if magic != b"verity\0\0" or kind != 1 or algorithm.rstrip(b"\0") != b"sha256":
        raise _no_tree()
    if block not in (512, 1024, 2048, 4096) or salt_size > len(salt):
        raise _no_tree()
    tree.seek(block)
    top = tree.read(block)
    return hashlib.sha256(salt[:salt_size] + top).hexdigest()


def _opened(path: Path) -> BinaryIO:
    try:
        return open_regular(path)
    except OSError as error:
        reason = reason_of(error)
        raise InputError(
            f"A file of the image cannot be read: {reason.why}.", reason.hint
        ) from error


def _no_tree() -> InputError:
    return InputError(
        "This is no tree of hashes of dm-verity with SHA-256.", "Give veritysetup's hash file."
    )
