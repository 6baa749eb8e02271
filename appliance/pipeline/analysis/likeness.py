"""How alike targets are to the source, before and after; measured beside the main work."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np

from appliance.pipeline.analysis.analyser import Stages
from appliance.pipeline.face_model.face import Face, Float, Image
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.networks.recogniser import similarity


@dataclass(frozen=True, slots=True)
class Alike:
    """Mean cosines ``before`` and ``after``; of each person the best before, and the ``least``.

    ``None`` where nothing was measured.
    """

    before: float | None
    after: float | None
    least: float | None


class Likeness:
    """Cosines of SFace embeddings to the source's, ``embedding``; for several threads."""

    def __init__(self, stages: Stages, embedding: Float, *, wanted: bool) -> None:
        self._stages = stages
        self._embedding = embedding
        self._wanted = wanted
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._before: dict[int, list[Future[float]]] = {}
        self._after: list[Future[float]] = []

    def before(self, canvas: Canvas, face: Face, person: int) -> None:
        """Measure a face about to be changed. ``person``: a number for each that is followed."""
        self._measure(canvas, face, self._before.setdefault(person, []))

    def after(self, canvas: Canvas, face: Face) -> None:
        """Measure it once changed."""
        self._measure(canvas, face, self._after)

    def _measure(self, canvas: Canvas, face: Face, results: list[Future[float]]) -> None:
        if self._wanted:
            cut_out = self._stages.cut_out(canvas, face)  # a copy: the canvas will change
            results.append(self._worker.submit(self._similarity, *cut_out))

    def _similarity(self, image: Image, face: Face) -> float:
        return similarity(self._embedding, self._stages.recogniser.embed(image, face))

    def found(self) -> Alike:
        """All that was measured. Nothing can be added any more."""
        people = [[future.result() for future in futures] for futures in self._before.values()]
        after = [future.result() for future in self._after]
        self._worker.shutdown()
        least = min((max(person) for person in people if person), default=None)
        return Alike(mean(list(chain.from_iterable(people))), mean(after), least)


def mean(values: Sequence[float]) -> float | None:
    """``None`` of nothing."""
    return float(np.mean(values)) if values else None
