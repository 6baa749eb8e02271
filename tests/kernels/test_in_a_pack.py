"""A variant with custom operators runs only if it was made and signed with this library."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.inference import kernels
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
        "appliance.inference.forms.PRECISIONS", {"cpu": ("fp16-fused", "fp16", "fp32")}
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


def test_a_pack_with_it_verifies(folder: Path) -> None:
    opened(folder).verify()
