"""What is handed out of a check: a record for each photo, and one for the series."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class PointName(StrEnum):
    """The nine points of the SEPIA score (aestheticsjournal.com).

    2,020 photos that clinics had published got 4 of 9 on average; zoom, light and views were least
    cared for.
    """

    POSITION = "position"
    EXPRESSION = "expression"
    LIGHT = "light"
    BACKGROUND = "background"
    ZOOM = "zoom"
    MAKE_UP = "make-up"
    VIEWS = "views"
    TIMING = "timing"
    DESCRIPTION = "description"


class Verdict(StrEnum):
    """``PERSON``: what no machine sees, or what this one cannot measure here."""

    MET = "met"
    MISSED = "missed"
    PERSON = "person"


FLAWS = (
    "several-faces", "no-view", "turn-right", "turn-left", "nostrils", "looks-up", "looks-down",
    "tilt-right", "tilt-left", "mouth", "eyes", "eye-right", "eye-left", "dark", "burnt",
    "lit-right", "lit-left", "other-light", "busy", "cut", "near", "far", "coarse", "blurred",
    "larger", "smaller", "wears-spectacles", "wears-sunglasses", "wears-mask", "hair", "double",
)  # fmt: skip
"""What a point can be missed for: codes of causes."""
REMARKS = (
    "no-face", "turned-away", "posed", "smiles", "calm", "exposed", "lit", "unseen-wall", "plain",
    "sharp", "free", "unrecognised", "only", "unseen", "unmeasured",
)  # fmt: skip
"""All other codes of causes."""


class Cause(msgspec.Struct, frozen=True):
    """What was found of a point, for programs that have words of their own.

    ``amount``: degrees, percent or a factor; ``None`` where the code has none.
    """

    code: str
    amount: float | None = None


class Point(msgspec.Struct, frozen=True):
    """One of the nine points. ``why``: what was found, in a few words; ``causes``: as codes."""

    name: str
    verdict: str
    why: str
    causes: tuple[Cause, ...]


class Figures(msgspec.Struct, frozen=True):
    """What was measured of the face.

    ``yaw`` towards the right of the picture, ``pitch`` upwards, ``level`` of the eyes clockwise:
    degrees. ``mouth``, ``right_eye``, ``left_eye`` (the patient's own): how far they are open, over
    the distance of the outer corners of the eyes. ``size``: height that the face has from the
    front, over that of the picture. ``light_ratio``: the brighter side's light over the darker's.
    ``forehead_hair``: share of the forehead, 0 to 1.
    """

    yaw: float
    pitch: float
    level: float
    mouth: float
    right_eye: float
    left_eye: float
    sharpness: float
    size: float
    light_ratio: float
    forehead_hair: float


class PhotoRecord(msgspec.Struct, frozen=True):
    """One photo of the series.

    ``view``: one of the seven, or unknown. ``score``: points that are met, of ``judged``; the rest
    of the nine is left to a person. ``change``: what to do otherwise, in one sentence. ``figures``:
    missing where no face was found, or one that is turned too far to be measured.
    """

    view: str
    score: int
    judged: int
    change: str
    points: tuple[Point, ...]
    figures: Figures | None


class SeriesRecord(msgspec.Struct, frozen=True):
    """The photos in the order in which they were given.

    ``missing``: views that no photo shows. ``double``: those that several show. ``unrecognised``:
    how many photos show a view that was not recognised; missing ones may be among them.
    """

    photos: tuple[PhotoRecord, ...]
    missing: tuple[str, ...]
    double: tuple[str, ...]
    unrecognised: int
