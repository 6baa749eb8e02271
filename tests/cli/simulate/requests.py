"""A request for a report about a face of no person: noise, and the canonical face in it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from appliance.cli.simulate.report.request import LogProof, ReportRequest, Result
from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.simulation.measuring.landmarks import LANDMARKS
from appliance.pipeline.simulation.simulator import Simulator
from tests.pipeline.simulation.views import SIZE, view_of

PHOTO_SHA, WISHED_SHA, LEAST_SHA = "a1" * 32, "b2" * 32, "c3" * 32
PROOF = LogProof(7, "c2sp.org/tlog-proof@v1\nindex 7\nYWJj\n", "log.example+01234567+YWJj")
FRONT: Mapping[str, float] = {"alar-width": -2.0, "chin-height": 3.0}
PROFILE: Mapping[str, float] = {"tip-rotation": 6.0, "hump": -2.0}


def request_of(canonical: Canonical, yaw: float = 0.0) -> ReportRequest:
    """Of a front, or of a profile whose points were set by hand."""
    random = np.random.default_rng(3)
    photo = random.integers(90, 170, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    view = view_of(canonical, yaw, error=0.065)
    simulator = Simulator(canonical)

    def result(values: Mapping[str, float], sha256: str) -> Result:
        picture = photo.copy()
        return Result.of(
            picture, simulator.simulate(PhotoCanvas(picture), view, values), values, sha256
        )

    values = FRONT if yaw == 0 else PROFILE
    points = {
        index: (float(view.mesh[index, 0]), float(view.mesh[index, 1]))
        for index in LANDMARKS.values()
    }
    return ReportRequest(
        photo=photo,
        view=view,
        triangles=canonical.triangles[canonical.kind != SKIRT_RING],
        wished=result(values, WISHED_SHA),
        least=result({name: value / 2 for name, value in values.items()}, LEAST_SHA),
        photo_sha256=PHOTO_SHA,
        points={} if yaw == 0 else points,
        proof=PROOF,
    )
