"""How well a face shows in a picture, in numbers, and what that means for its use as a source."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import msgspec
import numpy as np

from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Detection, Face
from appliance.pipeline.face_model.perspective_pose import angles
from appliance.pipeline.face_model.topology import eye_distance, eye_openness, mouth_openness
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Canvas

# Eye distances in pixels: below the first the result is a blur, from the second it is crisp.
SMALL, LARGE = 32, 80
# Degrees off the camera: up to the first both halves of the face are seen, from the second one
# is made up of the other's mirror image.
TURNED, PROFILE = 25, 45
NODDING, TILTED = 20, 35
# By eye on the sample portraits and Gaussian blurs of them: crisp ones have 12 and more; a blur
# of a fiftieth of the eye distance leaves 4.
BLURRED, SOFT = 3.0, 6.0
SHARPNESS_SCALE = 100.0  # pixels of eye distance at which sharpness is measured
CLOSED_EYE = 0.04  # lid gaps over the eye distance
OPEN_MOUTH = 0.06  # gap of the inner lips over the eye distance
FAINT = 0.8  # detection score

GOOD, USABLE, POOR = "good", "usable", "poor"


class Box(msgspec.Struct, frozen=True):
    """In pixels from the top left corner of the upright picture."""

    x: int
    y: int
    width: int
    height: int


class Pose(msgspec.Struct, frozen=True):
    """Degrees: ``yaw`` towards the right of the picture, ``pitch`` up, ``roll`` clockwise."""

    yaw: float
    pitch: float
    roll: float


class SourceFitness(msgspec.Struct, frozen=True):
    """``verdict``: good, usable or poor, as a source. ``advice``: what would be better."""

    verdict: str
    advice: tuple[str, ...]


class FaceAssessment(msgspec.Struct, frozen=True):
    """One face.

    ``eye_distance``: between the outer corners, in pixels. ``right_eye``, ``left_eye`` (the
    person's own) and ``mouth``: the opening over that distance. ``sharpness``: see
    :func:`sharpness`. ``detection`` and ``mesh``: the networks' scores, 0 to 1.
    """

    box: Box
    pose: Pose
    eye_distance: float
    right_eye: float
    left_eye: float
    mouth: float
    sharpness: float
    detection: float
    mesh: float
    as_source: SourceFitness


def assess_faces(analyser: FaceAnalyser, canvas: Canvas) -> tuple[FaceAssessment, ...]:
    """The faces of a picture, largest first."""
    return tuple(_assess(analyser, canvas, *pair) for pair in analyser.find(canvas).pairs)


def _assess(
    analyser: FaceAnalyser, canvas: Canvas, detection: Detection, face: Face
) -> FaceAssessment:
    _, rotation, _ = analyser.pose_estimator.pose(face.mesh)
    turned = pose(rotation)
    right, left = eye_openness(face.points)
    gap, crispness = mouth_openness(face.points), sharpness(*analyser.cut_out(canvas, face))
    cut = bool(((face.points < 0) | (face.points > (canvas.width, canvas.height))).any())
    x, y, w, h = (round(float(value)) for value in detection.box)
    return FaceAssessment(
        box=Box(x, y, w, h),
        pose=turned,
        eye_distance=round(eye_distance(face.points), 1),
        right_eye=round(right, 3),
        left_eye=round(left, 3),
        mouth=round(gap, 3),
        sharpness=round(crispness, 1),
        detection=round(detection.score, 3),
        mesh=round(face.score, 3),
        as_source=source_fitness(
            eyes_apart=eye_distance(face.points),
            pose=turned,
            lids=min(right, left),
            mouth=gap,
            sharpness=crispness,
            detection=detection.score,
            cut=cut,
        ),
    )


def pose(rotation: Float) -> Pose:
    """From the rotation (3, 3) that carries the canonical face into the picture.

    The canonical face has x to its left, y up and z out of it; the picture x right, y down and z
    away from the camera.
    """
    yaw, pitch, roll = angles(rotation)
    return Pose(round(yaw, 1), round(pitch, 1), round(roll, 1))


def sharpness(image: Image, face: Face) -> float:
    """How crisp a face is: spread of its Laplacian in percent of its mean luminance.

    Measured at an eye distance of 100 pixels, where a pore is below a pixel and a lash is not; a
    smaller face is measured as it is.
    """
    low = np.maximum(face.points.min(axis=0), 0).astype(int)
    high = np.maximum(face.points.max(axis=0), 0).astype(int) + 1
    part = image[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return 0.0
    scale = min(1.0, SHARPNESS_SCALE / max(eye_distance(face.points), 1e-6))
    luma = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        luma = cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    edges = cv2.Laplacian(luma, cv2.CV_32F)
    return float(100 * edges.std() / max(float(luma.mean()), 1.0))


def source_fitness(
    *,
    eyes_apart: float,
    pose: Pose,
    lids: float,
    mouth: float,
    sharpness: float,
    detection: float,
    cut: bool,
) -> SourceFitness:
    """What such a face is worth as a source, and what a better photo would do otherwise."""
    flaws = [
        *_size(eyes_apart),
        *_turn(pose),
        *_blur(sharpness),
        *_expression(lids, mouth),
        *_doubt(detection, cut),
    ]
    verdict = max((grade for grade, _ in flaws), key=(GOOD, USABLE, POOR).index, default=GOOD)
    return SourceFitness(verdict, tuple(text for _, text in flaws))


def _size(eyes_apart: float) -> Iterator[tuple[str, str]]:
    if eyes_apart < LARGE:
        grade = POOR if eyes_apart < SMALL else USABLE
        yield grade, f"the face is small: come closer, until the eyes are {LARGE} pixels apart"


def _turn(pose: Pose) -> Iterator[tuple[str, str]]:
    if abs(pose.yaw) > TURNED:
        grade = POOR if abs(pose.yaw) > PROFILE else USABLE
        yield grade, "it is turned to the side: look into the camera"
    if abs(pose.pitch) > NODDING:
        grade = POOR if abs(pose.pitch) > TILTED else USABLE
        yield grade, "it looks up or down: hold the camera at eye level"


def _blur(sharpness: float) -> Iterator[tuple[str, str]]:
    if sharpness < SOFT:
        yield POOR if sharpness < BLURRED else USABLE, "it is blurred: hold still, use more light"


def _expression(lids: float, mouth: float) -> Iterator[tuple[str, str]]:
    if lids < CLOSED_EYE:
        yield USABLE, "an eye is closed: keep both open"
    if mouth > OPEN_MOUTH:
        yield USABLE, "the mouth is open: a closed mouth shows the whole of the lips"


def _doubt(detection: float, cut: bool) -> Iterator[tuple[str, str]]:
    if detection < FAINT:
        yield USABLE, "it is hard to make out: something may cover it"
    if cut:
        yield POOR, "the border cuts it off: show the whole face"
