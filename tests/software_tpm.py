"""A TPM of software (swtpm), for tests that use Debian's tpm2-tools."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def software_tpm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The socket of a TPM, which tpm2-tools find; what is in ``folder`` outlives a cut of power."""
    state, socket = folder / "tpm", folder / "sock"
    state.mkdir(exist_ok=True)
    socket.unlink(missing_ok=True)
    options = ("--tpmstate", f"dir={state}", "--flags", "not-need-init,startup-clear")
    server = ("--server", f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl")
    with subprocess.Popen(
        ["/usr/bin/swtpm", "socket", "--tpm2", *options, *server],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not socket.exists():
            assert process.poll() is None, "swtpm has ended"
            time.sleep(0.01)
        monkeypatch.setenv("TPM2TOOLS_TCTI", f"swtpm:path={socket}")
        try:
            yield socket
        finally:
            process.terminate()
