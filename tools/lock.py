"""Writes the lock files: every package that an environment needs, with version and hashes.

    python -m tools.lock [--upgrade]

Run it, as `make lock`, after changing a dependency in pyproject.toml. A package that pyproject.toml
does not pin itself keeps the version it has in the lock, unless ``--upgrade`` is given. One lock
serves every Python version and processor that the project supports.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "requirements"

# The other locks take the same versions as this one, so it is written first.
_FIRST = "dev"


def locks() -> Mapping[str, Sequence[str]]:
    """For each lock, by the name of its file, the requirements that it resolves."""
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        document: dict[str, Any] = tomllib.load(file)
    project = document["project"]
    runtime, extras = project["dependencies"], project["optional-dependencies"]
    # ONNX Runtime with OpenVINO and ONNX Runtime with CUDA are one package to Python.
    without_cuda = [line for line in runtime if not line.startswith("onnxruntime-gpu")]
    pytest = [line for line in extras["dev"] if line.startswith(("pytest==", "hypothesis=="))]
    return {
        _FIRST: [*runtime, *extras["dev"], *extras["kiosk"]],
        "runtime": runtime,
        "build": document["build-system"]["requires"],
        # Installed in addition to one of those above.
        **{name: extras[name] for name in extras if name not in {_FIRST, "openvino"}},
        "openvino": [*without_cuda, *extras["openvino"], *pytest],
    }


def write(name: str, requirements: Sequence[str], *options: str) -> None:
    """Write the lock ``name``.

    Raises ``subprocess.CalledProcessError`` if the requirements cannot all be met.
    """
    if name != _FIRST:
        options = (*options, "--constraints", str((FOLDER / _FIRST).with_suffix(".txt")))
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--generate-hashes", "--custom-compile-command", "make lock", *options]
    command += ["--output-file", str((FOLDER / name).with_suffix(".txt")), "-"]
    text = "\n".join(requirements)
    subprocess.run(command, input=text, text=True, cwd=REPOSITORY, check=True)


if __name__ == "__main__":
    for lock, wanted in locks().items():
        write(lock, wanted, *sys.argv[1:])
