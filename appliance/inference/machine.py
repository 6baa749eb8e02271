"""What speed depends on apart from the model: processor, GPUs, GPU driver and ONNX Runtime.

TensorRT engines and measured settings are valid only where all of this is the same.
"""

from __future__ import annotations

import os
from pathlib import Path

from appliance.inference.ort import ort

_DRIVER = Path("/proc/driver/nvidia")
_PROCESSORS = Path("/proc/cpuinfo")
_MODEL = "model name"


def gpus() -> str:
    """The version of ONNX Runtime, the GPU driver and the GPUs, as text."""
    facts = [ort.__version__]
    for path in sorted((_DRIVER / "version", *_DRIVER.glob("gpus/*/information"))):
        try:
            facts.append(path.read_text())
        except OSError:
            facts.append("no GPU")
    return "\n".join(facts)


def machine() -> str:
    """The text of ``gpus``, the processor and the number of cores that this process may use."""
    return f"{gpus()}\n{_processor()}\n{len(os.sched_getaffinity(0))} cores"


def _processor() -> str:
    try:
        lines = _PROCESSORS.read_text().splitlines()
    except OSError:
        return os.uname().machine
    return next((line for line in lines if line.startswith(_MODEL)), os.uname().machine)
