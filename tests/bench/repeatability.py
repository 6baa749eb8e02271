"""How far the mesh network's landmarks scatter over jittered crops, and how far off they lie.

python -m tests.bench.repeatability

The scatter of the first table is what ``appliance/pipeline/simulation/measuring/scatter.py`` holds.
The heads' shapes were drawn by the same network from a portrait, so real noses may lie further off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import EYE_CORNERS, OVAL
from appliance.pipeline.imaging.geometry import invert, square_crop, transform
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.networks.face_mesh import MARGIN, SIZE
from appliance.pipeline.run import read_source
from appliance.pipeline.simulation.measuring.landmarks import LANDMARKS
from appliance.pipeline.simulation.measuring.measurer import Measurer
from appliance.pipeline.simulation.view import View, ViewEstimator
from tests.bench.quality import load_pipeline, portraits
from tests.pipeline.heads import Head
from tests.pipeline.pictures import mesh_source, pixels_of

CROPS = 12
SCALES, TURN, SHIFT = (0.8, 1.25), 4.0, 0.06  # of the crop; degrees; shares of its side
HEADS = ("b_1", "c_1", "d_1", "e_1")
YAWS = (-8.0, 0.0, 8.0)


def main() -> None:
    """Print the scatter of each landmark, and of each measure as found and as propagated."""
    pipeline = load_pipeline()
    views = ViewEstimator(pipeline.analyser.canonical)
    console = Console(width=100)
    scatter, off, yaws, spread = [], [], [], []
    for number, (image, face, true) in enumerate(faces(pipeline)):
        size = (image.shape[1], image.shape[0])
        view = views.view(face.mesh, size)
        found = list(jittered(pipeline, image, face, np.random.default_rng(number)))
        again = [pipeline.analyser.mesh_estimator.follow(image, one) for one in found]
        scatter.append([_scatter(ones) * view.scale.mm for ones in (found, again)])
        spread.append(measured(view, found))
        if true is not None:
            off.append(np.linalg.norm((face.mesh - true[0])[:, :2], axis=1) * view.scale.mm)
            yaws.append(view.yaw - true[1])
    console.print(_landmarks(np.stack(scatter), np.stack(off)))
    console.print(_measures(spread))
    console.print(f"yaw of rendered heads: {_rms(np.array(yaws)):.1f} degrees off (RMS)")


def faces(pipeline: Pipeline) -> Iterator[tuple[Image, Face, tuple[Float, float] | None]]:
    """Pictures, the face in each, and of rendered heads the true mesh and yaw."""
    photos = portraits()
    for photo in photos.values():
        yield pixels_of(photo), pipeline.analyser.faces(photo.canvas)[0], None
    for name in HEADS:
        head = Head(pipeline.analyser.canonical, mesh_source(read_source(pipeline, [photos[name]])))
        for yaw in YAWS:
            drawn = head.render(yaw)
            near = pipeline.analyser.mesh_estimator.follow(drawn.image, drawn.face)
            found = pipeline.analyser.mesh_estimator.follow(drawn.image, near)
            yield drawn.image, found, (drawn.face.mesh, yaw)


def jittered(
    pipeline: Pipeline, image: Image, face: Face, random: np.random.Generator
) -> Iterator[Face]:
    """What the network finds in jittered crops around a face."""
    right, left = face.points[EYE_CORNERS]
    angle = float(np.arctan2(*(left - right)[::-1]))
    upright = square_crop(np.zeros(2, np.float32), float(SIZE), angle, SIZE)
    turned = transform(face.points[OVAL], upright)
    low, high = turned.min(axis=0), turned.max(axis=0)
    centre = transform(((low + high) / 2)[None], invert(upright))[0]
    side = float((high - low).max()) * MARGIN
    for _ in range(CROPS):
        shift = random.uniform(-SHIFT, SHIFT, 2) * side
        by = float(np.exp(random.uniform(*np.log(SCALES))))
        turn = float(np.radians(random.uniform(-TURN, TURN)))
        matrix = square_crop((centre + shift).astype(np.float32), side * by, angle + turn, SIZE)
        yield pipeline.analyser.mesh_estimator._run(image, matrix)


def measured(view: View, found: list[Face]) -> dict[str, tuple[float, float]]:
    """Of each measure: its scatter over meshes, and the one propagated from that of the points."""
    measurer = Measurer()
    values: dict[str, list[float]] = {}
    for face in found:
        for reading in measurer.measure(replace(view, mesh=face.mesh)).readings:
            values.setdefault(reading.name, []).append(reading.before)
    propagated = {one.name: one.repeatability for one in measurer.measure(view).readings}
    return {
        name: (float(np.std(all_, ddof=1)), propagated[name])
        for name, all_ in values.items()
        if name in propagated
    }


def _landmarks(scatter: Float, off: Float) -> Table:
    table = Table("landmark", "scatter mm", "largest", "of a second run", "off the truth mm")
    for name, point in LANDMARKS.items():
        first, second = np.sqrt((scatter[:, :, point] ** 2).mean(axis=2)).T  # over x and y
        figures = (_rms(first), first.max(), _rms(second), off[:, point].mean())
        table.add_row(name, *(f"{figure:.2f}" for figure in figures))
    return table


def _scatter(found: Sequence[Face]) -> Float:
    return np.asarray(np.stack([face.points for face in found]).std(axis=0, ddof=1), np.float32)


def _rms(values: Float) -> float:
    return float(np.sqrt((values**2).mean()))


def _measures(spread: list[dict[str, tuple[float, float]]]) -> Table:
    table = Table("measure", "faces", "scatter found (RMS)", "propagated (RMS)")
    names = dict.fromkeys(name for one in spread for name in one)
    for name in names:
        pairs = np.array([one[name] for one in spread if name in one])
        found, propagated = np.sqrt((pairs**2).mean(axis=0))
        table.add_row(name, str(len(pairs)), f"{found:.2f}", f"{propagated:.2f}")
    return table


if __name__ == "__main__":
    main()
