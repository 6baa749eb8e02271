from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.errors import OutputError
from appliance.inference import tuning
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import Trust
from appliance.inference.tuning import FILE, LIMIT, Setting, Tuning
from tests.inference.packs import KEY, write_standins

PACK, OTHER = "ab" * 32, "cd" * 32
FOUND = Setting(threads=1, batch=4, ms=2.5)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / FILE
    Tuning().with_settings(PACK, "cpu", {"identity": FOUND}).write(path)
    return path


def test_only_the_settings_that_were_stored_are_found(kept: Path) -> None:
    read = Tuning.read(kept)
    assert read.setting(PACK, "cpu", "identity") == FOUND
    assert read.setting(PACK, "cpu", "generator") is None
    assert read.setting(PACK, "cuda", "identity") is None
    assert read.setting(OTHER, "cpu", "identity") is None


def test_a_second_pack_and_provider_leave_the_first_as_it_was(kept: Path) -> None:
    slower = Setting(threads=2, batch=1, ms=9.0)
    more = Tuning.read(kept).with_settings(OTHER, "cpu", {"identity": slower})
    more.with_settings(PACK, "openvino", {"identity": slower}).write(kept)
    read = Tuning.read(kept)
    assert read.setting(PACK, "cpu", "identity") == FOUND
    assert read.setting(PACK, "openvino", "identity") == slower
    assert read.setting(OTHER, "cpu", "identity") == slower


def test_a_new_measurement_replaces_the_old_one(kept: Path) -> None:
    Tuning.read(kept).with_settings(PACK, "cpu", {"generator": FOUND}).write(kept)
    assert Tuning.read(kept).setting(PACK, "cpu", "identity") is None


def test_settings_of_another_machine_are_ignored(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "machine", lambda: "another processor")
    assert Tuning.read(kept).setting(PACK, "cpu", "identity") is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"threads": 1', '"threads": 100000'),
        lambda text: text.replace('"batch": 4', '"batch": 0'),
        lambda text: text.replace('"ms"', '"path"'),
        lambda text: text[:-20],
        lambda text: text + " " * LIMIT,
    ],
)
def test_a_malformed_file_is_ignored(kept: Path, spoil: object) -> None:
    assert callable(spoil)
    kept.write_text(spoil(kept.read_text()))
    assert Tuning.read(kept).setting(PACK, "cpu", "identity") is None


def test_without_a_file_there_are_no_settings(tmp_path: Path) -> None:
    assert Tuning.read(tmp_path / FILE).setting(PACK, "cpu", "identity") is None


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        Tuning().write(tmp_path / "not there" / FILE)


@pytest.fixture
def operators(tmp_path: Path) -> ModelPack:
    """A pack of two networks, one of them batched."""
    write_standins(tmp_path, "arcface", batched=True)
    return ModelPack.open(tmp_path, Trust((KEY.public,)))


@pytest.mark.parametrize(("given", "threads", "batch"), [(None, 3, 4), (2, 2, 1)])
def test_a_network_runs_as_measured_unless_the_caller_says_how(
    operators: ModelPack,
    given: int | None,
    threads: int,
    batch: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Tuning().with_settings(operators.digest, "cpu", {"identity": Setting(3, 4, 1.0)})
    runtime = Runtime(("cpu",), given, tuning=found)
    given_threads: list[int] = []
    real = runtime._session

    def session(data: bytes, providers: tuple[str, ...], count: int, **others: Any) -> object:
        given_threads.append(count)
        return real(data, providers, count, **others)

    monkeypatch.setattr(runtime, "_session", session)
    assert runtime.load(operators, "identity").batch == batch
    assert given_threads == [threads]


def test_in_latency_mode_networks_run_one_sample_at_a_time(operators: ModelPack) -> None:
    found = Tuning().with_settings(operators.digest, "cpu", {"identity": Setting(3, 4, 1.0)})
    loaded = [
        Runtime(("cpu",), tuning=found, max_batch=largest).load(operators, "identity").batch
        for largest in (None, 1, 8)
    ]
    assert loaded == [4, 1, 4]


def test_a_network_that_is_not_batched_has_a_batch_of_one(tmp_path: Path) -> None:
    write_standins(tmp_path, "arcface")
    pack = ModelPack.open(tmp_path, Trust((KEY.public,)))
    found = Tuning().with_settings(pack.digest, "cpu", {"identity": Setting(1, 8, 1.0)})
    assert Runtime(("cpu",), tuning=found).load(pack, "identity").batch == 1
