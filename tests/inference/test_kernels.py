"""Variants that need a compiled library, where none was compiled: any file stands in for it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest

from appliance.errors import ModelError
from appliance.inference import kernels
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import check_graph
from appliance.inference.importing import write_signed
from appliance.inference.manifest import Manifest, ModelEntry, Precision, Source, Variant
from appliance.inference.optimize.float16 import to_float16
from appliance.inference.optimize.fused import fuse
from appliance.inference.optimize.rewrite import rewrite
from appliance.inference.optimize.write_manifest import write_manifest
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import Trust
from tests.inference.optimize.graphs import generator, noise
from tests.inference.packs import KEY

FUSED: Precision = "fp16-fused"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "libfused.so"
    path.write_bytes(b"compiled elsewhere")
    monkeypatch.setattr(kernels, "LIBRARY", path)
    return path


@pytest.fixture
def folder(tmp_path: Path, library: Path) -> Path:
    """A pack of one generator with the variants fp16-fused, for ``library``, and fp16."""
    folder = tmp_path / "pack"
    folder.mkdir()
    model = generator()
    data = _write(folder / "drawn.onnx", model)
    digest = hashlib.sha256(data).hexdigest()
    entry = ModelEntry(
        file="drawn.onnx",
        sha256=digest,
        size=len(data),
        family="inswapper",
        role="generator",
        licence="MIT",
        use="any",
        conversion="none",
        source=Source("none", "test", "1", "drawn.onnx"),
    )
    forms: dict[Precision, onnx.ModelProto] = {
        FUSED: fuse(to_float16(rewrite(model, fusing=True)[0])),
        "fp16": to_float16(rewrite(model)[0]),
    }
    variants = []
    for precision, form in forms.items():
        file = f"drawn.{precision}.onnx"
        made = _write(folder / file, form)
        bound = hashlib.sha256(library.read_bytes()).hexdigest() if precision == FUSED else None
        named = hashlib.sha256(made).hexdigest()
        variants.append(
            Variant(file, named, len(made), digest, precision, True, 1e-3, 1e-2, 1, bound)
        )
    write_signed(folder, Manifest(1, "operator", (entry,), tuple(variants)), KEY, overwrite=True)
    return folder


def _write(path: Path, model: onnx.ModelProto) -> bytes:
    data = model.SerializeToString()
    path.write_bytes(data)
    return data


def opened(folder: Path) -> ModelPack:
    return ModelPack.open(folder, Trust((KEY.public,)))


def test_only_the_library_that_was_measured_is_used(library: Path) -> None:
    digest = kernels.digest()
    assert digest is not None
    assert kernels.verified(digest) == library
    assert kernels.verified("0" * 64) is None
    library.unlink()
    assert kernels.digest() is None
    assert kernels.verified(digest) is None


@pytest.mark.parametrize("change", ["another", "none"])
def test_without_that_library_a_plainer_form_runs_and_a_warning_says_so(
    change: str,
    folder: Path,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("appliance.inference.forms.PRECISIONS", {"cpu": (FUSED, "fp16", "fp32")})
    if change == "another":
        library.write_bytes(b"compiled again")
    else:
        library.unlink()
    pack = opened(folder)
    network = Runtime(("cpu",)).load(pack, "generator")
    monkeypatch.setattr("appliance.inference.forms.PRECISIONS", {"cpu": ("fp16",)})
    plain = Runtime(("cpu",)).load(pack, "generator")
    target = np.random.default_rng(0).random((1, 3, 128, 128), np.float32)
    source = noise(1, 512) / np.float32(22)
    found, wanted = (one.run(target, source=source)[0] for one in (network, plain))
    assert np.array_equal(found, wanted)
    (record,) = caplog.records
    assert "not built here" in record.getMessage()
    assert str(folder.parent) not in record.getMessage()


def test_only_a_signed_variant_may_hold_our_operators(folder: Path) -> None:
    data = (folder / f"drawn.{FUSED}.onnx").read_bytes()
    contract = CONTRACTS["inswapper"]
    assert check_graph(data, contract, "drawn.onnx", fused=True).batched
    with pytest.raises(ModelError, match=r"custom domain 'face\.appliance'"):
        check_graph(data, contract, "drawn.onnx")
    model = onnx.ModelProto.FromString(data)
    next(n for n in model.graph.node if n.domain == kernels.DOMAIN).op_type = "Launch"
    with pytest.raises(ModelError, match="custom domain"):
        check_graph(model.SerializeToString(), contract, "drawn.onnx", fused=True)


@pytest.mark.parametrize(("precision", "bound"), [("fp16", True), (FUSED, False)])
def test_a_manifest_names_the_library_where_there_is_one(
    folder: Path, tmp_path: Path, precision: str, bound: bool
) -> None:
    pack = opened(folder)
    variants = [
        msgspec.structs.replace(variant, kernels="0" * 64 if bound else None)
        if variant.precision == precision
        else variant
        for variant in pack.variants
    ]
    with pytest.raises(ModelError, match="not of the operators it names"):
        write_manifest(tmp_path, pack, variants, KEY)
    write_manifest(tmp_path, pack, pack.variants, KEY)


def test_a_pack_with_such_a_variant_verifies(folder: Path) -> None:
    opened(folder).verify()
