from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import ModelError
from appliance.inference.contract import ImageInput, VectorInput
from appliance.inference.ort import ort
from appliance.inference.runtime import Runtime
from appliance.inference.session import PROVIDERS
from appliance.inference.tensorrt import LIST, EngineCache

HERE, ELSEWHERE = "H100, driver 580", "H100, driver 590"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder of engines as provisioning leaves it."""
    cache = EngineCache.open(tmp_path, HERE)
    (tmp_path / "swapper.engine").write_bytes(b"engine")
    (tmp_path / "swapper.timing").write_bytes(b"timing")
    cache.close()
    return tmp_path


@pytest.mark.parametrize("sealed", [False, True])
def test_engines_built_here_are_accepted(built: Path, sealed: bool) -> None:
    cache = EngineCache.open(built, HERE, sealed=sealed)
    assert cache.options()["trt_engine_cache_path"] == str(built)
    assert cache.options(device=1)["device_id"] == "1"
    cache.close()
    assert (built / "swapper.engine").read_bytes() == b"engine"


@pytest.mark.parametrize("spoil", ["altered", "added", "removed", "list"])
def test_altered_engines_are_refused(built: Path, spoil: str) -> None:
    path = built / "swapper.engine"
    if spoil == "altered":
        path.write_bytes(b"evil!!")
    elif spoil == "added":
        (built / "other.engine").write_bytes(b"engine")
    elif spoil == "removed":
        path.unlink()
    else:
        (built / LIST).write_bytes(b"{}")
    with pytest.raises(ModelError):
        EngineCache.open(built, HERE)


def test_engines_without_a_list_are_refused(built: Path) -> None:
    (built / LIST).unlink()
    with pytest.raises(ModelError, match="never listed"):
        EngineCache.open(built, HERE)


def test_engines_of_another_driver_are_built_again(built: Path) -> None:
    EngineCache.open(built, ELSEWHERE)
    assert not any(built.iterdir())


def test_engines_of_another_driver_are_an_error_in_a_sealed_run(built: Path) -> None:
    with pytest.raises(ModelError, match="another GPU or driver"):
        EngineCache.open(built, ELSEWHERE, sealed=True)
    assert (built / "swapper.engine").exists()


def test_a_sealed_run_that_built_an_engine_is_detected(built: Path) -> None:
    cache = EngineCache.open(built, HERE, sealed=True)
    (built / "new.engine").write_bytes(b"engine")
    with pytest.raises(ModelError):
        cache.close()


def test_engines_are_built_for_the_batches_that_are_run() -> None:
    face = ImageInput("input", (112, 112))
    options = EngineCache(Path(), HERE).options([face, VectorInput("source", (1, 512))])
    assert options["trt_profile_min_shapes"] == "input:1x3x112x112,source:1x512"
    assert options["trt_profile_max_shapes"] == "input:32x3x112x112,source:32x512"
    assert "trt_profile_min_shapes" not in EngineCache(Path(), HERE).options()


def test_a_run_finds_only_engines_of_this_machine(built: Path, tmp_path: Path) -> None:
    found = EngineCache.find(built, HERE, needed=False)
    assert found is not None
    assert found.sealed
    assert EngineCache.find(built, ELSEWHERE, needed=False) is None
    assert EngineCache.find(tmp_path / "none", HERE, needed=False) is None
    for folder, where in ((built, ELSEWHERE), (tmp_path / "none", HERE)):
        with pytest.raises(ModelError):
            EngineCache.find(folder, where, needed=True)


@pytest.mark.parametrize("needed", [False, True])
def test_a_run_refuses_altered_engines_even_if_it_needs_none(built: Path, needed: bool) -> None:
    (built / "swapper.engine").write_bytes(b"evil!!")
    with pytest.raises(ModelError, match="altered"):
        EngineCache.find(built, HERE, needed=needed)


def test_building_again_discards_altered_engines(built: Path) -> None:
    assert EngineCache.for_building(built, HERE).folder == built
    assert (built / "swapper.engine").exists()
    (built / "swapper.engine").write_bytes(b"evil!!")
    EngineCache.for_building(built, HERE).close()
    assert [path.name for path in built.iterdir()] == [LIST]


def test_tensorrt_is_left_out_without_a_folder_for_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", PROVIDERS.values)
    monkeypatch.setattr(Runtime, "_works", lambda _self, name, _probe: name in {"tensorrt", "cpu"})
    assert Runtime().providers == ("cpu",)
    engines = EngineCache.open(tmp_path, HERE)
    assert Runtime(engines=engines).providers == ("tensorrt", "cpu")
