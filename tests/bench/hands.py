"""How well hands before faces are found and kept: tables.

python -m tests.bench.hands
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.hands.follower import HandFollower
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import read_source
from tests.bench.quality import load_pipeline, portraits
from tests.fetch import CLIP, HAND_CLIP
from tests.pipeline.hands.composites import DARK, LIGHT, OWN, Cut, Placing, laid
from tests.pipeline.hands.outlines import (
    HAND_FRAMES,
    OUTLINED,
    frames,
    hand_of,
    inner,
    oval_of,
)
from tests.pipeline.pictures import pixels_of
from tests.pipeline.steadiness import meshes
from tests.pipeline.videos import edited, encoded

RATE = 24
FIRST, END = 40, 240  # frames of the clip that are swapped
CHANGED = 8  # levels of 255 from which a pixel is painted over
SOURCE = "d_1"
STARTS = range(60, 222, 7)
PATIENCE = 20  # frames
STILLS = range(61, 230, 4)
CUTS = (106, 160, 208)
TURNS = {"from below": 0, "from the left": 1, "from above": 2, "from the right": 3}
TONES = {"own skin": OWN, "dark": DARK, "light": LIGHT}


@dataclass(frozen=True)
class Scene:
    """Consecutive frames and the face in each; ``first``: the number of the first."""

    frames: Sequence[Image]
    faces: Sequence[Face]
    first: int = 0

    def at(self, number: int) -> tuple[Image, Face]:
        return self.frames[number - self.first], self.faces[number - self.first]


Row = tuple[str, str, str]


def kept(pipeline: Pipeline, scene: Scene) -> Iterator[Row]:
    """What is painted over of the outlined hands."""
    person = read_source(pipeline, [portraits()[SOURCE]])
    seen = edited(pipeline, person, encoded(scene.frames, rate=RATE))
    hand, core, beside = [], [], []
    for number in OUTLINED:
        _, face = scene.at(number)
        before, after = (
            shown[number - scene.first].astype(int) for shown in (seen.rgb_before, seen.rgb_after)
        )
        changed = np.abs(after - before).max(axis=2) > CHANGED
        outline, oval = hand_of(number, changed.shape), oval_of(face, changed.shape)
        hand.append(changed[outline & oval].mean())
        core.append(changed[inner(outline) & oval].mean())
        beside.append(changed[oval & ~outline].mean())
    for what, shares, goal in (
        ("hand within the oval painted over", hand, "<= 5 %"),
        ("... more than 2 pixels within the hand's edge", core, "<= 1 %"),
        ("face beside the hand changed", beside, ""),
    ):
        yield what, f"{np.mean(shares):.1%} (worst {np.max(shares):.1%})", goal


def followed(pipeline: Pipeline, scene: Scene) -> Iterator[Row]:
    """How soon a hand is found, and how long it is followed."""
    seen = _watched(pipeline, scene)
    with_hand = [bool(seen[number - scene.first]) for number in HAND_FRAMES]
    without = sum(map(bool, seen)) - sum(with_hand)
    yield "frames with the hand in which it is followed", _share(with_hand), ""
    yield "frames before and after in which one is seen", str(without), "0"
    delays = []
    for start in STARTS:
        at = start - scene.first
        part = Scene(scene.frames[at : at + PATIENCE], scene.faces[at : at + PATIENCE], start)
        found = [bool(hands) for hands in _watched(pipeline, part)]
        delays.append(found.index(True) if any(found) else PATIENCE)
    late = f"{sum(delay >= 5 for delay in delays)} of {len(delays)} later than the fifth frame"
    yield (
        "frames until a film that starts with the hand has it",
        f"{np.mean(delays):.1f}; {late}",
        "",
    )


def in_photos(pipeline: Pipeline, scene: Scene) -> Iterator[Row]:
    """Whether hands are found in single pictures."""
    yield (
        "frames of the clip as photos, hand found",
        _share(
            [
                bool(pipeline.hands.search(PhotoCanvas(image), face))
                for image, face in map(scene.at, STILLS)
            ]
        ),
        "",
    )
    cuts = [Cut.of(number, *scene.at(number)) for number in CUTS]
    photos = portraits()
    for (way, quarters), (skin, tone) in product(TURNS.items(), TONES.items()):
        found = []
        for name, mirrored, cut in product(
            ("a_1", "b_1", "c_1", "d_1", "e_1"), (False, True), cuts
        ):
            target = pixels_of(photos[name])
            face = pipeline.analyser.faces(Photo(target).canvas)[0]
            made = laid(cut, target, face, Placing(mirrored, quarters, 1.0, tone))
            found.append(bool(pipeline.hands.search(PhotoCanvas(made.image), made.face)))
        yield f"the clip's hand laid on portraits, {way}, {skin}: found", _share(found), ""


def false_hands(pipeline: Pipeline) -> Iterator[Row]:
    """Hands where there are none."""
    photos = portraits().values()
    count = sum(
        len(pipeline.hands.search(photo.canvas, face))
        for photo in photos
        for face in pipeline.analyser.faces(photo.canvas)
    )
    yield f"hands seen in {len(photos)} portraits without any", str(count), "0"
    with av.open(str(CLIP)) as container:
        shown = [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for frame in container.decode(video=0)
        ]
    scene = Scene(shown, meshes(pipeline, shown))
    seen = sum(map(bool, _watched(pipeline, scene)))
    yield f"frames of {len(shown)} of the clip of one face with a hand", str(seen), "0"


def cost(pipeline: Pipeline, scene: Scene) -> Iterator[Row]:
    """Core time of looking for hands and of following one, a frame."""
    for what, numbers in (("with a hand", range(100, 160)), ("without", range(FIRST, 56))):
        some = [scene.at(number) for number in numbers]
        images, faces = [image for image, _ in some], [face for _, face in some]
        part = Scene(images, faces, numbers[0])
        started = time.process_time()
        _watched(pipeline, part)
        spent = (time.process_time() - started) / len(numbers)
        yield f"core time a frame of 640 × 360 {what}", f"{spent * 1000:.1f} ms", ""


def _watched(pipeline: Pipeline, scene: Scene) -> list[tuple[object, ...]]:
    follower = HandFollower(pipeline.hands)
    return [
        follower.update(PhotoCanvas(image), face, scene.first + number, 1 / RATE)
        for number, (image, face) in enumerate(zip(scene.frames, scene.faces, strict=True))
    ]


def _share(found: Sequence[bool]) -> str:
    return f"{sum(found)} of {len(found)}"


def main() -> None:
    """Print the table."""
    pipeline = load_pipeline()
    shown = frames(HAND_CLIP, FIRST, END)
    scene = Scene(shown, meshes(pipeline, shown), FIRST)
    table = Table(title="Hands before faces")
    for heading in ("what", "measured", "goal"):
        table.add_column(heading)
    parts: tuple[Callable[[Pipeline, Scene], Iterator[Row]], ...] = (
        kept,
        followed,
        in_photos,
        cost,
    )
    for part in parts:
        for row in part(pipeline, scene):
            table.add_row(*row)
    for row in false_hands(pipeline):
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
