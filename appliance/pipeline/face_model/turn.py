"""How far a face is turned from the camera, and how much of a change that allows.

The mesh network sees a face that turns away as less turned than it is, and near the profile it
lays a nearly frontal mesh on the cheek. Two signs tell of it: the angle of the mesh, which is right
up to about 30 degrees, and the network's own score, which falls as the mesh begins to fold. On
rendered heads that are turned to the side (``python -m tests.bench.profiles``):

==========================  ====  ====  ====  ====  ====  ====  ====
turned by, degrees             0    30    40    50    60    70    80
the mesh's angle               2    26    33    40    47    51    32
landmark error, %            1.8   2.7   3.4   4.6   6.3   8.5    42
the worst of them            2.1   3.7   4.4   8.3    22    50    56
the lowest score, as logit    21    16    12     5     1     0     0
==========================  ====  ====  ====  ====  ====  ====  ====

The error is a share of the eye distance. From 6 on features are drawn twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import PoseEstimator
from appliance.pipeline.imaging.geometry import ramp

# Logits of the mesh network's score between which the mesh of a turned face is folded, and is not.
# On rendered heads no mesh below the first is right, and in photographs no turned face has less.
FOLDED = (8.0, 11.0)
# Degrees between which a low score begins to count as a sign of that. Faces that the picture's
# border cuts, or that are out of focus, have one too, and were seen up to 17; a mesh that folded
# has 18 and more.
ASIDE = (15.0, 20.0)
ENOUGH = 0.5  # of the change: less of it is not worth a photo


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """Degrees of the mesh's angle: up to ``full`` a face is changed, from ``none`` on it is left.

    In between a video fades from the one to the other, and a photo's face is changed in full in the
    first half and not at all in the second.
    """

    full: float
    none: float

    def allow(self, face: Face, pose_estimator: PoseEstimator) -> bool:
        """Whether a photo's face is changed."""
        return self.share(face, pose_estimator) >= ENOUGH

    def share(self, face: Face, pose_estimator: PoseEstimator) -> float:
        """How much of the change the face's turn allows: 1 all, 0 none."""
        angle = off_axis(face, pose_estimator)
        folded = ramp(angle, *ASIDE) * (1 - ramp(face.logit, *FOLDED))
        return 1 - max(ramp(angle, self.full, self.none), folded)


def off_axis(face: Face, pose_estimator: PoseEstimator) -> float:
    """Degrees between the way a face looks and the way to the camera, whatever its tilt."""
    _, rotation, _ = pose_estimator.pose(face.mesh)
    return float(np.degrees(np.arccos(np.clip(-rotation[2, 2], -1, 1))))
