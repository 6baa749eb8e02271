"""What one GPU makes of the stand-ins: ms a face, frames a second, and how far from the floor.

    python -m tests.bench.gpu [--folder DIR] [--frames 2400]

Needs a GPU and what `make venv` installs; no network. The stand-ins are built in DIR.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import cv2
import numpy as np
import onnx
from rich.console import Console

from appliance.cli.process.fork_pool import placements
from appliance.errors import ModelError
from appliance.inference.batcher import Batcher
from appliance.inference.forms import Form
from appliance.inference.network import Network
from appliance.inference.ort import ort
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import Numbers
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.run import SwapOptions, read_source, swap_photo
from appliance.policy.policy import EMBEDDED
from appliance.seal.allowed_paths import gpus
from tests.bench import floor
from tests.bench.gpu_video import FAMILIES, load, make_media, scene
from tests.bench.standin_pack import standin_pack

SIZES = (1, 16, 32)
RUNS = 20
AS_PUBLISHED: Form = "published"


def feed(batcher: Batcher, count: int) -> tuple[np.ndarray, dict[str, Numbers]]:
    rng = np.random.default_rng(1)
    made: dict[str, Numbers] = {}
    for put in batcher.network.tensors.inputs:
        shape = [side or 1 for side in put.shape]
        if batcher.network.tensors.batched:
            shape[0] = count
        value = rng.random(shape, np.float32)
        if len(shape) == 2:
            value = (value - 0.5) / 6.5  # as a unit embedding
        made[put.name] = value.astype(getattr(put, "dtype", "float32"))
    return np.asarray(made.pop(batcher.network.contract.inputs[0].name), np.float32), made


def ms(batcher: Batcher, count: int, *, resident: bool) -> float:
    """Median ms a sample. ``resident``: inputs and outputs stay on the GPU."""
    first, others = feed(batcher, count)
    batcher.run(first, **others)
    run = batcher.replay if resident else lambda: batcher.run(first, **others)
    for _ in range(3):
        run()
    taken = []
    for _ in range(RUNS):
        started = perf_counter()
        run()
        taken.append(perf_counter() - started)
    return 1e3 * median(taken) / count


def networks(pack: ModelPack, runtime: Runtime, peak: floor.Peak, console: Console) -> None:
    """A line for each network, form and batch, as soon as it is measured."""
    console.print("ms a sample; error: of the first output, against the file itself on the CPU")
    console.print("network      form          batch        ms  with copies  floor  times it  error")
    for entry in pack.entries:
        work = floor.work(onnx.ModelProto.FromString(pack.read(entry.role)))
        plain = Runtime(("cpu",)).load(pack, entry.role, form=AS_PUBLISHED)
        for precision in (AS_PUBLISHED, "fp16-fused", "fp16", "fp32"):
            if precision != "published" and pack.variant(entry.role, (precision,)) is None:
                continue
            for size in SIZES:
                try:
                    batcher = Batcher.load(runtime, pack, entry.role, size, form=precision)
                except ModelError:
                    break  # it takes one at a time
                least = peak.floor(*work, size)
                resident = ms(batcher, size, resident=True)
                copied = ms(batcher, size, resident=False)
                form = "as published" if precision == AS_PUBLISHED else precision
                console.print(
                    f"{entry.family:<12} {form:<12} {size:>6} {resident:>9.3f} {copied:>12.3f} "
                    f"{least:>6.3f} {resident / least:>9.1f} {_error(batcher, plain, size):>7.0e}"
                )


def _error(batcher: Batcher, plain: Network, size: int) -> float:
    first, others = feed(batcher, size)
    found = batcher.run(first, **others)[0][:1]
    alone = {name: value[:1] for name, value in others.items()}
    wanted = plain.run(first[:1], **alone)[0]
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def video(folder: Path, frames: int) -> None:
    """One process; as many as the cores feed; the same on every GPU there is."""
    each = placements([0], None, "cuda", EMBEDDED)
    runs = [["--processes", "1"], ["--processes", str(max(1, len(each)))]]
    if gpus() > 1:
        runs.append([*runs[-1], "--devices", ",".join(map(str, range(gpus())))])
    with tempfile.TemporaryDirectory() as name:
        make_media(Path(name), frames)
        for run in runs:
            words = ["--folder", str(folder), "--media", name, *run]
            command = [sys.executable, "-m", "tests.bench.gpu_video", *words]
            subprocess.run(command, check=True)


def photo(pipeline: Pipeline, console: Console) -> None:
    source = read_source(pipeline, [Photo(scene("person_a_1"))])
    data = encode_photo(Photo(scene("person_b_1")), "jpeg")
    options = SwapOptions(likeness=False)

    def once() -> None:
        result, _ = swap_photo(pipeline, source, read_photo(data), options)
        encode_photo(result, "jpeg")

    once()
    taken = []
    for _ in range(RUNS):
        started = perf_counter()
        once()
        taken.append(perf_counter() - started)
    console.print(f"one 1080p photo, warm, from bytes to bytes: {1e3 * median(taken):.1f} ms")


def main(arguments: Sequence[str] = ()) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".cache/gpu-standins"))
    parser.add_argument("--frames", type=int, default=2400)
    parser.add_argument("--only", choices=["photo", "video", "networks"], nargs="*")
    wanted = parser.parse_args(arguments)
    parts = wanted.only or ["photo", "video", "networks"]
    console = Console(width=120)
    cv2.setNumThreads(1)  # the frames are spread over the cores, not one frame's parts
    pack = standin_pack(wanted.folder, FAMILIES)
    if "video" in parts:
        video(wanted.folder, wanted.frames)
    runtime = Runtime(("cuda",))
    peak = floor.measured()
    console.print(
        f"ONNX Runtime {ort.__version__}: {peak.flops / 1e12:.0f} TFLOP/s in float16, "
        f"{peak.bandwidth / 1e12:.2f} TB/s"
    )
    if "photo" in parts:
        photo(load(pack, Runtime(("cuda",), max_batch=1)), console)  # as a photo's swap loads it
    if "networks" in parts:
        networks(pack, runtime, peak, console)


def keep_memory() -> None:
    """Start this program again with a malloc that keeps what it has, if it does not yet.

    glibc gives every array above 128 KiB back to the kernel and asks for it anew: a page fault
    for each 4 KiB, and all threads wait for one another there.
    """
    wanted = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(8 << 30)}
    if not wanted.items() <= os.environ.items():
        arguments = [sys.executable, "-m", "tests.bench.gpu", *sys.argv[1:]]
        os.execve(sys.executable, arguments, os.environ | wanted)  # noqa: S606 - this very program


if __name__ == "__main__":
    keep_memory()
    main(sys.argv[1:])
