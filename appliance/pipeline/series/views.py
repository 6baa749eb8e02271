"""The seven views of a series, and which of them a pose is.

Named as in clinical photography (Meneghini and Biondi, Clinical Facial Analysis, 2012, chapter 3;
Nair et al., J Cutan Aesthet Surg 9, 2016; McCusker, Face and Neck, section 10.1): the side of an
oblique or a profile is the patient's own that the camera sees, so that a head which turns to the
right of the picture shows its right side.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from appliance.pipeline.face_model.perspective_pose import HeadPose
from appliance.pipeline.face_model.turn import ASIDE, FOLDED


class View(StrEnum):
    """One view; ``UNKNOWN`` is none of the seven, or one that no network sees."""

    FRONT = "front"
    OBLIQUE_RIGHT = "oblique-right"
    OBLIQUE_LEFT = "oblique-left"
    PROFILE_RIGHT = "profile-right"
    PROFILE_LEFT = "profile-left"
    BASE = "base"
    SMILE = "smile"
    UNKNOWN = "unknown"


SERIES = tuple(view for view in View if view is not View.UNKNOWN)
OBLIQUES = (View.OBLIQUE_RIGHT, View.OBLIQUE_LEFT)
PROFILES = (View.PROFILE_RIGHT, View.PROFILE_LEFT)
OBLIQUE = 45.0  # degrees that a head is turned by in an oblique view
PROFILE = 90.0
# Degrees upwards from which a photo is meant as a base view. In one the tip of the nose is level
# with the eyes or the brows, on rendered heads of five people from 40 degrees on: half way.
BASE = 20.0
# What truth is where the mesh reads so many degrees of yaw: means of rendered heads of five people
# to both sides, at 60 of those four whose mesh did not fold. Corrected by the other four people's
# means, a head's yaw is off by 0.8 degrees on average up to 20 (at most 2.4), at 45 by 1.8 (3.7).
READ = (0.0, 9.5, 18.4, 26.1, 34.3, 38.2, 42.8, 51.4)
TRUE = (0.0, 9.7, 19.5, 29.4, 39.3, 44.4, 49.4, 59.6)


@dataclass(frozen=True, slots=True)
class SeenPose:
    """The pose of a head as far as its mesh shows it.

    ``yaw`` to the right of the picture, without the network's bias, and ``pitch`` upwards, in
    degrees. ``is_folded``: whether the mesh no longer follows the turn, so that only its side is
    known: on rendered heads never up to 45 degrees, in one of ten at 50, always at 70 and 80.
    """

    yaw: float
    pitch: float
    is_folded: bool

    @classmethod
    def of(cls, pose: HeadPose, logit: float) -> SeenPose:
        """From the pose of a mesh; ``logit``: its ``Face.logit``."""
        yaw = float(np.copysign(np.interp(abs(pose.yaw), READ, TRUE), pose.yaw))
        return cls(yaw, pose.pitch, abs(pose.yaw) > ASIDE[1] and logit < FOLDED[0])


def view_of(pose: SeenPose, *, smiles: bool) -> View:
    """The view whose pose is nearest; a front view of someone who ``smiles`` is the smile."""
    right = pose.yaw > 0
    if pose.is_folded or abs(pose.yaw) > (OBLIQUE + PROFILE) / 2:
        return View.PROFILE_RIGHT if right else View.PROFILE_LEFT
    if pose.pitch < -BASE:
        return View.UNKNOWN
    if abs(pose.yaw) > OBLIQUE / 2:
        if pose.pitch > BASE:
            return View.UNKNOWN
        return View.OBLIQUE_RIGHT if right else View.OBLIQUE_LEFT
    if pose.pitch > BASE:
        return View.BASE
    return View.SMILE if smiles else View.FRONT


def nominal_yaw(view: View) -> float:
    """Degrees of yaw that a view is meant to have, to the right of the picture."""
    if view in OBLIQUES:
        return OBLIQUE if view is View.OBLIQUE_RIGHT else -OBLIQUE
    if view in PROFILES:
        return PROFILE if view is View.PROFILE_RIGHT else -PROFILE
    return 0.0
