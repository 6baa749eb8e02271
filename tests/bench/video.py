"""How fast a video is swapped, stage by stage, and whether memory stays flat.

    python -m tests.bench.video [--minutes 3] [--frames 300] [--height 1080] [--clip FILE]

The clip is the real one of the tests, enlarged and repeated; every run is a process of its own. The
comparison with a plain encoder comes first, then the same of frames with a hand before the face;
what else is measured, and how many rounds, depends on the minutes that are left.
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
from collections.abc import Mapping, Sequence
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
from tests.bench.clips import make_clip, repeat
from tests.bench.encoder_ratio import PORTRAIT, Round, ratio, rounds
from tests.fetch import CLIP, HAND_CLIP
from tests.pipeline.hands.outlines import HAND_FRAMES

ROUNDS = 3
LONGEST = 6  # times the short clip, to see whether memory grows

# Our functions by the stage they do; cumulative time of the profile.
STAGES = {
    "look for a cut": ("tracker.py", "_begins_shot"),
    "detect": ("analyser.py", "locate"),
    "read and shrink": ("tracker.py", "_crop"),
    "follow (mesh 478)": ("face_mesh.py", "follow"),
    "stabilise": ("stabiliser.py", "stabilise"),
    "light": ("illumination.py", "measure"),
    "mask: person": ("visibility.py", "person"),
    "mask: cover": ("visibility.py", "estimate"),
    "swap": ("swapper.py", "swap"),
    "- spread over pixels": ("layers.py", "interpolate"),
    "- move and draw pixels": ("images.py", "remapped"),
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


def run_once(clip: Path, profiled: bool, watched: bool = False) -> Result:
    """Swap ``clip`` in this process; ``watched``: as a session whose policy wants one person."""
    pipeline = Pipeline.load(ModelPack.open(), Runtime(("cpu",), threads=1))
    photo, options = read_photo(PORTRAIT.read_bytes()), SwapOptions()
    if watched:  # the person of the clip: of another one only the first frame is measured
        photo = Photo(_first_frame(clip))
        options = SwapOptions(likeness=False, same_person_from=SAME_PERSON)
    person = read_source(pipeline, [photo])
    profile = cProfile.Profile(time.thread_time)
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


class Timer:
    """Says what is measured, and how much of the time that was given is left."""

    def __init__(self, minutes: float) -> None:
        self._started, self._seconds = time.monotonic(), 60 * minutes

    @property
    def left(self) -> float:
        """Seconds."""
        return self._started + self._seconds - time.monotonic()

    def begin(self, what: str) -> None:
        """Print ``what`` is measured next."""
        spent = time.monotonic() - self._started
        print(f"{spent:6.1f} s  {what}", file=sys.stderr, flush=True)


def compare(clip: Path, timer: Timer, most: int = ROUNDS) -> list[Round]:
    """Up to ``most`` rounds against the encoder, in half of the time that is left."""
    measured: list[Round] = []
    limit = timer.left / 2
    source = rounds(clip, most)
    for number in range(most):
        before = timer.left
        timer.begin(f"round {number + 1} against a plain encoder")
        measured.append(next(source))
        if timer.left - (before - timer.left) < limit:
            break
    return measured


def show_ratio(console: Console, measured: Sequence[Round], what: str) -> None:
    """The promise."""
    title = f"Processor time of the whole command over that of a plain encoder, {what}"
    table = Table(title=title)
    for heading in ("round", "swap, s", "encode, s", "ratio"):
        table.add_column(heading, justify="right")
    for number, one in enumerate(measured, 1):
        table.add_row(str(number), f"{one.swap:.2f}", f"{one.encode:.2f}", f"{ratio([one]):.2f}")
    table.add_row("all", "", "", f"{ratio(measured):.2f}")
    console.print(table)


def show(console: Console, results: Mapping[str, Result], height: int) -> None:
    """What was measured in single processes, and where the time goes."""
    table = Table(title=f"{height}p, one face, mesh engine, {os.cpu_count()} cores")
    table.add_column("what")
    for name in results:
        table.add_column(name, justify="right")
    for what, field in (
        ("frames", "frames"),
        ("frames a second, end to end", "fps"),
        ("CPU ms a frame, all threads", "cpu_ms"),
        ("decode, CPU ms of its thread", "decode_ms"),
        ("swap, CPU ms of its thread", "edit_ms"),
        ("encode, CPU ms of its thread", "encode_ms"),
        ("peak memory, MiB", "peak_mib"),
    ):
        table.add_row(what, *(f"{getattr(result, field):.1f}" for result in results.values()))
    console.print(table)
    if "profiled" in results:
        stages = Table(title="ms a frame by stage (profiled)")
        stages.add_column("stage")
        stages.add_column("ms", justify="right")
        for stage, spent in results["profiled"].stages.items():
            stages.add_row(stage, f"{spent:.2f}")
        console.print(stages)


def measure_all(folder: Path, clip: Path, frames: int, height: int, timer: Timer) -> None:
    """Compare with the encoder, then measure what there is time for; print each."""
    console = Console()
    short, long, hand = (folder / f"{name}.mp4" for name in ("short", "long", "hand"))
    timer.begin(f"a clip of {frames} frames")
    make_clip(clip, short, frames, height)
    show_ratio(console, compare(short, timer), f"{frames} frames")
    count = min(frames, 150)  # there is a hand in all of them
    timer.begin(f"a clip of {count} frames with a hand")
    make_clip(HAND_CLIP, hand, count, height, HAND_FRAMES.start)
    show_ratio(console, compare(hand, timer, 1), f"{count} frames with a hand before the face")
    timer.begin("a run alone")
    before = timer.left
    results = {"short": measure(short)}
    each = before - timer.left  # seconds that a run of the short clip takes
    for name, option in (("profiled", "--profile"), ("watched", "--watched")):
        if timer.left > 2 * each:
            timer.begin(f"a run {name}")
            results[name] = measure(short, option)
    times = min(LONGEST, int(timer.left / each))
    if times > 1:
        timer.begin(f"a run {times} times as long")
        repeat(short, long, times)
        results["long"] = measure(long)
    show(console, results, height)


def main() -> None:
    """Make the clips, run, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--clip", type=Path, default=CLIP)
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
        timer = Timer(wanted.minutes)
        measure_all(Path(name), wanted.clip, wanted.frames, wanted.height, timer)


if __name__ == "__main__":
    main()
