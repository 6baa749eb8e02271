"""One face through one shot, changed by the mesh engine."""

from __future__ import annotations

from appliance.inference.batch_scheduler import InferenceTask
from appliance.pipeline.appearance.visibility import AppearanceModel
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.mesh_engine.editor import FaceEditor
from appliance.pipeline.mesh_engine.fit import SourceFit

VISIBILITY_INTERVAL = 3  # frames of a video between estimates of what covers a face


class MeshShot:
    """How the source sits on the face settles over the frames.

    ``appearance``: what a video remembers of the face's usual appearance; ``None`` for a photo.
    """

    def __init__(
        self, editor: FaceEditor, fit: SourceFit, appearance: AppearanceModel | None = None
    ) -> None:
        self._editor = editor
        self._fit = fit
        self._appearance = appearance
        self._visibility: Float | None = None
        self._frames = 0

    def edit(
        self, canvas: Canvas, face: Face, share: float = 1.0, covered: Float | None = None
    ) -> InferenceTask[None]:
        """See :class:`appliance.pipeline.engine.Shot`."""
        yield from ()  # a generator by type: its networks see one frame at a time, in order
        self._frames += 1
        recent = self._visibility if self._frames % VISIBILITY_INTERVAL else None
        self._fit.share = share
        self._visibility = self._editor.edit(
            canvas, face, self._fit, self._appearance, recent, covered=covered
        )
