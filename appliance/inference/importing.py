"""Makes a signed pack of an operator's files.

The operator describes the files; sizes, hashes and roles are added here::

    name = "studio"

    [[entry]]
    file = "inswapper_128.onnx"
    family = "inswapper"
    licence = "Non-Commercial"
    use = "non-commercial"           # any, non-commercial or research
    sha256 = "…"                     # optional: compared with what is there
    conversion = "none"              # optional
    [entry.source]
    registry = "GitHub"
    package = "deepinsight/insightface"
    version = "0.7"
    member = "inswapper_128.onnx"
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import tomli_w

from appliance.errors import ModelError, OutputError
from appliance.files.atomic import write_file
from appliance.inference import manifest
from appliance.inference.families import CONTRACTS, ROLES
from appliance.inference.graph import check_graph
from appliance.inference.manifest import Digest, FileName, Manifest, ModelEntry, Slug, Source, Text
from appliance.inference.pack import MANIFEST, MANIFEST_LIMIT, SIGNATURE, check_role, read_file
from appliance.inference.trust import Trust
from appliance.signatures.minisign import SecretKey

FILE_LIMIT = 2**31 - 1  # bytes: one protobuf message, and with it one ONNX file, ends below 2 GiB


class DraftEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator's description of one file."""

    file: FileName
    family: Slug
    licence: Text
    use: manifest.Use
    source: Source
    conversion: Text = "none"
    sha256: Digest | None = None


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator's description of a folder of files."""

    name: Slug
    entry: Annotated[tuple[DraftEntry, ...], msgspec.Meta(min_length=1, max_length=1000)]


def parse_draft(data: bytes) -> Draft:
    """The draft in ``data``, TOML. Raises ``ModelError``, whose message names the wrong key."""
    return manifest.decode(
        data,
        Draft,
        "The description of the models",
        "models/README.md shows one; every entry has file, family, licence, use and source.",
    )


def read_draft(path: Path) -> Draft:
    """The draft in the file ``path``. Raises ``ModelError`` if it is unreadable or malformed."""
    return parse_draft(read_file(path, "The description of the models", MANIFEST_LIMIT))


def examine(
    folder: Path, draft: Draft, trust: Trust, report: Callable[[str], None] = lambda _file: None
) -> Manifest:
    """The manifest of ``folder``, with every file hashed and every graph checked.

    ``report`` is called with the name of each file before it is read. Raises ``ModelError`` for the
    first file that is missing, differs from the draft, fails its checks, or has a licence that is
    not accepted.
    """
    entries = []
    for wanted in draft.entry:
        report(wanted.file)
        data = read_file(folder / wanted.file, wanted.file, FILE_LIMIT)
        found = hashlib.sha256(data).hexdigest()
        if wanted.sha256 not in (None, found):
            raise ModelError(
                f"{wanted.file} is not the file described: its SHA-256 is {found}.",
                "Obtain it again from its source, or correct the description.",
            )
        entry = ModelEntry(
            file=wanted.file,
            sha256=found,
            size=len(data),
            family=wanted.family,
            role=ROLES.get(wanted.family, "unknown"),
            licence=wanted.licence,
            use=wanted.use,
            conversion=wanted.conversion,
            source=wanted.source,
        )
        check_role(entry)
        trust.check_licences([entry])
        if contract := CONTRACTS.get(entry.family):
            check_graph(data, contract, entry.file)
        entries.append(entry)
    return Manifest(1, draft.name, tuple(entries))


def write_signed(folder: Path, found: Manifest, key: SecretKey, *, overwrite: bool) -> str:
    """Write the manifest and its signature into ``folder``; returns the manifest's SHA-256 in hex.

    Raises ``ModelError`` if the manifest would be refused when read back, and ``OutputError`` if it
    cannot be written, or exists and ``overwrite`` is false.
    """
    data = tomli_w.dumps(msgspec.to_builtins(found)).encode()
    manifest.parse(data)
    if not overwrite and (folder / MANIFEST).exists():
        raise OutputError("The folder already holds a manifest.", "To replace it, use --overwrite.")
    sign(folder, data, found.name, key)
    return hashlib.sha256(data).hexdigest()


def sign(folder: Path, data: bytes, name: str, key: SecretKey) -> None:
    """Write ``data`` as the manifest of ``folder``, signed by ``key``.

    A crash between the two files leaves a manifest whose signature does not match, which is
    refused. Raises ``OutputError`` if either cannot be written.
    """
    comment = f"model pack {name}, manifest SHA-256 {hashlib.sha256(data).hexdigest()}"
    replace_file(folder / MANIFEST, data)
    replace_file(folder / SIGNATURE, key.sign(data, comment).encode())


def replace_file(path: Path, data: bytes) -> None:
    """Replace the file ``path`` with ``data``, durably and atomically.

    Raises ``OutputError`` if that fails.
    """
    try:
        write_file(path, data, 0o644)
    except OSError as error:
        raise OutputError(
            f"{path.name} cannot be written: {error.strerror}.",
            "Check that the folder exists, is writable, and that its disk has room.",
        ) from error
