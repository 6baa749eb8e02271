"""What the gain of likeness depends on: properties of sources and targets against it.

python -m tests.bench.likeness FOLDER [RESULTS.json]

``FOLDER`` holds photos named after the person, then ``_`` and anything: ``anna_1.jpg``; the sample
portraits are added. Every photo becomes the source of a few others and their target. What was
measured is kept in ``RESULTS.json``, where a run that was interrupted goes on. Each property is
judged by how well it predicts the gain of people who were kept out of the fit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.inference.batch_scheduler import run_one
from appliance.pipeline.analysis.source_quality import sharpness
from appliance.pipeline.appearance.illumination import at_skin_resolution
from appliance.pipeline.appearance.tone import LUMA, log_colour
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.regions import WHOLE_FACE, point_strengths, region_weights
from appliance.pipeline.face_model.shape import ShapeTransfer
from appliance.pipeline.face_model.topology import (
    eye_distance,
    eye_openness,
    five_points,
    mouth_openness,
)
from appliance.pipeline.face_model.turn import off_axis
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo, in_colours_of, read_photo
from appliance.pipeline.mesh_engine.engine import MeshEngine
from appliance.pipeline.mesh_engine.source import MeshSource
from appliance.pipeline.networks.recogniser import similarity, unit
from appliance.pipeline.run import SourceIdentity, read_source
from tests.bench.quality import load_pipeline, portraits
from tests.pipeline.pictures import mesh_source

TARGETS = 4  # that each photo is put on
SAMPLES = "sample "  # before the names of the sample people
RIDGE = 1.0  # shrinks coefficients of standardised properties


@dataclass(frozen=True, slots=True)
class Subject:
    """One photo: who it shows, the face in it, and the person as a source."""

    person: str
    photo: Photo
    face: Face
    source: SourceIdentity
    facts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One swap: whose face on whose, the gain of the SFace cosine, and what is known of both."""

    source: str
    target: str
    gain: float
    facts: Mapping[str, float]


class Study:
    """Reads photos and swaps pairs of them."""

    def __init__(self, pipeline: Pipeline) -> None:
        assert isinstance(pipeline.engine, MeshEngine)
        self._pipeline, self._engine = pipeline, pipeline.engine
        self._analyser = pipeline.analyser
        self._strength = point_strengths(self._analyser.canonical, {WHOLE_FACE: 1.0})
        self._transfer = ShapeTransfer(self._analyser.canonical)

    def read(self, person: str, photo: Photo) -> Subject:
        """A photo and what can be measured in it."""
        photo = in_colours_of(photo, Photo(photo.pixels))
        face = self._analyser.faces(photo.canvas)[0]
        source = read_source(self._pipeline, [photo])
        return Subject(person, photo, face, source, self._facts(photo, face, source))

    def _facts(self, photo: Photo, face: Face, source: SourceIdentity) -> dict[str, float]:
        image, local = self._analyser.cut_out(photo.canvas, face)
        still = self._engine.still
        small, points = at_skin_resolution(image, local.points)
        light = still.meter.measure(small, points, still.swapper.facing(local))
        albedo = still.visibility.albedo(small, points, light)
        mesh = mesh_source(source)
        recogniser = self._analyser.recogniser
        feature = run_one(recogniser.feature(image, five_points(local.points)))
        drawn = Photo(photo.pixels.copy())
        self._draw(source, drawn, face)
        itself = self._analyser.embedding(drawn.canvas, face)
        return {
            "eye distance, log pixels": float(np.log(eye_distance(face.points))),
            "sharpness": sharpness(image, local),
            "turn, degrees": off_axis(face, self._analyser.pose_estimator),
            "mouth openness": mouth_openness(face.points),
            "eye openness": float(np.mean(eye_openness(face.points))),
            "unevenness of the light": float(np.std(light.field @ LUMA)),
            "brightness of the skin": float(light.mean @ LUMA),
            "trusted share of the texture": float(mesh.cover.mean()),
            "shape, cm from the average": _rms(mesh.shape - self._analyser.canonical.xyz),
            "length of the embedding": float(np.linalg.norm(feature)),
            "cosine to itself, redrawn": similarity(source.embedding, itself),
            "colour": float(np.abs(light.mean - light.mean @ LUMA).max()),
            "spectacles": float(still.visibility.covering(albedo, light).mean()),
            "beard": self._beard(mesh),
        }

    def _beard(self, source: MeshSource) -> float:
        """How much darker the jaw is than the cheeks, in log luminance."""
        at = self._analyser.canonical.uv * source.texture.shape[0] - 0.5
        colours = images.remapped(source.texture, np.asarray(at[None], np.float32))[0]
        luma = log_colour(np.maximum(colours, 0)) @ LUMA
        parts = region_weights(self._analyser.canonical)
        means = [np.average(luma, weights=parts[name]) for name in ("cheeks", "jaw")]
        return float(means[0] - means[1])

    def swap(self, source: Subject, target: Subject) -> Outcome:
        """The source's face on the target."""
        result = Photo(target.photo.pixels.copy())
        self._draw(source.source, result, target.face)
        before = similarity(source.source.embedding, target.source.embedding)
        found = self._analyser.embedding(result.canvas, target.face)
        shapes = [mesh_source(one.source).shape for one in (source, target)]
        return Outcome(
            source.person,
            target.person,
            similarity(source.source.embedding, found) - before,
            _pair_facts(source, target, before, self._transfer.difference(*shapes)),
        )

    def _draw(self, source: SourceIdentity, photo: Photo, face: Face) -> None:
        run_one(source.prepared.shots(self._strength, video=False)().edit(photo.canvas, face))


def _pair_facts(
    source: Subject, target: Subject, before: float, difference: Float
) -> dict[str, float]:
    facts = {f"source: {name}": value for name, value in source.facts.items()}
    facts |= {f"target: {name}": value for name, value in target.facts.items()}
    pair = {
        name: abs(source.facts[name] - target.facts[name])
        for name in ("turn, degrees", "mouth openness", "brightness of the skin")
    }
    facts |= {f"difference: {name}": value for name, value in pair.items()}
    facts["difference: shape, cm"] = _rms(difference)
    facts["cosine before"] = before
    return facts


def _rms(vectors: Float) -> float:
    return float(np.sqrt((vectors**2).sum(axis=1).mean()))


def pairs(people: Sequence[str]) -> list[tuple[int, int]]:
    """Which photo is put on which: each on ``TARGETS`` others, and each gets as many."""
    found = []
    count = len(people)
    for step in np.random.default_rng(0).permutation(np.arange(1, count)):
        every = [(i, int(i + step) % count) for i in range(count)]
        if all(people[i] != people[j] for i, j in every):
            found += every
        if len(found) == TARGETS * count:
            break
    return found


def typical(subjects: Sequence[Subject]) -> list[float]:
    """For each the cosine of its embedding to the mean of other people's."""
    return [
        similarity(
            one.source.embedding,
            unit(
                np.mean(
                    [other.source.embedding for other in subjects if other.person != one.person],
                    axis=0,
                )
            ),
        )
        for one in subjects
    ]


def predicted(outcomes: Sequence[Outcome], names: Sequence[str]) -> float:
    """How much of the gain's variance ``names`` predict for people who were kept out: 1 all.

    A person is kept out by fitting without every pair they are in. Below 0 the mean is better.
    """
    gains = np.array([one.gain for one in outcomes])
    table = np.array([[one.facts[name] for name in names] for one in outcomes])
    wrong, spread, weight = 0.0, 0.0, 0.0
    for person in sorted({one.source for one in outcomes}):
        out = np.array([person in (one.source, one.target) for one in outcomes])
        middle, deviation = table[~out].mean(axis=0), table[~out].std(axis=0) + 1e-9
        known = (table[~out] - middle) / deviation
        mean = gains[~out].mean()
        solved = np.linalg.solve(
            known.T @ known + RIDGE * np.eye(len(names)), known.T @ (gains[~out] - mean)
        )
        guess = mean + (table[out] - middle) / deviation @ solved
        wrong += float(((gains[out] - guess) ** 2).sum())
        spread += float(((gains[out] - mean) ** 2).sum())
        weight += out.sum()
    return 1 - wrong / spread


def shares_of_variance(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """What sources alone, targets alone and both explain of the gain's variance, within the fit."""
    gains = np.array([one.gain for one in outcomes])

    def columns(who: Sequence[str]) -> Float:
        return np.array([[name == person for person in sorted(set(who))] for name in who], float)

    sources, targets = ([getattr(o, side) for o in outcomes] for side in ("source", "target"))
    found = {}
    for name, table in {
        "sources": columns(sources),
        "targets": columns(targets),
        "both": np.hstack([columns(sources), columns(targets)]),
    }.items():
        rest = gains - table @ np.linalg.lstsq(table, gains, rcond=None)[0]
        found[name] = 1 - float(rest.var() / gains.var())
    return found


def measured(pipeline: Pipeline, folder: Path, kept: Path | None) -> list[Outcome]:
    """Every pair of the photos in ``folder`` and the sample portraits."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    photos = [(file.stem.split("_")[0], read_photo(file.read_bytes())) for file in files]
    photos += [(SAMPLES + name[0], photo) for name, photo in portraits().items()]
    chosen = pairs([person for person, _ in photos])
    done = json.loads(kept.read_text()) if kept is not None and kept.is_file() else []
    study = Study(pipeline)
    subjects = [study.read(*photo) for photo in photos] if len(done) < len(chosen) else []
    baseline = typical(subjects)
    for one, other in chosen[len(done) :]:
        found = study.swap(subjects[one], subjects[other])
        own = {
            "source: cosine to the average of others": baseline[one],
            "target: cosine to the average of others": baseline[other],
        }
        done.append([found.source, found.target, found.gain, {**found.facts, **own}])
        if kept is not None:
            kept.write_text(json.dumps(done))
    return [Outcome(*one) for one in done]


def gaps(outcomes: Sequence[Outcome]) -> Table:
    """The mean gain by whether source and target are sample people."""
    table = Table(title=f"Gain of {len(outcomes)} pairs")
    for heading in ("source", "target", "pairs", "gain"):
        table.add_column(heading, justify="right")
    for source in (True, False):
        for target in (True, False):
            found = [
                one.gain
                for one in outcomes
                if (one.source.startswith(SAMPLES), one.target.startswith(SAMPLES))
                == (source, target)
            ]
            words = ["sample" if side else "kept out" for side in (source, target)]
            table.add_row(*words, f"{len(found)}", f"{np.mean(found):.3f}" if found else "")
    for name, share in shares_of_variance(outcomes).items():
        table.add_row("of the variance", name, "", f"{share:.0%}")
    return table


def properties(outcomes: Sequence[Outcome]) -> Table:
    """What each property predicts alone, and what the best few do together."""
    names = sorted(outcomes[0].facts)
    gains = [one.gain for one in outcomes]
    alone = {name: predicted(outcomes, [name]) for name in names}
    table = Table(title="Share of the gain's variance that is predicted for people kept out")
    for heading in ("property", "alone", "correlation", "with those above"):
        table.add_column(heading, justify="left" if heading == "property" else "right")
    chosen: list[str] = []
    best = 0.0
    while len(chosen) < len(names):
        scores = {
            name: predicted(outcomes, [*chosen, name]) for name in names if name not in chosen
        }
        name = max(scores, key=scores.__getitem__)
        if scores[name] < best + 0.005:
            break
        chosen.append(name)
        best = scores[name]
    rest = sorted(set(names) - set(chosen), key=alone.__getitem__, reverse=True)
    for place, name in enumerate([*chosen, *rest]):
        values = [one.facts[name] for one in outcomes]
        together = predicted(outcomes, chosen[: place + 1]) if place < len(chosen) else None
        table.add_row(
            name,
            f"{alone[name]:.3f}",
            f"{np.corrcoef(values, gains)[0, 1]:+.2f}",
            "" if together is None else f"{together:.3f}",
        )
    return table


def main() -> None:
    """Print the tables."""
    kept = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    outcomes = measured(load_pipeline(), Path(sys.argv[1]), kept)
    for table in (gaps(outcomes), properties(outcomes)):
        Console(width=110).print(table)


if __name__ == "__main__":
    main()
