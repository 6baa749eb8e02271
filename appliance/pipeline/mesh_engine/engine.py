"""The mesh engine: a source's texture and shape drawn on a target's mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import ModelPack
from appliance.pipeline.appearance.illumination import LightMeter
from appliance.pipeline.appearance.look.planes import LookPlanes
from appliance.pipeline.appearance.visibility import AppearanceModel, VisibilityEstimator
from appliance.pipeline.engine import StartShot
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import PoseEstimator, ShapeTransfer
from appliance.pipeline.face_model.turn import TurnLimits
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.mesh_engine.editor import FaceEditor
from appliance.pipeline.mesh_engine.fit import SourceFit
from appliance.pipeline.mesh_engine.shot import MeshShot
from appliance.pipeline.mesh_engine.source import MeshSource, MeshSourceReader
from appliance.pipeline.mesh_engine.swapper import STILL, VIDEO, MeshSwapper

MESH_ENGINE = "geometric simulation"
# The mesh's angle for heads turned by 50 and by 60 degrees: there landmarks are off by 2.5 and
# 3.5 times as much as on a frontal face (tests.bench.profiles).
TURN_LIMITS = TurnLimits(full=40.0, none=47.0)


@dataclass(frozen=True, slots=True)
class PreparedMeshSource:
    """A person's texture and shape, and the editors that put them on faces."""

    source: MeshSource
    still: FaceEditor
    video: FaceEditor

    def shots(self, strength: Float, *, video: bool) -> StartShot:
        """See :class:`appliance.pipeline.engine.PreparedSource`."""
        editor = self.video if video else self.still

        def start() -> MeshShot:
            appearance = AppearanceModel() if video else None
            return MeshShot(editor, SourceFit(self.source, strength), appearance)

        return start


@dataclass(frozen=True, slots=True)
class MeshEngine:
    """See :class:`appliance.pipeline.engine.Engine`."""

    reader: MeshSourceReader
    still: FaceEditor
    video: FaceEditor
    provider: str
    name: str = MESH_ENGINE
    batch: int = 1
    source_margin: float = 0.0
    turn_limits: TurnLimits = TURN_LIMITS

    @classmethod
    def load(cls, pack: ModelPack, runtime: NetworkLoader, canonical: Canonical) -> Self:
        """From the starter pack, or another that can do all that it can.

        Raises ``ModelError`` or ``ProviderError``.
        """
        network = runtime.load(pack, "person-mask")
        pose_estimator, meter = PoseEstimator(canonical), LightMeter(canonical)
        visibility = VisibilityEstimator(canonical, network)
        transfer, planes = ShapeTransfer(canonical), LookPlanes(canonical)
        still, video = (
            FaceEditor(
                MeshSwapper(canonical, pose_estimator, transfer, preset), meter, visibility, planes
            )
            for preset in (STILL, VIDEO)
        )
        return cls(
            reader=MeshSourceReader(canonical, pose_estimator, meter, visibility),
            still=still,
            video=video,
            provider=network.provider,
        )

    def prepare(self, photos: Sequence[tuple[Image, Face]]) -> PreparedMeshSource:
        """See :class:`appliance.pipeline.engine.Engine`."""
        return PreparedMeshSource(self.reader.read(photos), self.still, self.video)
