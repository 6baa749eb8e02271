"""What one GPU makes of the stand-ins: ms a face, frames a second, and how far from the floor.

    python -m tests.bench.gpu [--folder DIR] [--frames 600] [--devices 1]

Needs a GPU and what `make venv` installs; no network. The stand-ins are built in DIR.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Self

import av
import cv2
import numpy as np
import onnx
from rich.console import Console

from appliance.errors import ModelError
from appliance.inference.batch import Batcher
from appliance.inference.manifest import Precision
from appliance.inference.ort import ort
from appliance.inference.pack import ModelPack
from appliance.inference.session import Network, Numbers, Runtime
from appliance.pipeline import images
from appliance.pipeline.media.grouped import transcode_grouped
from appliance.pipeline.media.photo import read_photo
from appliance.pipeline.media.photo_encoding import encode_photo
from tests.bench import floor
from tests.bench.grouped_swap import ROLES, GroupedSwap
from tests.bench.standin_pack import standin_pack

FAMILIES = ("inswapper", "arcface", "2dfan4", "yolo-face")
PORTRAITS = Path(__file__).parents[1] / "data" / "portraits"
SIZES = (1, 16, 32)
GROUP, WORKERS = 16, (4, 8)
FPS, WIDTH, HEIGHT = 30, 1920, 1080
RUNS = 20
AS_PUBLISHED: Precision = "int8"  # of which the pack has no variant, so that the file itself is run


class Usage:
    """Utilisation in percent and memory in MiB of the first GPU while ``with`` lasts."""

    def __enter__(self) -> Self:
        self.samples: list[tuple[int, int]] = []
        fields = "--query-gpu=utilization.gpu,memory.used"
        command = ["nvidia-smi", fields, "--format=csv,noheader,nounits", "-lms", "100", "-i", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._thread.join()
        self._process.wait()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            used, memory = line.split(",")
            self.samples.append((int(used), int(memory)))

    def __str__(self) -> str:
        if not self.samples:
            return "GPU not sampled"
        used, memory = zip(*self.samples, strict=True)
        return f"GPU {np.mean(used):.0f} % busy, at most {max(memory)} MiB"


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
        plain = Runtime(("cpu",)).load(pack, entry.role, precision=AS_PUBLISHED)
        for precision in (AS_PUBLISHED, "fp16-fused", "fp16", "fp32"):
            if precision != AS_PUBLISHED and pack.variant(entry.role, (precision,)) is None:
                continue
            for size in SIZES:
                try:
                    batcher = Batcher.load(runtime, pack, entry.role, size, precision=precision)
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


def make_clip(path: Path, frames: int) -> None:
    """A portrait before a moving ground, 1080p, H.264."""
    pixels = np.asarray(read_photo((PORTRAITS / "person_b_1.jpg").read_bytes()).pixels, np.uint8)
    side = HEIGHT * pixels.shape[1] // pixels.shape[0]
    portrait = images.resized(pixels, (side, HEIGHT))
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, 2 * WIDTH, 3), np.uint8)
    ground = images.blurred(noise, 9)
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(frames):
            shift = index * 3 % WIDTH
            picture = ground[:, shift : shift + WIDTH].copy()
            left = (WIDTH - side) // 2 + int(20 * np.sin(index / 15))
            picture[:, left : left + side] = portrait
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))


def swapper(pack: ModelPack, runtime: Runtime, size: int, threads: int) -> GroupedSwap:
    made = {role: Batcher.load(runtime, pack, role, size, outputs=1) for role in ROLES}
    source = np.random.default_rng(2).standard_normal((1, 512)).astype(np.float32)
    return GroupedSwap(made, source / np.linalg.norm(source), threads)


def video(pack: ModelPack, runtime: Runtime, frames: int, console: Console) -> None:
    swap = swapper(pack, runtime, GROUP, 12)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "clip.mp4")
        make_clip(clip, frames)
        for workers in WORKERS:
            swap.seconds.clear()
            before = resource.getrusage(resource.RUSAGE_SELF)
            sink = io.BytesIO()
            with clip.open("rb") as source, Usage() as usage:
                done = transcode_grouped(
                    source, sink, swap.edit, container="mp4", size=GROUP, workers=workers
                )
            rate = done.frames / done.wall
            after = resource.getrusage(resource.RUSAGE_SELF)
            user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
            console.print(
                f"1080p video, {workers} groups of {GROUP} at work: {rate:.0f} frames/s, "
                f"{done.frames} frames, {usage}"
            )
            console.print(
                f"  CPU ms a frame: {1e3 * user / done.frames:.1f} user, "
                f"{1e3 * system / done.frames:.1f} system"
            )
            parts = {"decode": done.decode.wall, **swap.seconds, "encode": done.encode.wall}
            console.print(
                "  ms a frame: "
                + ", ".join(f"{k} {1e3 * v / done.frames:.2f}" for k, v in parts.items())
            )


def photo(pack: ModelPack, runtime: Runtime, console: Console) -> None:
    swap = swapper(pack, runtime, 1, 1)
    data = (PORTRAITS / "person_d_1.jpg").read_bytes()

    def once() -> None:
        target = read_photo(data)
        swap.edit([target.canvas])
        encode_photo(target, "jpeg")

    once()
    taken = []
    for _ in range(RUNS):
        started = perf_counter()
        once()
        taken.append(perf_counter() - started)
    console.print(f"one photo, warm, from bytes to bytes: {1e3 * median(taken):.1f} ms")


def main(arguments: Sequence[str] = ()) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".cache/gpu-standins"))
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--only", choices=["photo", "video", "networks"], nargs="*")
    wanted = parser.parse_args(arguments)
    parts = wanted.only or ["photo", "video", "networks"]
    console = Console(width=120)
    cv2.setNumThreads(1)  # the frames are spread over the cores, not one frame's parts
    runtime = Runtime(("cuda",))
    peak = floor.measured()
    console.print(
        f"ONNX Runtime {ort.__version__}: {peak.flops / 1e12:.0f} TFLOP/s in float16, "
        f"{peak.bandwidth / 1e12:.2f} TB/s"
    )
    pack = standin_pack(wanted.folder, FAMILIES)
    if "photo" in parts:
        photo(pack, runtime, console)
    if "video" in parts:
        video(pack, runtime, wanted.frames, console)
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
