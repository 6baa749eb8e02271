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
from appliance.pipeline.simulation.scale import Scale
from appliance.pipeline.simulation.view import View, ViewEstimator


@dataclass(frozen=True, slots=True)
class Subject:
    """The ``view`` of a face, and what else is known of it.

    ``face``: as the network found it; ``None`` where it found none, and points do.
    """

    view: View
    given: Given
    face: Face | None


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
    """How a photo is called in messages, which of its faces is meant, and how to choose one.

    ``yaw``: how a yaw is called, from which to start where no face is found.
    """

    name: str = "the photo"
    which: WhichFace | None = None
    hint: str = ALONE
    yaw: str = "a yaw"


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
        face: Face | None = face_of_one(analyser, canvas, asked.name, asked.which, asked.hint)
    else:
        face = face_if_any(analyser, canvas, asked)
    return subject_of(analyser, (canvas.width, canvas.height), face, points)


def subject_of(
    analyser: FaceAnalyser, size: tuple[int, int], face: Face | None, points: PlacedPoints | None
) -> Subject:
    """The same of a photo of ``size`` (w, h) whose ``face`` was found before.

    Raises as :func:`view_in`.
    """
    view = view_in(analyser, size, face, points)
    complete = frozenset[str]() if points is None else points.complete(view.yaw)
    gap = 0.0 if face is None else mouth_openness(face.points)
    return Subject(view, Given(gap, complete, network=face is not None), face)


def view_of(
    analyser: FaceAnalyser,
    canvas: Canvas,
    face: Face | None,
    points: PlacedPoints | None,
    scale: Scale | None = None,
) -> View:
    """The view of a face in ``canvas``, as :func:`view_in`, which raises."""
    return view_in(analyser, (canvas.width, canvas.height), face, points, scale)


def view_in(
    analyser: FaceAnalyser,
    size: tuple[int, int],
    face: Face | None,
    points: PlacedPoints | None,
    scale: Scale | None = None,
) -> View:
    """The view of a face by the network, by ``points`` set by hand, or by both.

    ``size``: (w, h) of the picture. ``scale``: where it is known. Raises ``InputError`` where the
    points are too few or fit no face, and ``NoFaceError`` where there is neither.
    """
    if points is not None:
        mesh = None if face is None else face.mesh
        return MeshBender(analyser.canonical).view(points, mesh, scale)
    if face is None:
        raise NoFaceError("There is neither a face nor points.", "Set points by hand.")
    return ViewEstimator(analyser.canonical).view(face.mesh, size, scale)


def face_if_any(analyser: FaceAnalyser, canvas: Canvas, asked: Asked = _ASKED) -> Face | None:
    """The face that is meant; ``None`` where the network finds none.

    Raises ``NoFaceError`` where there are several and none was chosen: points cannot say which.
    """
    try:
        return face_of_one(analyser, canvas, asked.name, asked.which, asked.hint)
    except NoFaceError:
        if analyser.faces(canvas):
            raise
        return None


def proposal(
    analyser: FaceAnalyser, canvas: Canvas, yaw: float | None = None, asked: Asked = _ASKED
) -> Proposal:
    """Landmarks of the face of a photo, for a person to correct.

    ``yaw``: degrees by which a standard face in the middle of the photo is turned, from which to
    start where no face is found. Raises ``NoFaceError`` as :func:`subject`.
    """
    face = face_if_any(analyser, canvas, asked)
    return proposal_of(analyser, (canvas.width, canvas.height), face, yaw, asked)


def proposal_of(
    analyser: FaceAnalyser,
    size: tuple[int, int],
    face: Face | None,
    yaw: float | None = None,
    asked: Asked = _ASKED,
) -> Proposal:
    """The same of a photo of ``size`` (w, h) whose ``face`` was found before.

    Raises ``NoFaceError`` where there is none and no ``yaw``.
    """
    if face is None:
        if yaw is None:
            raise NoFaceError(
                f"No face was found in {asked.name}.",
                f"Give {asked.yaw}, such as 90 for a profile, to start from a standard face.",
            )
        standard = MeshBender(analyser.canonical).standard(size, yaw)
        return Proposal(proposed(standard, size, yaw), yaw, network=False)
    turned = view_in(analyser, size, face, None).yaw
    return Proposal(proposed(face.mesh, size, turned), turned, network=True)
