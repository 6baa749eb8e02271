"""TensorRT's engines from the command line. The library is not here: a double builds files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from appliance.inference import runtime, tensorrt
from appliance.inference.ort import ort
from appliance.inference.runtime import Runtime
from appliance.inference.session import PROVIDERS, make_session
from tests.cli.conftest import Call
from tests.paths import REPOSITORY

Providers = Mapping[str, Mapping[str, str]]


class Double:
    """A session on the CPU that says it is TensorRT's, and keeps an engine as that does."""

    def __init__(self, data: bytes, threads: int, given: Mapping[str, str]) -> None:
        engine = Path(given["trt_engine_cache_path"], f"{hashlib.sha256(data).hexdigest()}.engine")
        if not engine.exists():
            engine.write_bytes(b"engine")
        self._real = MAKE(data, threads, {"cpu": {}})

    def get_providers(self) -> list[str]:
        return [PROVIDERS["tensorrt"]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


MAKE = make_session


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The driver's version, to be changed by a test, of a machine with TensorRT."""
    version = ["580"]

    def make(data: bytes, threads: int, providers: Providers, library: Path | None) -> object:
        if "tensorrt" in providers:
            return Double(data, threads, providers["tensorrt"])
        return MAKE(data, threads, providers, library)

    monkeypatch.setattr(ort, "get_available_providers", PROVIDERS.values)
    monkeypatch.setattr(Runtime, "_works", lambda _self, name, _probe: name in {"tensorrt", "cpu"})
    monkeypatch.setattr(runtime, "make_session", make)
    monkeypatch.setattr(tensorrt, "gpus", lambda: f"driver {version[0]}")
    return version


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where they are kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "face-appliance" / "engines"


@pytest.fixture
def words(people: Mapping[str, Path], folder: Path) -> tuple[str | Path, ...]:
    """Of a swap."""
    result = folder / "result.png"
    shown = ("--source", people["a"], "--target", people["c"], "--output", result)
    return "swap", *shown, "--overwrite", "--json"


@pytest.fixture
def built(call: Call, driver: list[str], engines: Path, starter: Path) -> Path:
    """Engines of the starter pack."""
    assert driver
    assert call("models", "optimize", starter, "--engines").code == 0
    return engines


@pytest.fixture
def starter() -> Path:
    return REPOSITORY / "models" / "starter"


def test_a_swap_runs_on_the_engines_that_were_built(
    built: Path, call: Call, words: tuple[str, ...]
) -> None:
    there = sorted(built.iterdir())
    assert call(*words, "--provider", "tensorrt").json["provider"] == "tensorrt"
    assert call(*words).json["provider"] == "tensorrt"  # the best that works
    assert sorted(built.iterdir()) == there


@pytest.mark.usefixtures("driver", "engines")
def test_without_engines_tensorrt_is_skipped_or_refused(call: Call, words: tuple[str, ...]) -> None:
    assert call(*words).json["provider"] == "cpu"
    refused = call(*words, "--provider", "tensorrt")
    assert refused.code == 5
    assert "--engines" in refused.err


def test_an_altered_engine_is_refused_requested_or_not(
    built: Path, call: Call, words: tuple[str, ...], starter: Path
) -> None:
    next(built.glob("*.engine")).write_bytes(b"evil!!")
    assert call(*words).code == call(*words, "--provider", "tensorrt").code == 5
    assert call(*words, "--provider", "cpu").code == 0
    assert call("models", "optimize", starter, "--engines").code == 0
    assert call(*words).json["provider"] == "tensorrt"


def test_after_a_driver_update_engines_must_be_rebuilt(
    built: Path, call: Call, words: tuple[str, ...], driver: list[str], starter: Path
) -> None:
    old = {path.name: path.stat().st_mtime_ns for path in built.glob("*.engine")}
    driver[0] = "590"
    assert call(*words).json["provider"] == "cpu"
    assert call(*words, "--provider", "tensorrt").code == 5
    assert call("models", "optimize", starter, "--engines").code == 0
    assert call(*words).json["provider"] == "tensorrt"
    new = {path.name: path.stat().st_mtime_ns for path in built.glob("*.engine")}
    assert new.keys() == old.keys()
    assert all(new[name] > old[name] for name in old)


@pytest.mark.usefixtures("engines")
def test_without_tensorrt_no_engines_are_built(call: Call, starter: Path) -> None:
    assert call("models", "optimize", starter, "--engines").code == 6
