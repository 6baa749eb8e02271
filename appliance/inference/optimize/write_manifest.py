"""Writes variants into a pack's folder and its signed manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import onnx
import tomli_w

from appliance.inference import manifest
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import accept_graph
from appliance.inference.importing import replace_file, sign
from appliance.inference.manifest import Manifest, ModelEntry, Precision, Variant
from appliance.inference.optimize.ranges import Feed
from appliance.inference.optimize.variants import BOUNDS, Candidate, build
from appliance.inference.pack import ModelPack
from appliance.signatures.minisign import SecretKey


def write_variants(
    folder: Path,
    pack: ModelPack,
    entry: ModelEntry,
    feeds: Sequence[Feed],
    precisions: Sequence[Precision],
    *,
    report: Callable[[ModelEntry, Candidate], None],
    progress: Callable[[str], None] = lambda _step: None,
) -> list[Variant]:
    """Build the variants of ``entry`` on ``feeds`` and write those that are accepted.

    ``report`` is called with every candidate, ``progress`` with each step that begins. Raises
    ``ModelError`` for a file that is not as the manifest says or is refused by ``accept_graph``,
    ``OutputError`` if writing fails.
    """
    contract = CONTRACTS[entry.family]
    accepted = accept_graph(pack.read(entry.role), contract, entry.file)
    parent = onnx.ModelProto.FromString(accepted.data)
    written = []
    for candidate in build(parent, feeds, precisions, progress):
        report(entry, candidate)
        if not candidate.accepted:
            continue
        data = candidate.model.SerializeToString()
        file = f"{Path(entry.file).stem}.{candidate.precision}.onnx"
        replace_file(folder / file, data)
        written.append(
            Variant(
                file=file,
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
                parent=entry.sha256,
                precision=candidate.precision,
                batched=candidate.batched,
                error=candidate.error,
                bound=BOUNDS[candidate.precision],
                samples=len(feeds),
                kernels=candidate.kernels,
            )
        )
    return written


def write_manifest(
    folder: Path, pack: ModelPack, variants: Sequence[Variant], key: SecretKey
) -> str:
    """Write and sign the pack's manifest with ``variants`` added; returns its SHA-256 in hex.

    They replace those listed for the same parent and precision. Raises ``OutputError`` if writing
    fails.
    """
    fresh = {(variant.parent, variant.precision) for variant in variants}
    kept = [v for v in pack.variants if (v.parent, v.precision) not in fresh]
    whole = Manifest(1, pack.name, pack.entries, (*kept, *variants))
    data = tomli_w.dumps(msgspec.to_builtins(whole)).encode()
    manifest.parse(data)
    sign(folder, data, pack.name, key)
    return hashlib.sha256(data).hexdigest()
