"""How the engines hold as a head turns away: tables over rendered heads, and a sheet to look at.

python -m tests.bench.profiles [SHEET.png]

Each sample person's head is turned in steps of 10 degrees, and another person's face is put on it,
also beyond the limits of the engine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.inference.batch_scheduler import run_one
from appliance.inference.templates import ARCFACE_128
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.perspective_pose import PerspectivePose
from appliance.pipeline.face_model.regions import WHOLE_FACE, point_strengths
from appliance.pipeline.face_model.shape import facing
from appliance.pipeline.face_model.topology import SKIN_POINTS, eye_distance, five_points
from appliance.pipeline.face_model.turn import off_axis
from appliance.pipeline.generator_engine.engine import TURN_LIMITS as GENERATOR_LIMITS
from appliance.pipeline.imaging.geometry import invert, similarity_matrix, transform
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.mesh_engine.engine import TURN_LIMITS as MESH_LIMITS
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.run import SourceIdentity, read_source
from tests.bench.quality import load_pipeline, portraits
from tests.pipeline.heads import Head, Rendered, places_of
from tests.pipeline.pictures import mesh_source

# Whose head is turned, and whose face it gets.
PAIRS = (("b_1", "e_1"), ("c_1", "d_1"), ("d_1", "b_1"), ("e_1", "c_1"))
STEP = 10
AXES = {
    "to either side": [(side * angle, 0) for angle in range(0, 81, STEP) for side in (1, -1)],
    "up": [(0, angle) for angle in range(STEP, 61, STEP)],
    "down": [(0, -angle) for angle in range(STEP, 61, STEP)],
}
TINY_TURN = 0.5  # degrees from one frame to the next where jitter is measured
DRAWN = 3  # levels of 0-255 from which a pixel counts as changed
MISPLACED = 1.0  # cm of the face by which what is drawn may be off
CROP = 128  # pixels a side of a generator's crop


@dataclass(frozen=True, slots=True)
class Pose:
    """One head in one pose.

    ``turn``: degrees it truly is turned by. ``found``: whether the detector finds it. If a mesh is
    found too: ``angle`` degrees of the mesh, ``seen`` the same from x and y alone, in perspective,
    ``logit`` of its score, ``error`` of the landmarks
    that face the camera and ``jitter`` of all, both in eye distances of the frontal face;
    ``misplaced``: the share of the drawn pixels that belong elsewhere on the face, or not on it;
    ``crop``: how far a generator's crop is off, in its sides; ``gain``: of the SFace cosine to the
    source, and ``possible``, that of the source's own head in this pose; ``shares``: what the
    limits of the mesh engine and of the generator engine let through.
    """

    turn: int
    found: bool
    angle: float = np.nan
    seen: float = np.nan
    logit: float = np.nan
    error: float = np.nan
    jitter: float = np.nan
    misplaced: float = np.nan
    crop: float = np.nan
    gain: float = np.nan
    possible: float = np.nan
    shares: tuple[float, float] = (0.0, 0.0)
    tile: Image = field(default_factory=lambda: np.zeros((1, 1, 3), np.uint8), repr=False)


class Bench:
    """Measures one head with one source's face."""

    def __init__(self, pipeline: Pipeline, own: SourceIdentity, source: SourceIdentity) -> None:
        canonical = pipeline.analyser.canonical
        self._pipeline, self._analyser, self._source = pipeline, pipeline.analyser, source
        self._poses = PerspectivePose(canonical)
        self._head = Head(canonical, mesh_source(own))
        self._source_head = Head(canonical, mesh_source(source))
        self._unit = eye_distance(self._head.render().face.points)
        strength = point_strengths(canonical, {WHOLE_FACE: 1.0})
        self._start_shot = source.prepared.shots(strength, video=False)

    def measure(self, yaw: int, pitch: int) -> Pose:
        """What becomes of the head in a pose, in degrees."""
        turn = max(abs(yaw), abs(pitch))
        target = self._head.render(yaw, pitch, noise=turn)
        canvas = Photo(target.image).canvas
        is_found = bool(self._analyser.locate(canvas))
        faces = self._analyser.faces(canvas)
        if not faces:
            return Pose(turn, is_found, tile=target.image)
        face, estimator = faces[0], self._analyser.pose_estimator
        result = Photo(target.image.copy())
        before = self._likeness(result, face)
        run_one(self._start_shot().edit(result.canvas, face))
        possible = self._source_head.render(yaw, pitch)
        limits = (MESH_LIMITS, GENERATOR_LIMITS)
        return Pose(
            turn,
            is_found,
            angle=off_axis(face, estimator),
            seen=self._seen(face, canvas, along=1 if pitch else 0),
            logit=face.logit,
            error=self._error(face, target),
            jitter=self._jitter(face, target, self._nudged(yaw, pitch)),
            misplaced=self._misplaced(face, target, np.asarray(result.pixels, np.uint8)),
            crop=_crop_error(face.points, target.face.points),
            gain=self._likeness(result, face) - before,
            possible=self._likeness(Photo(possible.image), possible.face) - before,
            shares=(limits[0].share(face, estimator), limits[1].share(face, estimator)),
            tile=np.vstack([target.image, np.asarray(result.pixels, np.uint8)]),
        )

    def _seen(self, face: Face, canvas: Canvas, along: int) -> float:
        """Yaw, or pitch where ``along`` is 1, without its sign."""
        found = self._poses.of(face.mesh, (canvas.width, canvas.height))
        return abs((found.yaw, found.pitch)[along])

    def _nudged(self, yaw: int, pitch: int) -> Rendered:
        towards = TINY_TURN if not pitch else 0.0
        return self._head.render(yaw + towards, pitch + TINY_TURN - towards, noise=999)

    def _likeness(self, photo: Photo, face: Face) -> float:
        return similarity(self._source.embedding, self._analyser.embedding(photo.canvas, face))

    def _error(self, face: Face, target: Rendered) -> float:
        seen = facing(target.face.mesh, self._analyser.canonical.triangles)[:SKIN_POINTS] > 0.1
        off = np.linalg.norm((face.points - target.face.points)[:SKIN_POINTS], axis=1)
        return float(off[seen].mean()) / self._unit

    def _jitter(self, face: Face, first: Rendered, second: Rendered) -> float:
        estimator = self._analyser.mesh_estimator
        one = estimator.follow(first.image, face)
        other = estimator.follow(second.image, one)
        moved = (other.points - one.points) - (second.face.points - first.face.points)
        return float(np.linalg.norm(moved[:SKIN_POINTS], axis=1).mean()) / self._unit

    def _misplaced(self, face: Face, target: Rendered, result: Image) -> float:
        places = places_of(self._analyser.canonical, face)
        drawn = np.abs(result.astype(int) - target.image).max(axis=2) > DRAWN
        drawn &= np.isfinite(places[..., 0])  # not where only the target's own pixels move
        wrong = ~(np.linalg.norm(places - target.places, axis=2) <= MISPLACED)
        return float((drawn & wrong).sum() / max(int(drawn.sum()), 1))


def _crop_error(found: Float, true: Float) -> float:
    """How far the corners of a generator's crop are off, in its sides."""
    corners = np.array([[0, 0], [CROP, 0], [0, CROP], [CROP, CROP]], np.float32)
    template = ARCFACE_128.points(CROP)
    there = similarity_matrix(five_points(found), template)
    wanted = similarity_matrix(five_points(true), template)
    off = transform(transform(corners, invert(wanted)), there) - corners
    return float(np.linalg.norm(off, axis=1).mean()) / CROP


def tables(axes: Mapping[str, Sequence[Pose]]) -> Iterator[Table]:
    """One for each way to turn: medians over the heads of what was found."""
    for name, poses in axes.items():
        table = Table(title=f"Heads turned {name}")
        for heading in (
            "degrees", "detected", "mesh", "mesh's angle", "from x and y", "logit, least",
            "error", "error, worst", "jitter", "misplaced", "crop", "gain", "possible",
            "mesh engine", "generators",
        ):  # fmt: skip
            table.add_column(heading, justify="right")
        for turn in sorted({pose.turn for pose in poses}):
            table.add_row(*_row([pose for pose in poses if pose.turn == turn]))
        yield table


def _row(poses: Sequence[Pose]) -> list[str]:
    meshed = [pose for pose in poses if np.isfinite(pose.error)]
    start = [f"{poses[0].turn}", f"{np.mean([pose.found for pose in poses]):.0%}"]
    start.append(f"{len(meshed) / len(poses):.0%}")
    if not meshed:
        return start

    def median(name: str) -> float:
        return float(np.median([getattr(pose, name) for pose in meshed]))

    kept = np.mean([pose.shares for pose in poses], axis=0)
    return [
        *start,
        f"{median('angle'):.0f}",
        f"{median('seen'):.0f}",
        f"{min(pose.logit for pose in meshed):.1f}",
        f"{median('error'):.3f}",
        f"{max(pose.error for pose in meshed):.3f}",
        f"{median('jitter'):.4f}",
        f"{median('misplaced'):.0%}",
        f"{median('crop'):.1%}",
        f"{median('gain'):.2f}",
        f"{median('possible'):.2f}",
        f"{kept[0]:.0%}",
        f"{kept[1]:.0%}",
    ]


def sheet(poses: Sequence[Pose]) -> Image:
    """The poses side by side: the head above, what is drawn on it below."""
    height = max(len(pose.tile) for pose in poses)
    return np.hstack(
        [
            cv2.copyMakeBorder(p.tile, 0, height - len(p.tile), 0, 0, cv2.BORDER_CONSTANT)
            for p in poses
        ]
    )


def measured(pipeline: Pipeline, head: str, source: str) -> dict[str, list[Pose]]:
    """All poses of one head, by the way it is turned."""
    photos = portraits()
    own, other = (read_source(pipeline, [photos[name]]) for name in (head, source))
    bench = Bench(pipeline, own, other)
    return {name: [bench.measure(*pose) for pose in poses] for name, poses in AXES.items()}


def main() -> None:
    """Print the tables; write the sheet where asked."""
    pipeline = load_pipeline()
    every = [measured(pipeline, *pair) for pair in PAIRS]
    axes = {name: [pose for one in every for pose in one[name]] for name in AXES}
    for table in tables(axes):
        Console(width=176).print(table)
    if len(sys.argv) > 1:
        rows = [sheet(one[name]) for one in every for name in AXES]
        width = max(row.shape[1] for row in rows)
        rows = [
            np.asarray(cv2.copyMakeBorder(row, 0, 0, 0, width - row.shape[1], 0)) for row in rows
        ]
        cv2.imwrite(sys.argv[1], cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
