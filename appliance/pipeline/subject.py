"""Whom a simulation is about: the face of a photo, by the network, by points set by hand, or both.

Several programs ask for it, and all of them go by the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.errors import NoFaceError
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import mouth_openness
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.run import face_of_one
from appliance.pipeline.selection import ALONE, WhichFace
from appliance.pipeline.simulation.bending import MeshBender
from appliance.pipeline.simulation.honesty import Given
from appliance.pipeline.simulation.points import PlacedPoints, proposed
from appliance.pipeline.simulation.view import View, ViewEstimator


@dataclass(frozen=True, slots=True)
class Subject:
    """The ``view`` of a face, and what else is known of it."""

    view: View
    given: Given


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where landmarks may lie, in a head that is turned by ``yaw`` degrees.

    ``network``: whether they are the network's, and not those of a standard face.
    """

    points: PlacedPoints
    yaw: float
    network: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """How a photo is called in messages, which of its faces is meant, and how to choose one."""

    name: str = "the photo"
    which: WhichFace | None = None
    hint: str = ALONE


_ASKED = Asked()


def subject(
    analyser: FaceAnalyser,
    canvas: Canvas,
    points: PlacedPoints | None = None,
    asked: Asked = _ASKED,
) -> Subject:
    """The face of a photo.

    ``points``: set by hand; with them the network need not find a face. Raises ``NoFaceError``
    where no face was found, or several of which none was chosen, and ``InputError`` where the
    points are too few or fit no face.
    """
    if points is None:
        face = face_of_one(analyser, canvas, asked.name, asked.which, asked.hint)
        size = (canvas.width, canvas.height)
        view = ViewEstimator(analyser.canonical).view(face.mesh, size)
        return Subject(view, Given(mouth_openness(face.points)))
    found = _if_any(analyser, canvas, asked)
    view = MeshBender(analyser.canonical).view(points, None if found is None else found.mesh)
    gap = 0.0 if found is None else mouth_openness(found.points)
    return Subject(view, Given(gap, points.complete(view.yaw), network=found is not None))


def proposal(
    analyser: FaceAnalyser, canvas: Canvas, yaw: float | None = None, asked: Asked = _ASKED
) -> Proposal:
    """Landmarks of the face of a photo, for a person to correct.

    ``yaw``: degrees by which a standard face in the middle of the photo is turned, from which to
    start where no face is found. Raises ``NoFaceError`` as :func:`subject`.
    """
    size = (canvas.width, canvas.height)
    face = _if_any(analyser, canvas, asked)
    if face is None:
        if yaw is None:
            raise NoFaceError(
                f"No face was found in {asked.name}.",
                "Give a yaw, such as 90 for a profile, to start from a standard face.",
            )
        standard = MeshBender(analyser.canonical).standard(size, yaw)
        return Proposal(proposed(standard, size, yaw), yaw, network=False)
    turned = ViewEstimator(analyser.canonical).view(face.mesh, size).yaw
    return Proposal(proposed(face.mesh, size, turned), turned, network=True)


def _if_any(analyser: FaceAnalyser, canvas: Canvas, asked: Asked) -> Face | None:
    """``None`` where the network finds no face; which of several is meant must be clear anyway."""
    try:
        return face_of_one(analyser, canvas, asked.name, asked.which, asked.hint)
    except NoFaceError:
        if analyser.faces(canvas):
            raise
        return None
