"""A number in a TPM of software (swtpm), by Debian's tpm2-tools: it is only ever raised."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import TpmError
from appliance.tpm.counter import TpmCounter
from appliance.tpm.number import TpmNumber
from tests.software_tpm import software_tpm

INDEX = "0x01800102"


@pytest.fixture
def tpm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A TPM of its own for each test."""
    with software_tpm(tmp_path, monkeypatch) as socket:
        yield socket


@pytest.mark.usefixtures("tpm")
def test_a_number_is_raised_and_never_lowered() -> None:
    number = TpmNumber(INDEX)
    assert number.read() is None
    for given, kept in (
        (3, 3),
        (2, 3),
        (3, 3),
        (70_000, 70_000),
        (2**53 - 1, 2**53 - 1),
        (1, 2**53 - 1),
    ):
        number.raise_to(given)
        assert number.read() == kept
    assert TpmNumber("0x01800103").read() is None


@pytest.mark.usefixtures("tpm")
def test_the_value_of_a_new_counter_says_nothing_of_an_image() -> None:
    former = TpmCounter("0x01800100")
    for _ in range(5):
        former.increment()
    before = former.read()
    assert before is not None
    subprocess.run(["tpm2_nvundefine", "-C", "o", former.index], check=True)  # noqa: S607
    fresh = TpmCounter(INDEX)
    fresh.increment()
    # A machine that had another owner may start anywhere.
    assert fresh.read() == before + 1


def test_without_a_tpm_there_is_an_error_and_no_number(tpm: Path) -> None:
    number = TpmNumber(INDEX)
    number.raise_to(1)
    tpm.unlink()
    with pytest.raises(TpmError):
        number.read()
    with pytest.raises(TpmError):
        number.raise_to(2)
