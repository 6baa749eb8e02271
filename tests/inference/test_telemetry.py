"""ONNX Runtime as loaded here writes no file and opens no socket; by default it does both."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import pytest

from appliance.inference.ort import SWITCH
from tests.paths import REPOSITORY

# Both processes live until their standard input ends.
LIFE = "import sys; print('ready', flush=True); sys.stdin.read()"
SILENCED = f"""
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
network = Runtime(("cpu",), threads=1).load(ModelPack.open(), "person-mask")
import numpy
network.run(network.tensor(numpy.zeros((256, 256, 3), numpy.uint8)))
{LIFE}
"""
AS_IT_COMES = f"import onnxruntime\n{LIFE}"


@dataclass(frozen=True)
class Watched:
    """A process, its home folder, and the trace of its network calls by strace."""

    process: subprocess.Popen[bytes]
    home: Path
    trace: Path

    def written(self) -> list[str]:
        return sorted(str(p.relative_to(self.home)) for p in self.home.rglob("*") if p.is_file())


@contextlib.contextmanager
def watch(program: str, folder: Path) -> Iterator[Watched]:
    """Run ``program`` with an empty home. Its network calls are traced, and all of them fail."""
    strace = which("strace")
    if strace is None:
        pytest.fail("strace is not installed: run `make test`, it says what is needed.")
    home, trace, certificates = folder / "home", folder / "trace", folder / "ca.pem"
    home.mkdir(parents=True)
    trace.touch()
    certificates.write_text("none\n")
    # A bare environment: the telemetry is off by itself where CI or a build service is named, and
    # it does not try to send where it finds no certificates.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "SSL_CERT_FILE": str(certificates),
    }
    spy = [strace, "-f", "-qq", "-e", "trace=%network", "-e", "inject=%network:error=EPERM"]
    with subprocess.Popen(
        [*spy, "-o", str(trace), sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=REPOSITORY,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield Watched(process, home, trace)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_inference_writes_no_file_and_opens_no_socket(tmp_path: Path) -> None:
    """The silenced process outlives the time in which the other writes files and calls out."""
    with (
        watch(SILENCED, tmp_path / "silenced") as silenced,
        watch(AS_IT_COMES, tmp_path / "theirs") as theirs,
    ):
        patience = time.monotonic() + 120
        while "socket(" not in theirs.trace.read_text() and time.monotonic() < patience:
            time.sleep(0.2)
    # Without this, silence would prove nothing.
    assert "socket(" in theirs.trace.read_text()
    assert any("onnxruntime" in name for name in theirs.written())

    assert silenced.trace.read_text() == ""
    assert silenced.written() == []


def run(program: str, **environment: str) -> str:
    clean = {key: value for key, value in os.environ.items() if key != SWITCH}
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**clean, "CI": "true", **environment},  # CI: no telemetry from the test itself
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def test_an_earlier_import_with_telemetry_is_refused() -> None:
    """Setting the switch after the import changes nothing, so it is refused."""
    program = "import onnxruntime, appliance.inference.session"
    assert "imported earlier by other code" in run(program)


def test_an_earlier_import_without_telemetry_is_accepted() -> None:
    program = "import onnxruntime, appliance.inference.session; print('fine')"
    assert run(program, **{SWITCH: "1"}) == "fine\n"
