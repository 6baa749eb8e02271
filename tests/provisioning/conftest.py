"""A machine without and one with a software TPM (swtpm)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.provisioning.numbers import Numbers
from tests.provisioning.site import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture
def numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Numbers]:
    """Those of a TPM of its own."""
    state, socket = tmp_path / "tpm", tmp_path / "sock"
    state.mkdir()
    options = ("--tpmstate", f"dir={state}", "--flags", "not-need-init,startup-clear")
    server = ("--server", f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl")
    with subprocess.Popen(
        ["/usr/bin/swtpm", "socket", "--tpm2", *options, *server],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not socket.exists():
            time.sleep(0.01)
        monkeypatch.setenv("TPM2TOOLS_TCTI", f"swtpm:path={socket}")
        yield Numbers.of_machine()
        process.terminate()


@pytest.fixture
def with_tpm(tmp_path: Path, numbers: Numbers) -> Machine:
    return Machine(tmp_path / "machine", numbers)
