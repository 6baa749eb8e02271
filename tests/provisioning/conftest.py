"""A machine without and one with a software TPM (swtpm)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.provisioning.numbers import Numbers
from tests.provisioning.site import Machine
from tests.software_tpm import software_tpm


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture
def numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Numbers]:
    """Those of a TPM of its own."""
    with software_tpm(tmp_path, monkeypatch):
        yield Numbers.of_machine()


@pytest.fixture
def with_tpm(tmp_path: Path, numbers: Numbers) -> Machine:
    return Machine(tmp_path / "machine", numbers)
