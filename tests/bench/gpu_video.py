"""One video through a pool, as `appliance swap --pack` has it, but unsealed; a line of figures.

    python -m tests.bench.gpu_video --folder DIR --media DIR [--devices 0,1] [--processes 4]

A program of its own, for members are made before anything else. ``make_media`` makes the media.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import av
import cv2
import numpy as np

from appliance.cli.process.fork_pool import Placement, fork_pool
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.topology import five_points
from appliance.pipeline.generator_engine.engine import GeneratorEngine
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.hands.finder import HandFinder
from appliance.pipeline.imaging import images
from appliance.pipeline.loading import Pipeline, tracking_runtime
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.run import (
    SourceIdentity,
    SwapOptions,
    read_source,
    swap_video,
)
from appliance.pipeline.selection import FaceRule, FaceSelection
from tests.bench.standin_pack import standin_pack
from tests.inference.standins.detectors import POINTS, SIDE
from tests.paths import PORTRAITS

FAMILIES = ("inswapper", "arcface", "2dfan4", "yolo-face")
FPS, WIDTH, HEIGHT = 30, 1920, 1080


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


def scene(portrait: str) -> np.ndarray:
    """A frame with a portrait whose eyes lie where the detector's stand-in sees some."""
    photo = read_photo((PORTRAITS / f"{portrait}.jpg").read_bytes())
    pixels = np.asarray(photo.pixels, np.uint8)
    pipeline = Pipeline.load(ModelPack.open(), Runtime(("cpu",)))
    (face, *_) = pipeline.analyser.faces(Photo(pixels).canvas)
    eyes, wanted = five_points(face.points)[:2], POINTS[:2] * WIDTH / SIDE
    scale = float(np.ptp(wanted[:, 0]) / np.ptp(eyes[:, 0]))
    matrix = np.array([[scale, 0, 0], [0, scale, 0]], np.float32)
    matrix[:, 2] = wanted.mean(axis=0) - scale * eyes.mean(axis=0)
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    drawn: Any = images.blurred(noise, 9)
    cv2.warpAffine(pixels, matrix, (WIDTH, HEIGHT), drawn, borderMode=cv2.BORDER_TRANSPARENT)
    return np.asarray(drawn, np.uint8)


def make_media(folder: Path, frames: int) -> None:
    """``source.jpg``, and ``clip.mp4``: a scene, swaying, 1080p, H.264."""
    source = encode_photo(Photo(scene("person_a_1")), "jpeg")
    (folder / "source.jpg").write_bytes(source)
    picture = scene("person_b_1")
    swayed = [
        av.VideoFrame.from_ndarray(np.roll(picture, shift, axis=1), "rgb24").reformat(
            format="yuv420p"
        )
        for shift in range(-20, 21)
    ]
    with av.open(str(folder / "clip.mp4"), "w") as sink:
        stream = sink.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(frames):
            frame = swayed[20 + round(20 * np.sin(index / 15))]
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))


def load(pack: ModelPack, runtime: Runtime, *, follow_on_gpu: bool = False) -> Pipeline:
    """Detector, landmarks, recogniser and generator of the stand-ins; all of them are used."""
    starter = ModelPack.open()
    canonical = Canonical.load(starter.read("canonical-mesh"))
    options = GeneratorOptions(identity_weight=1.0)
    engine = GeneratorEngine.load(pack, runtime, options, canonical)
    small = runtime if follow_on_gpu else tracking_runtime(engine, all_cores=runtime.latency_mode)
    analyser = FaceAnalyser.load(starter, runtime, pack, small)
    return Pipeline(
        analyser, engine, (pack,), HandFinder.load(starter, small or runtime, canonical)
    )


def sit(engine: Pipeline, photos: Sequence[BinaryIO]) -> tuple[SourceIdentity, SwapOptions]:
    """The source, whose face goes onto every face."""
    person = read_source(engine, [read_photo(photo.read()) for photo in photos])
    return person, SwapOptions(FaceSelection(FaceRule.ALL))


def busy() -> float:
    """Seconds that all cores of the machine were busy so far, together."""
    user, nice, system, *_ = map(int, Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--devices", default="0")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--provider", default="cuda")
    parser.add_argument("--follow-on-gpu", action="store_true")
    wanted = parser.parse_args()
    cv2.setNumThreads(1)  # the frames are spread over the cores, not one frame's parts
    devices = [int(device) for device in wanted.devices.split(",")]
    members = [Placement(device, 1) for _ in range(wanted.processes) for device in devices]

    def engine(place: Placement) -> Pipeline:
        pack = standin_pack(wanted.folder, FAMILIES)
        runtime = Runtime((wanted.provider,), place.threads, place.device)
        return load(pack, runtime, follow_on_gpu=wanted.follow_on_gpu)

    with ExitStack() as files:
        photo = files.enter_context((wanted.media / "source.jpg").open("rb"))
        clip = files.enter_context((wanted.media / "clip.mp4").open("rb"))
        sink = files.enter_context(tempfile.TemporaryFile())
        editor = None
        if len(members) > 1:
            pool = fork_pool(members, [photo], engine, sit)
            files.callback(pool.close)
            editor = pool.editor(WIDTH, HEIGHT, "yuv420p", probe(clip).frames)
            clip.seek(0)
            pool.wait_until_ready()
            # The lead needs none of the large networks.
            here = Pipeline.load(ModelPack.open(), Runtime(("cpu",)))
        else:
            here = engine(members[0])
        person, options = sit(here, [photo])
        before, here_before = busy(), time.process_time()
        with Usage() as usage:
            report = swap_video(
                here,
                person,
                clip,
                cast("BinaryIO", sink),
                options,
                container="mp4",
                editor=editor,
            )
        spent, spent_here = busy() - before, time.process_time() - here_before
    each = 1e3 / report.frames
    parts = ", ".join(f"{name} {each * value:.2f}" for name, value in report.seconds.items())
    print(
        f"{len(devices)} GPU x {wanted.processes} processes: "
        f"{report.frames / report.seconds['whole']:.1f} frames/s, "
        f"{report.faces_swapped} faces in {report.frames} frames, {each * spent:.1f} core-ms "
        f"a frame, {each * spent_here:.1f} of them in the lead, {usage}\n  ms a frame: {parts}",
        flush=True,
    )


if __name__ == "__main__":
    main()
