"""How alike each face of a film is to a person, measured in every frame."""

from __future__ import annotations

import io
from collections.abc import Sequence

from appliance.inference.batch_scheduler import InferenceTask
from appliance.pipeline.analysis.likeness import SimilarityMeter
from appliance.pipeline.analysis.same_person import SamePersonWatch
from appliance.pipeline.engine import Shot
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.video.transcode import transcode
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.run import SourceIdentity
from appliance.pipeline.selection import FaceSelection
from appliance.pipeline.video.frame_editor import FrameEditor
from appliance.pipeline.video.tracker import Tracker

LAST_RULE_INTERVAL = 150  # frames of a track from one measurement to the next, before this rule


class _UntouchedShot:
    def edit(
        self, canvas: Canvas, face: Face, share: float = 1.0, covered: Float | None = None
    ) -> InferenceTask[None]:
        yield from ()


class _Recorder(SamePersonWatch):
    """Measures each face of each frame and lets all through."""

    def __init__(self, pipeline: Pipeline, person: SourceIdentity) -> None:
        super().__init__(pipeline.analyser.recogniser, person.embedding, -2.0)
        self.cosines: dict[int, list[float]] = {}
        self._analyser = pipeline.analyser
        self._person = person

    def look(self, canvas: Canvas, faces: Sequence[tuple[int, Face]], seconds: float) -> list[bool]:
        for number, face in faces:
            cosine = similarity(self._person.embedding, self._analyser.embedding(canvas, face))
            self.cosines.setdefault(number, []).append(cosine)
        return [True] * len(faces)


def cosines_by_track(
    pipeline: Pipeline, person: SourceIdentity, film: bytes
) -> dict[int, list[float]]:
    """What a measurement in every frame would find, track by track."""
    recorder = _Recorder(pipeline, person)

    def start_shot() -> Shot:
        return _UntouchedShot()

    tracker = Tracker(pipeline.analyser, FaceSelection(), start_shot)
    meter = SimilarityMeter(pipeline.analyser, person.embedding, wanted=False)
    editor = FrameEditor(tracker, meter, 1, recorder)
    transcode(io.BytesIO(film), io.BytesIO(), editor.edit, container="mp4")
    return recorder.cosines


def best_of_each_track(cosines: dict[int, list[float]]) -> float:
    """The rule before this one: the best of some moments of each track, and the worst track."""
    return min(max(track[::LAST_RULE_INTERVAL]) for track in cosines.values())
