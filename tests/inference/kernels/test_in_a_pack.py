"""A variant with custom operators runs only if it was made and signed with this library."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from appliance.errors import ModelError
from appliance.inference import kernels
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import check_graph
from appliance.inference.importing import write_signed
from appliance.inference.manifest import Manifest, ModelEntry, Precision, Source
from appliance.inference.optimize.write_manifest import write_manifest, write_variants
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import Trust
from tests.inference.optimize.graphs import generator, noise
from tests.inference.packs import KEY

FEED: dict[str, NDArray[np.float32]] = {
    "target": np.random.default_rng(0).random((1, 3, 128, 128), np.float32),
    "source": noise(1, 512) / np.float32(22),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of one generator, with its variants fp16-fused and fp16."""
    folder = tmp_path_factory.mktemp("pack")
    data = generator().SerializeToString()
    (folder / "drawn.onnx").write_bytes(data)
    entry = ModelEntry(
        file="drawn.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        family="inswapper",
        role="generator",
        licence="MIT",
        use="any",
        conversion="none",
        source=Source("none", "test", "1", "drawn.onnx"),
    )
    write_signed(folder, Manifest(1, "operator", (entry,)), KEY, overwrite=True)
    pack = opened(folder)
    precisions: tuple[Precision, ...] = ("fp16-fused", "fp16")
    made = write_variants(
        folder, pack, entry, [FEED], precisions, report=lambda *_: None, progress=lambda _: None
    )
    assert [variant.precision for variant in made] == list(precisions)
    write_manifest(folder, pack, made, KEY)
    return folder


def opened(folder: Path) -> ModelPack:
    return ModelPack.open(folder, Trust((KEY.public,)))


def drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.float32]:
    """Run as on a GPU, but with the kernels for the CPU."""
    monkeypatch.setattr(
        "appliance.inference.runtime.PRECISIONS", {"cpu": ("fp16-fused", "fp16", "fp32")}
    )
    network = Runtime(("cpu",)).load(opened(folder), "generator")
    return network.run(FEED["target"], source=FEED["source"])[0]


def test_it_runs_with_the_library_it_was_measured_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plain = Runtime(("cpu",)).load(opened(folder), "generator")
    (wanted,) = plain.run(FEED["target"], source=FEED["source"])
    found = drawn(folder, monkeypatch)
    assert not np.array_equal(found, wanted)
    assert np.linalg.norm(found - wanted) < 1e-2 * np.linalg.norm(wanted)
    assert not caplog.records


def test_with_another_library_a_plainer_form_runs_with_a_warning(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fused = drawn(folder, monkeypatch)
    other = tmp_path / "libfused.so"
    other.write_bytes(kernels.LIBRARY.read_bytes() + b"\0")
    monkeypatch.setattr(kernels, "LIBRARY", other)
    plain = drawn(folder, monkeypatch)
    assert not np.array_equal(plain, fused)
    assert np.linalg.norm(plain - fused) < 1e-2 * np.linalg.norm(fused)
    (record,) = caplog.records
    assert "not built here" in record.getMessage()
    assert str(tmp_path) not in record.getMessage()


def test_only_the_signed_manifest_allows_custom_operators(folder: Path) -> None:
    data = (folder / "drawn.fp16-fused.onnx").read_bytes()
    contract = CONTRACTS["inswapper"]
    assert check_graph(data, contract, "drawn.onnx", fused=True).batched
    with pytest.raises(ModelError, match=r"custom domain 'face\.appliance'"):
        check_graph(data, contract, "drawn.onnx")
    model = onnx.ModelProto.FromString(data)
    next(node for node in model.graph.node if node.op_type == "PadUpsample").op_type = "Launch"
    with pytest.raises(ModelError, match="custom domain"):
        check_graph(model.SerializeToString(), contract, "drawn.onnx", fused=True)


@pytest.mark.parametrize(("precision", "bound"), [("fp16", True), ("fp16-fused", False)])
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


def test_a_pack_with_it_verifies(folder: Path) -> None:
    opened(folder).verify()
