from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import ModelError
from appliance.inference.ort import ort
from appliance.inference.session import PROVIDERS, Runtime
from appliance.inference.tensorrt import LIST, EngineCache

HERE, ELSEWHERE = "H100, driver 580", "H100, driver 590"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as provisioning leaves it."""
    cache = EngineCache.open(tmp_path, HERE)
    (tmp_path / "swapper.engine").write_bytes(b"engine")
    (tmp_path / "swapper.timing").write_bytes(b"timing")
    cache.close()
    return tmp_path


@pytest.mark.parametrize("sealed", [False, True])
def test_what_was_built_here_is_believed(built: Path, sealed: bool) -> None:
    cache = EngineCache.open(built, HERE, sealed=sealed)
    assert cache.options(1)["trt_engine_cache_path"] == str(built)
    assert cache.options(1)["device_id"] == "1"
    cache.close()
    assert (built / "swapper.engine").read_bytes() == b"engine"


@pytest.mark.parametrize("spoil", ["altered", "added", "removed", "list"])
def test_what_was_touched_since_is_refused(built: Path, spoil: str) -> None:
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


def test_another_driver_has_them_built_again(built: Path) -> None:
    EngineCache.open(built, ELSEWHERE)
    assert not any(built.iterdir())


def test_another_driver_is_an_error_where_nothing_may_be_built(built: Path) -> None:
    with pytest.raises(ModelError, match="another GPU or driver"):
        EngineCache.open(built, ELSEWHERE, sealed=True)
    assert (built / "swapper.engine").exists()


def test_a_sealed_run_that_built_something_is_found_out(built: Path) -> None:
    cache = EngineCache.open(built, HERE, sealed=True)
    (built / "new.engine").write_bytes(b"engine")
    with pytest.raises(ModelError):
        cache.close()


def test_without_a_place_for_engines_tensorrt_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", PROVIDERS.values)
    monkeypatch.setattr(Runtime, "_works", lambda _self, name, _probe: name in {"tensorrt", "cpu"})
    assert Runtime().providers == ("cpu",)
    engines = EngineCache.open(tmp_path, HERE)
    assert Runtime(engines=engines).providers == ("tensorrt", "cpu")
