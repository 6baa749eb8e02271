"""A software TPM for each test, whose registers hold what a start of the image leaves in them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attestation.image import BootedImage


@pytest.fixture
def tpm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The socket of a TPM that nothing was measured into yet, which tpm2-tools find."""
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
        yield socket
        process.terminate()


@pytest.fixture
def booted(tpm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BootedImage:
    """The image after its start, as `appliance attest` finds it on this machine."""
    assert tpm.is_socket()
    image = BootedImage(tmp_path / "image")
    image.start()
    image.found_by(monkeypatch)
    return image
