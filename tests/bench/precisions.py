"""What each form of a network takes on the CPU, and how far it errs on a face it has not seen.

    python -m tests.bench.precisions [--folder DIR]

Stand-ins of inswapper and arcface, as published, rewritten, and in INT8 calibrated on the
portraits; the forms take turns, so that ratios mean something on a machine that does other things.
In the environment that `make bench` builds for it the same runs on OpenVINO: its build of ONNX
Runtime and the one for CUDA exclude each other.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console

from appliance.inference.forms import Form
from appliance.inference.manifest import ModelEntry
from appliance.inference.network import Network
from appliance.inference.ort import ort
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import PROVIDERS, Numbers, Tensor
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.analysis.calibration import (
    FaceSample,
    calibration_inputs,
    find_face_samples,
)
from appliance.pipeline.media.photo.decode import read_photo
from tests.bench.standin_pack import standin_pack
from tests.paths import PORTRAITS

FAMILIES = ("arcface", "inswapper")
AS_PUBLISHED: Form = "published"
FORMS: tuple[tuple[str, str, Form], ...] = (
    ("as published", "cpu", AS_PUBLISHED),
    ("fp32 variant", "cpu", "fp32"),
    ("int8 variant", "cpu", "int8"),
    ("as published", "openvino", AS_PUBLISHED),
    ("int8 variant", "openvino", "int8"),
)
SECONDS, ROUNDS = 20.0, (3, 20)  # for a network's forms together; rounds: least, most


def crops() -> tuple[FaceSample, ...]:
    """The faces of the portraits; the last is never calibrated on."""
    analyser = FaceAnalyser.load(ModelPack.open(), Runtime(("cpu",)))
    photos = [read_photo(path.read_bytes()) for path in sorted(PORTRAITS.glob("person_*.*"))]
    return find_face_samples(analyser, photos)


def turns(actions: Sequence[Callable[[], object]]) -> list[float]:
    """The median ms of each, run one after the other, round after round."""
    for action in actions:
        action()
    taken: list[list[float]] = [[] for _ in actions]
    end = time.perf_counter() + SECONDS
    while len(taken[0]) < ROUNDS[0] or (time.perf_counter() < end and len(taken[0]) < ROUNDS[1]):
        for action, times in zip(actions, taken, strict=True):
            start = time.perf_counter()
            action()
            times.append(1000 * (time.perf_counter() - start))
    return [median(times) for times in taken]


def measure(pack: ModelPack, entry: ModelEntry, sample: FaceSample, console: Console) -> None:
    """A line for each form that runs here."""
    forms = [form for form in FORMS if PROVIDERS[form[1]] in ort.get_available_providers()]
    networks = [
        Runtime((provider,)).load(pack, entry.role, form=precision)
        for _, provider, precision in forms
    ]
    (given,) = calibration_inputs([sample], networks[0].tensors)
    taken = turns([partial(run, network, given) for network in networks])
    wanted = run(networks[0], given)
    for (name, provider, _), network, ms in zip(forms, networks, taken, strict=True):
        found = run(network, given)
        error = float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
        console.print(
            f"{entry.family:<10} {name:<13} {provider:<9} {ms:>7.0f} {taken[0] / ms:>6.2f} "
            f"{error:>8.1e}"
        )


def run(network: Network, given: dict[str, Numbers]) -> Tensor:
    first, *others = given
    tensor = np.asarray(given[first], np.float32)
    return network.run(tensor, **{name: given[name] for name in others})[0]


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".cache/cpu-standins"))
    folder = parser.parse_args(arguments).folder
    samples = crops()
    pack = standin_pack(folder, FAMILIES, ("fp32", "int8"), samples[:-1])
    console = Console(width=120)
    cores = Runtime(("cpu",)).threads
    console.print(f"ONNX Runtime {ort.__version__}, {cores} cores; error: of the first output")
    console.print("network    form          provider       ms  times    error")
    for entry in pack.entries:
        measure(pack, entry, samples[-1], console)


if __name__ == "__main__":
    main(sys.argv[1:])
