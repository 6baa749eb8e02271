"""How similar targets are to the source, before and after; measured in a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np

from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.networks.recogniser import similarity


@dataclass(frozen=True, slots=True)
class SimilarityReport:
    """Mean cosines ``before`` and ``after``; ``least``: the smallest of each person's best before.

    ``None`` where nothing was measured.
    """

    before: float | None
    after: float | None
    least: float | None


class SimilarityMeter:
    """Cosines of SFace embeddings to the source's, ``embedding`` (128,); thread-safe."""

    def __init__(self, analyser: FaceAnalyser, embedding: Float, *, wanted: bool) -> None:
        self._analyser = analyser
        self._embedding = embedding
        self._wanted = wanted
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._before: dict[int, list[Future[float]]] = {}
        self._after: list[Future[float]] = []

    def before(self, canvas: Canvas, face: Face, person: int) -> None:
        """Measure a face that is about to be changed. ``person``: a number for each tracked one."""
        self._measure(canvas, face, self._before.setdefault(person, []))

    def after(self, canvas: Canvas, face: Face) -> None:
        """Measure a face that was changed."""
        self._measure(canvas, face, self._after)

    def _measure(self, canvas: Canvas, face: Face, results: list[Future[float]]) -> None:
        if self._wanted:
            cut_out = self._analyser.cut_out(canvas, face)  # a copy: the canvas will change
            results.append(self._worker.submit(self._similarity, *cut_out))

    def _similarity(self, image: Image, face: Face) -> float:
        return similarity(self._embedding, self._analyser.recogniser.embed(image, face))

    def report(self) -> SimilarityReport:
        """Wait for all measurements and report them; nothing can be added afterwards."""
        people = [[future.result() for future in futures] for futures in self._before.values()]
        after = [future.result() for future in self._after]
        self._worker.shutdown()
        least = min((max(person) for person in people if person), default=None)
        return SimilarityReport(mean(list(chain.from_iterable(people))), mean(after), least)


def mean(values: Sequence[float]) -> float | None:
    """The mean; ``None`` without values."""
    return float(np.mean(values)) if values else None
