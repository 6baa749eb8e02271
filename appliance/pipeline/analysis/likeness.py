"""How similar targets are to the source, before and after; measured in a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.analysis.same_person import SamePersonWatch
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.networks.recogniser import similarity


@dataclass(frozen=True, slots=True)
class SimilarityReport:
    """Mean cosines ``before`` and ``after``; ``least``: the smallest before.

    ``None`` where nothing was measured. ``watched``: how many faces, summed over the frames, a
    :class:`~appliance.pipeline.analysis.same_person.SamePersonWatch` looked at; ``least`` is its
    own if there was one.
    """

    before: float | None
    after: float | None
    least: float | None
    watched: int = 0


class SimilarityMeter:
    """Cosines of SFace embeddings to the source's, ``embedding`` (128,); thread-safe."""

    def __init__(self, analyser: FaceAnalyser, embedding: Float, *, wanted: bool) -> None:
        self._analyser = analyser
        self._embedding = embedding
        self._wanted = wanted
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._before: list[Future[float]] = []
        self._after: list[Future[float]] = []

    def before(self, canvas: Canvas, face: Face) -> None:
        """Measure a face that is about to be changed."""
        self._measure(canvas, face, self._before)

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
        before = [future.result() for future in self._before]
        after = [future.result() for future in self._after]
        self._worker.shutdown()
        return SimilarityReport(mean(before), mean(after), min(before, default=None))


def with_watch(report: SimilarityReport, watch: SamePersonWatch | None) -> SimilarityReport:
    """The report with what ``watch`` found, if there is one; nothing can be added afterwards."""
    if watch is None:
        return report
    found = watch.report()
    return replace(report, least=found.least, watched=found.faces)


def mean(values: Sequence[float]) -> float | None:
    """The mean; ``None`` without values."""
    return float(np.mean(values)) if values else None
