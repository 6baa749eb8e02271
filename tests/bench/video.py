"""How fast a video is swapped, stage by stage, and whether memory stays flat.

    python -m tests.bench.video [--seconds 10] [--long 60] [--height 1080]

The clip is the real one of the tests, enlarged and repeated; every run is a process of its own.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.run import SwapOptions, read_source, swap_video
from appliance.pipeline.selection import SAME_PERSON
from tests.fetch import CLIP
from tests.paths import PORTRAITS

PORTRAIT = PORTRAITS / "person_b_1.jpg"
FPS = 30

# Our functions by the stage they do; cumulative time of the profile.
STAGES = {
    "look for a cut": ("tracker.py", "_is_cut"),
    "detect": ("analyser.py", "locate"),
    "follow (mesh 478)": ("tracker.py", "_follow"),
    "identify": ("likeness.py", "_measure"),
    "light": ("illumination.py", "measure"),
    "mask: person": ("visibility.py", "person"),
    "mask: cover": ("visibility.py", "estimate"),
    "swap": ("swapper.py", "swap"),
    "- spread over pixels": ("layers.py", "interpolate_layers"),
    "- blend": ("blend.py", "blend"),
    "write": ("canvas.py", "write"),
}


class Result(msgspec.Struct, frozen=True):
    """One run. ``stages``: ms a frame; ``peak_mib``: of the whole process."""

    frames: int
    fps: float
    cpu_ms: float
    decode_ms: float
    edit_ms: float
    encode_ms: float
    peak_mib: float
    stages: dict[str, float]


def make_clip(path: Path, seconds: int, height: int) -> None:
    """The tests' clip at ``height``, over and over, with its own timestamps continued."""
    with av.open(str(CLIP)) as source, av.open(str(path), "w") as sink:
        frames = list(source.decode(video=0))
        stream = sink.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "18"})
        stream.width, stream.height = round(height * 16 / 9 / 2) * 2, height
        stream.pix_fmt = "yuv420p"
        large = [frame.reformat(stream.width, height, "yuv420p") for frame in frames]
        large += large[::-1]  # there and back, so that the loop does not jump
        for index in range(seconds * FPS):
            frame = large[index % len(large)]
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            frame.pict_type = av.video.frame.PictureType.NONE
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))


def run_once(clip: Path, profiled: bool, watched: bool = False) -> Result:
    """Swap ``clip`` in this process; ``watched``: as a session whose policy wants one person."""
    pipeline = Pipeline.load(ModelPack.open(), Runtime(("cpu",), threads=1))
    photo, options = read_photo(PORTRAIT.read_bytes()), SwapOptions()
    if watched:  # the person of the clip: of another one only the first frame is measured
        photo = Photo(_first_frame(clip))
        options = SwapOptions(likeness=False, same_person_from=SAME_PERSON)
    person = read_source(pipeline, [photo])
    profile = cProfile.Profile()
    with clip.open("rb") as source, tempfile.TemporaryFile() as sink:
        cpu, wall = time.process_time(), time.perf_counter()
        if profiled:
            profile.enable()
        report = swap_video(pipeline, person, source, sink, options, container="mp4")
        profile.disable()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    done = report.transcoded
    assert done is not None
    assert report.frames_swapped == report.frames
    each = 1e3 / report.frames
    return Result(
        frames=report.frames,
        fps=report.frames / wall,
        cpu_ms=cpu * each,
        decode_ms=done.decode.cpu * each,
        edit_ms=done.edit.cpu * each,
        encode_ms=done.encode.cpu * each,
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        stages=_by_stage(profile, each) if profiled else {},
    )


def _first_frame(clip: Path) -> Image:
    with av.open(str(clip)) as opened:
        return np.asarray(next(opened.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


def _by_stage(profile: cProfile.Profile, each: float) -> dict[str, float]:
    found = dict.fromkeys(STAGES, 0.0)
    for entry in profile.getstats():
        if isinstance(entry.code, str):  # a built-in function
            continue
        for stage, (module, function) in STAGES.items():
            if entry.code.co_name == function and Path(entry.code.co_filename).name == module:
                found[stage] += entry.totaltime * each
    return found


def measure(clip: Path, *options: str) -> Result:
    """Swap ``clip`` in a fresh process, so that peak memory is its own."""
    command = [sys.executable, "-m", "tests.bench.video", "--run", str(clip), *options]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return msgspec.json.decode(output, type=Result)


def show(short: Result, long: Result, profiled: Result, watched: Result, height: int) -> None:
    """Two tables: the promise, and where the time goes."""
    console = Console()
    table = Table(title=f"{height}p, one face, mesh engine, {os.cpu_count()} cores")
    for heading in ("what", "short", "long", "goal"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, field, goal in (
        ("frames", "frames", ""),
        ("frames a second, end to end", "fps", ">= 25"),
        ("CPU ms a frame, all threads", "cpu_ms", "<= 80"),
        ("decode, CPU ms of its thread", "decode_ms", ""),
        ("swap, CPU ms of its thread", "edit_ms", ""),
        ("encode, CPU ms of its thread", "encode_ms", ""),
        ("peak memory, MiB", "peak_mib", "<= 1024"),
    ):
        table.add_row(what, f"{getattr(short, field):.1f}", f"{getattr(long, field):.1f}", goal)
    ratio = long.peak_mib / short.peak_mib
    table.add_row("peak memory, long / short", "", f"{ratio:.3f}", "<= 1.10")
    dearer = watched.cpu_ms - short.cpu_ms
    table.add_row("CPU ms more where a policy wants one person", f"{dearer:.1f}", "", "")
    console.print(table)
    stages = Table(title="ms a frame by stage (profiled)")
    stages.add_column("stage")
    stages.add_column("ms", justify="right")
    for stage, spent in profiled.stages.items():
        stages.add_row(stage, f"{spent:.2f}")
    console.print(stages)


def main() -> None:
    """Make the clips, run, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--long", type=int, default=60)
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--watched", action="store_true")
    wanted = parser.parse_args()
    if wanted.run is not None:
        sys.stdout.buffer.write(
            msgspec.json.encode(run_once(wanted.run, wanted.profile, wanted.watched))
        )
        return
    with tempfile.TemporaryDirectory() as name:
        short, long = Path(name, "short.mp4"), Path(name, "long.mp4")
        make_clip(short, wanted.seconds, wanted.height)
        make_clip(long, wanted.long, wanted.height)
        runs = measure(short), measure(long), measure(short, "--profile")
        show(*runs, measure(short, "--watched"), wanted.height)


if __name__ == "__main__":
    main()
