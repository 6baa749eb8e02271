from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.cli.main import appliance
from appliance.errors import ModelError
from appliance.inference import kernels
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import Trust
from appliance.inference.tuning import FILE, Setting, Tuning
from tests.inference.packs import KEY, write_policy, write_standins


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text(KEY.text(None))
    write_policy(tmp_path / "policy.yaml")
    return write_standins(tmp_path / "pack", "inswapper", "arcface")


def optimise(folder: Path, portraits: Mapping[str, Path], *arguments: str) -> str:
    command = ["models", "optimize", str(folder), "--key", str(folder.parent / "key")]
    command += ["--crops", str(portraits["person_b_1"]), *arguments]
    command += ["--policy", str(folder.parent / "policy.yaml")]
    return CliRunner().invoke(appliance, command, catch_exceptions=False).output


def opened(folder: Path) -> ModelPack:
    return ModelPack.open(folder, Trust((KEY.public,)))


def test_a_pack_gets_variants_that_are_signed_and_run(
    folder: Path, portraits: Mapping[str, Path]
) -> None:
    output = optimise(folder, portraits)
    pack = opened(folder)
    made = {(variant.file.partition(".")[0], variant.precision) for variant in pack.variants}
    assert output.count("kept") == len(made)
    # The tiny generator has no convolution and no product: there is nothing to quantise.
    assert made == {("arcface", "int8")} | {
        (network, precision)
        for network in ("inswapper", "arcface")
        for precision in ("fp32", "fp16")
    }
    pack.verify()
    parents = {entry.sha256 for entry in pack.entries}
    assert {variant.parent for variant in pack.variants} == parents
    assert all(variant.error <= variant.bound and variant.samples == 1 for variant in pack.variants)
    card = CliRunner().invoke(appliance, ["models", "show", "--models", str(folder)]).output
    assert card.count("  variant") == len(pack.variants)
    network = Runtime(("cpu",), threads=1).load(pack, "generator")
    assert network.tensors.batched  # the parent is not: the variant was taken
    assert network.tensors.matrix is not None
    words = ["models", "bench", "--models", str(folder), "--provider", "cpu"]
    measured = CliRunner().invoke(appliance, words).output
    generator, recogniser = (line.split()[2] for line in measured.splitlines()[1:])
    assert (generator, recogniser) == ("fp32", "int8")


def test_a_variant_made_again_replaces_the_old_one(
    folder: Path, portraits: Mapping[str, Path]
) -> None:
    for _ in range(2):
        optimise(folder, portraits, "--precision", "fp32", "--role", "identity")
    assert [variant.file for variant in opened(folder).variants] == ["arcface.fp32.onnx"]


def test_only_changed_networks_are_measured_again(
    folder: Path, portraits: Mapping[str, Path], state_folder: Path
) -> None:
    path, provider = state_folder / "face-appliance" / FILE, Runtime().providers[0]
    path.parent.mkdir(exist_ok=True)
    old = {role: Setting(threads=1, batch=1, ms=42.0) for role in ("generator", "identity")}
    Tuning.read(path).with_settings(opened(folder).digest, provider, old).write(path)
    optimise(folder, portraits, "--precision", "fp32", "--role", "identity")
    now, digest = Tuning.read(path), opened(folder).digest
    assert now.setting(digest, provider, "generator") == old["generator"]
    assert now.setting(digest, provider, "identity") not in (None, old["identity"])


def test_an_altered_variant_is_refused(folder: Path, portraits: Mapping[str, Path]) -> None:
    optimise(folder, portraits, "--precision", "fp32", "--role", "identity")
    path = folder / "arcface.fp32.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="altered"):
        Runtime(("cpu",), threads=1).load(opened(folder), "identity")
    Runtime(("cpu",), threads=1).load(opened(folder), "generator")  # which was left alone


def test_without_photos_or_key_nothing_is_written(folder: Path) -> None:
    before = (folder / "manifest.toml").read_bytes()
    result = CliRunner().invoke(appliance, ["models", "optimize", str(folder)])
    assert result.exit_code != 0
    assert (folder / "manifest.toml").read_bytes() == before


def test_a_precision_whose_kernels_are_not_compiled_is_refused(
    folder: Path, portraits: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("--precision", "fp16-fused", "--role", "generator")
    library = folder / "libfused.so"
    library.write_bytes(b"never loaded: the stand-in has nothing that our operators could replace")
    monkeypatch.setattr(kernels, "LIBRARY", library)
    assert "signed by" in optimise(folder, portraits, *asked)
    library.unlink()
    assert "make cuda" in optimise(folder, portraits, *asked)


def test_trtexec_gets_batch_shapes_of_batched_networks(
    folder: Path, portraits: Mapping[str, Path]
) -> None:
    optimise(folder, portraits, "--precision", "fp32", "--role", "identity")
    swapper, recogniser = optimise(folder, portraits, "--print-trtexec").splitlines()
    assert "--onnx=inswapper.onnx" in swapper
    assert "Shapes" not in swapper  # as published, one at a time
    assert "--onnx=arcface.fp32.onnx" in recogniser
    assert "--maxShapes=input:32x3x112x112" in recogniser
