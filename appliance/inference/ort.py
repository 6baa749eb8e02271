"""ONNX Runtime, imported here and nowhere else, with its telemetry off.

The official Linux wheels since 1.31 write a device id and a database into the user's cache, and
start an uploader, while the module is being imported: a switch set afterwards comes too late.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

from appliance.errors import ProviderError

SWITCH = "ORT_DISABLE_TELEMETRY"


def _import_silenced() -> ModuleType:
    if "onnxruntime" in sys.modules and os.environ.get(SWITCH) != "1":
        raise ProviderError(
            "ONNX Runtime was loaded by something else first, with its telemetry on.",
            f"Start the program with {SWITCH}=1, or import appliance before onnxruntime.",
        )
    os.environ[SWITCH] = "1"
    module = importlib.import_module("onnxruntime")
    # Providers that cannot be loaded write paths of this machine to stderr; we report them
    # ourselves. 4 is "fatal only".
    module.set_default_logger_severity(4)
    return module


ort = _import_silenced()


def part(name: str) -> ModuleType:
    """The submodule ``onnxruntime.name``: a tool that its package does not import by itself."""
    return importlib.import_module(f"onnxruntime.{name}")
