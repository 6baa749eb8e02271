"""ONNX Runtime, imported only here, with its telemetry off.

Since 1.31 the official Linux wheels write a device id and a database into the user's cache and
start an uploader while the module is being imported, so it has to be switched off before that.
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
            "ONNX Runtime was imported earlier by other code, with its telemetry on.",
            f"Start the program with {SWITCH}=1, or import appliance before onnxruntime.",
        )
    os.environ[SWITCH] = "1"
    module = importlib.import_module("onnxruntime")
    # A provider that cannot be loaded makes the runtime write paths of this machine to stderr.
    # Such failures are reported by Runtime; 4 means "fatal only".
    module.set_default_logger_severity(4)
    return module


ort = _import_silenced()


def part(name: str) -> ModuleType:
    """The submodule ``onnxruntime.name``, for tools that the package itself does not import."""
    return importlib.import_module(f"onnxruntime.{name}")
