"""A pack of stand-ins that cost what the originals cost, with variants."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import onnx

from appliance.inference import kernels
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import check_graph
from appliance.inference.importing import write_signed
from appliance.inference.manifest import Manifest, ModelEntry, Precision, Source, Variant
from appliance.inference.optimize.float16 import to_float16
from appliance.inference.optimize.fused import custom_operators, fuse
from appliance.inference.optimize.quantize import ENDS, OPERATORS, to_int8
from appliance.inference.optimize.ranges import observe
from appliance.inference.optimize.rewrite import rewrite
from appliance.inference.optimize.variants import BOUNDS
from appliance.inference.pack import MANIFEST, ModelPack
from appliance.inference.trust import Trust
from appliance.pipeline.analysis.calibration import FaceSample, calibration_inputs
from appliance.signatures.minisign import SecretKey
from tests.inference import standins

KEY = SecretKey(b"standins", bytes(range(32)))


def standin_pack(
    folder: Path,
    families: Sequence[str],
    precisions: Sequence[Precision] = ("fp32", "fp16", "fp16-fused"),
    samples: Sequence[FaceSample] = (),
) -> ModelPack:
    """The pack in ``folder``, made if it is not there; ``samples``: what INT8 is calibrated on.

    Its variants are not held to a bound, as `appliance models optimize` does in minutes: the
    benches measure each against its parent themselves, and show what was refused too.
    """
    if not (folder / MANIFEST).exists():
        folder.mkdir(parents=True, exist_ok=True)
        entries, variants = [], []
        for family in families:
            model = standins.model(family, "bench")
            entry = _entry(folder, family, model)
            entries.append(entry)
            for precision in precisions:
                made = _made(model, entry, precision, samples)
                if made is not None:
                    variants.append(_variant(folder, entry, precision, made))
        found = Manifest(1, "standins", tuple(entries), tuple(variants))
        write_signed(folder, found, KEY, overwrite=True)
    return ModelPack.open(folder, Trust((KEY.public,)))


def _made(
    model: onnx.ModelProto, entry: ModelEntry, precision: Precision, samples: Sequence[FaceSample]
) -> onnx.ModelProto | None:
    """The variant of ``model``; ``None`` for operators of ours where there are none for it."""
    if precision == "fp16-fused":
        fused = fuse(to_float16(rewrite(model, fusing=True)[0]))
        useful = "StyledNorm" in custom_operators(fused) and kernels.digest() is not None
        return fused if useful else None
    wide, _ = rewrite(model)
    if precision == "int8":
        tensors = check_graph(wide.SerializeToString(), CONTRACTS[entry.family], entry.file)
        return to_int8(
            wide, observe(wide, calibration_inputs(samples, tensors), OPERATORS).usual(), ENDS[0]
        )
    return to_float16(wide) if precision == "fp16" else wide


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
