"""The measures, as a table: what each is, the view that shows it, and whose definition it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from appliance.pipeline.simulation.measuring.figures import (
    Angle,
    BeforeLine,
    Convexity,
    Distance,
    Figure,
    Height,
    OffMidline,
    Ratio,
    Unevenness,
    Width,
)

Side: TypeAlias = Literal["front", "profile"]
Unit: TypeAlias = Literal["mm", "deg", "ratio"]

FARKAS = "Farkas, Anthropometry of the Head and Face, 2nd ed. 1994"
CANONS = "Farkas et al., Plast Reconstr Surg 1985;75:328"
POWELL = "Powell and Humphreys, Proportions of the Aesthetic Face, 1984"
LEGAN = "Legan and Burstone, J Oral Surg 1980;38:744"
RICKETTS = "Ricketts, Am J Orthod 1968;54:272"
GOODE = f"Goode, in {POWELL}"
ASYMMETRY = "Farkas and Cheung, Angle Orthod 1981;51:70"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure.

    ``side``: the view in which it may be measured. ``definition``: in words. ``source``: of the
    definition; where ours differs, ``definition`` says how.
    """

    name: str
    unit: Unit
    side: Side
    figure: Figure
    definition: str
    source: str


_TIP_LENGTH = Distance("nasion", "pronasale")
_FIFTHS = (
    ("fifth, right side", "right outline", "right exocanthion"),
    ("fifth, right eye", "right exocanthion", "right endocanthion"),
    ("fifth, left eye", "left endocanthion", "left exocanthion"),
    ("fifth, left side", "left exocanthion", "left outline"),
)

_TABLE = (
    Measure(
        "upper third", "mm", "front", Height("trichion", "glabella"),
        "hairline to glabella, along the midline", CANONS,
    ),
    Measure(
        "middle third", "mm", "front", Height("glabella", "subnasale"),
        "glabella to subnasale, along the midline", CANONS,
    ),
    Measure(
        "lower third", "mm", "front", Height("subnasale", "menton"),
        "subnasale to menton, along the midline", CANONS,
    ),
    Measure(
        "lower to middle third", "ratio", "front",
        Ratio(Height("subnasale", "menton"), Height("glabella", "subnasale")),
        "the lower third over the middle one", CANONS,
    ),
    *(
        Measure(
            name, "mm", "front", Width(right, left),
            f"{right} to {left}, across the midline"
            + ("; to the mesh's edge, not to the ear" if "outline" in right + left else ""),
            POWELL,
        )
        for name, right, left in _FIFTHS
    ),
    Measure(
        "intercanthal width", "mm", "front", Distance("right endocanthion", "left endocanthion"),
        "between the inner corners of the eyes; the middle fifth", FARKAS,
    ),
    Measure(
        "alar width", "mm", "front", Distance("right alare", "left alare"),
        "between the most lateral points of the wings of the nose", FARKAS,
    ),
    Measure(
        "mouth width", "mm", "front", Distance("right cheilion", "left cheilion"),
        "between the corners of the mouth", FARKAS,
    ),
    Measure(
        "chin height", "mm", "front", Height("sublabiale", "menton"),
        "fold below the lower lip to menton, along the midline", FARKAS,
    ),
    Measure(
        "tip off the midline", "mm", "front", OffMidline("pronasale"),
        "pronasale from the midline; positive to the subject's left. The midline stands on the "
        "line of the four canthi", ASYMMETRY,
    ),
    Measure(
        "chin off the midline", "mm", "front", OffMidline("menton"),
        "menton from the midline; positive to the subject's left", ASYMMETRY,
    ),
    Measure(
        "asymmetry", "mm", "front",
        Unevenness(("exocanthion", "endocanthion", "alare", "cheilion", "gonion")),
        "landmarks of the left from the mirror images of the right ones, mean of five pairs",
        ASYMMETRY,
    ),
    Measure(
        "nasolabial angle", "deg", "profile",
        Angle("columella", "subnasale", "labrale superius"),
        "columella, subnasale, upper lip", LEGAN,
    ),
    Measure(
        "nasofrontal angle", "deg", "profile", Angle("glabella", "nasion", "pronasale"),
        "glabella, nasion, pronasale", POWELL,
    ),
    Measure(
        "facial convexity", "deg", "profile", Convexity("glabella", "subnasale", "pogonion"),
        "glabella, subnasale, pogonion, from a straight line", LEGAN,
    ),
    Measure(
        "upper lip to E-line", "mm", "profile",
        BeforeLine("labrale superius", "pronasale", "pogonion"),
        "upper lip from the line of pronasale and pogonion; negative behind it", RICKETTS,
    ),
    Measure(
        "lower lip to E-line", "mm", "profile",
        BeforeLine("labrale inferius", "pronasale", "pogonion"),
        "lower lip from the line of pronasale and pogonion; negative behind it", RICKETTS,
    ),
    Measure(
        "tip projection (Goode)", "ratio", "profile",
        Ratio(BeforeLine("pronasale", "nasion", "near alare"), _TIP_LENGTH),
        "pronasale from the line of nasion and alar crease, over nasion to pronasale; that line "
        "stands for the perpendicular to the Frankfurt plane", GOODE,
    ),
)  # fmt: skip

MEASURES: Mapping[str, Measure] = MappingProxyType({one.name: one for one in _TABLE})
"""All measures by name, in the order in which they are shown."""
