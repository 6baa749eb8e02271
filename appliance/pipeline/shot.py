"""One face through one shot: what an engine remembers of it from frame to frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from appliance.inference.batch_scheduler import InferenceTask
from appliance.pipeline.appearance.visibility import Usual
from appliance.pipeline.face_model.face import Face, Float
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.mesh_engine.editor import FaceEditor
from appliance.pipeline.mesh_engine.fit import Fit

LOOK_INTERVAL = 3  # frames between looks for what covers a face in a video


class Shot(Protocol):
    """Changes one face, frame by frame; a photo is a shot of one frame."""

    def edit(self, canvas: Canvas, face: Face) -> InferenceTask[None]:
        """The next frame, in place."""
        ...


Begin: TypeAlias = Callable[[], Shot]
"""Starts a shot, with nothing known of its face yet."""


class MeshShot:
    """The mesh engine's: how the source sits on the face settles over the frames."""

    def __init__(self, editor: FaceEditor, fit: Fit, usual: Usual | None = None) -> None:
        """``usual``: a video's memory of the face's look."""
        self._editor = editor
        self._fit = fit
        self._usual = usual
        self._shown: Float | None = None
        self._frames = 0

    def edit(self, canvas: Canvas, face: Face) -> InferenceTask[None]:
        """The next frame, in place."""
        yield from ()  # its networks look at one frame at a time, in order
        self._frames += 1
        known = self._shown if self._frames % LOOK_INTERVAL else None
        self._shown = self._editor.edit(canvas, face, self._fit, self._usual, known)
