"""A pack of stand-ins that cost what the originals cost, with fp32 and fp16 variants."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import onnx

from appliance.inference import kernels
from appliance.inference.families import CONTRACTS
from appliance.inference.importing import write_signed
from appliance.inference.manifest import Manifest, ModelEntry, Precision, Source, Variant
from appliance.inference.minisign import SecretKey
from appliance.inference.optimize.fused import fuse, operators
from appliance.inference.optimize.half import to_half
from appliance.inference.optimize.rewrite import rewrite
from appliance.inference.optimize.variants import BOUNDS
from appliance.inference.pack import MANIFEST, ModelPack
from appliance.inference.trust import Trust
from tests.inference import standins

KEY = SecretKey(b"standins", bytes(range(32)))


def standin_pack(folder: Path, families: Sequence[str]) -> ModelPack:
    """The pack in ``folder``, made if it is not there.

    Its variants are not measured against their parents, which `appliance models optimize` does on
    a CPU in minutes: the bench measures each on the GPU itself.
    """
    if not (folder / MANIFEST).exists():
        folder.mkdir(parents=True, exist_ok=True)
        entries, variants = [], []
        for family in families:
            model = standins.model(family, "bench")
            entry = _entry(folder, family, model)
            wide, _ = rewrite(model)
            entries.append(entry)
            variants.append(_variant(folder, entry, "fp32", wide))
            variants.append(_variant(folder, entry, "fp16", to_half(wide)))
            fused = fuse(to_half(rewrite(model, fusing=True)[0]))
            if "StyledNorm" in operators(fused) and kernels.digest() is not None:
                variants.append(_variant(folder, entry, "fp16-fused", fused))
        found = Manifest(1, "standins", tuple(entries), tuple(variants))
        write_signed(folder, found, KEY, overwrite=True)
    return ModelPack.open(folder, Trust((KEY.public,)))


def _entry(folder: Path, family: str, model: onnx.ModelProto) -> ModelEntry:
    file, digest, size = _write(folder / f"{family}.onnx", model)
    return ModelEntry(
        file=file,
        sha256=digest,
        size=size,
        family=family,
        role=CONTRACTS[family].role,
        licence="MIT",
        use="any",
        conversion="none",
        source=Source("none", "standins", "1", file),
    )


def _variant(
    folder: Path, entry: ModelEntry, precision: Precision, model: onnx.ModelProto
) -> Variant:
    file, digest, size = _write(folder / f"{entry.family}.{precision}.onnx", model)
    bound = BOUNDS[precision]
    library = kernels.digest() if precision == "fp16-fused" else None
    return Variant(file, digest, size, entry.sha256, precision, True, bound, bound, 1, library)


def _write(path: Path, model: onnx.ModelProto) -> tuple[str, str, int]:
    data = model.SerializeToString()
    path.write_bytes(data)
    return path.name, hashlib.sha256(data).hexdigest(), len(data)
