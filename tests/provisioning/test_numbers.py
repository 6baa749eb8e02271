"""With a software TPM and Debian's tpm2-tools: no disk, old or empty, lets an old bundle in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.errors import TpmError
from appliance.provisioning.numbers import COUNTER, DIFFERENCE, LONGEST_STEP, Numbers
from appliance.provisioning.refusal import RefusedError
from tests.provisioning.site import ANNA, BEN, Machine, bundle


def refused(machine: Machine, data: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        machine.start_with(data)
    return caught.value.reason


def test_the_first_number_may_be_any_and_each_later_one_is_higher(with_tpm: Machine) -> None:
    assert with_tpm.numbers is not None
    assert with_tpm.numbers.highest() is None
    with_tpm.start_with(bundle(number=1234))
    assert with_tpm.numbers.highest() == with_tpm.restart() == 1234
    with_tpm.start_with(bundle(number=1237))
    assert with_tpm.numbers.highest() == with_tpm.restart() == 1237
    for number in (1, 1234, 1236):
        assert refused(with_tpm, bundle(number=number)) == "number"
    assert refused(with_tpm, bundle(number=1238 + LONGEST_STEP)) == "step"
    assert with_tpm.numbers.highest() == with_tpm.restart() == 1237


def test_the_same_bundle_again_changes_nothing(with_tpm: Machine) -> None:
    data = bundle(number=1)
    with_tpm.start_with(data)
    before = with_tpm.files()
    assert with_tpm.provisioning.apply(data) is None
    assert with_tpm.files() == before


def test_an_old_disk_is_not_used(with_tpm: Machine, tmp_path: Path) -> None:
    with_tpm.start_with(bundle(number=1))
    shutil.copytree(with_tpm.folder, tmp_path / "old", symlinks=True)
    assert with_tpm.restart() == 1
    with_tpm.start_with(bundle(number=2))
    shutil.rmtree(with_tpm.folder)
    shutil.copytree(tmp_path / "old", with_tpm.folder, symlinks=True)
    with pytest.raises(RefusedError) as caught:
        with_tpm.restart()
    assert caught.value.reason == "rolled-back"
    # Nor by a bundle that the signers of then sign.
    for number in (2, 3):
        assert refused(with_tpm, bundle(number=number)) == "rolled-back"


def test_an_empty_disk_takes_no_old_bundle(with_tpm: Machine) -> None:
    first, second = bundle(number=1), bundle(number=2)
    with_tpm.start_with(first)
    with_tpm.start_with(second)
    shutil.rmtree(with_tpm.place.site)
    shutil.rmtree(with_tpm.place.next)
    assert with_tpm.restart() is None
    assert refused(with_tpm, first) == "number"
    assert refused(with_tpm, second) == "number"
    assert with_tpm.restart() is None
    with_tpm.start_with(bundle(number=3))
    assert with_tpm.restart() == 3


def test_a_copy_of_a_disk_that_was_about_to_change_is_old_too(
    with_tpm: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tpm.start_with(bundle(number=1))
    with_tpm.restart()

    def cut(_self: Numbers, _number: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Numbers, "raise_to", cut)
        with pytest.raises(KeyboardInterrupt):
            with_tpm.start_with(bundle(number=2))
    shutil.copytree(with_tpm.folder, tmp_path / "old", symlinks=True)
    assert with_tpm.restart() == 2
    with_tpm.start_with(bundle(number=3))
    shutil.rmtree(with_tpm.folder)
    shutil.copytree(tmp_path / "old", with_tpm.folder, symlinks=True)
    with pytest.raises(RefusedError, match="not the last"):
        with_tpm.restart()


def test_a_crash_between_counter_and_difference_is_finished(numbers: Numbers) -> None:
    numbers.counter.increment()
    assert numbers.highest() is None
    numbers.raise_to(7)
    assert numbers.highest() == 7
    numbers.raise_to(7)
    assert numbers.highest() == 7
    numbers.raise_to(9)
    assert numbers.highest() == 9


def test_the_difference_cannot_be_written_again(numbers: Numbers) -> None:
    numbers.raise_to(5)
    with pytest.raises(TpmError, match="refuses"):
        numbers.difference.write(bytes(8))
    assert numbers.highest() == 5


def test_a_counter_that_was_deleted_and_made_again_is_noticed(with_tpm: Machine) -> None:
    with_tpm.start_with(bundle(number=1))
    subprocess.run(["/usr/bin/tpm2_nvundefine", "-C", "o", COUNTER], check=True)
    with pytest.raises(TpmError, match="lost"):
        with_tpm.restart()
    assert with_tpm.numbers is not None
    with_tpm.numbers.counter.increment()
    with pytest.raises(RefusedError):
        with_tpm.restart()
    assert refused(with_tpm, bundle(number=1)) == "rolled-back"


def test_a_tpm_that_was_cleared_does_not_know_the_disk(with_tpm: Machine) -> None:
    with_tpm.start_with(bundle(number=1))
    assert with_tpm.restart() == 1
    for index in (COUNTER, DIFFERENCE):
        subprocess.run(["/usr/bin/tpm2_nvundefine", "-C", "o", index], check=True)
    with pytest.raises(RefusedError, match="not the last"):
        with_tpm.restart()


def test_without_an_answer_of_the_tpm_nothing_changes(
    with_tpm: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tpm.start_with(bundle(number=1))
    before = with_tpm.files()
    with monkeypatch.context() as patched:
        patched.setenv("TPM2TOOLS_TCTI", "swtpm:path=/nowhere")
        with pytest.raises(TpmError, match="does not answer"):
            with_tpm.provisioning.apply(bundle(number=2, keys=(ANNA, BEN)))
    assert with_tpm.files() == before
    assert with_tpm.restart() == 1
