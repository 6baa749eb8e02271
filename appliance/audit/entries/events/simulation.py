"""What a simulation did to a person's own photo."""

from __future__ import annotations

from typing import Literal

from appliance.audit.entries.events.root import Strict
from appliance.audit.entries.fields import (
    Count,
    Percent,
    Pseudonym,
    RegionMode,
    SessionId,
    Sha256,
    SignedCount,
)
from appliance.policy.handles import HandleName


class SimulationApplied(Strict, frozen=True, tag="simulation-applied"):
    """A photo was changed by handles and by hand: no other person's picture had a part in it.

    ``photo``: the SHA-256 of the photo that was changed, as it was read. ``item``: the pseudonym by
    which a ``MediaImported`` names it, and with it the consent; not set where the worker that took
    the photo in is gone, or where no session did. All else is in further events of the same job:
    each handle (``HandleMoved``), points set by hand, drags, regions of the other half.
    """

    session: SessionId
    job: Count
    photo: Sha256
    item: Pseudonym | None = None


class HandleMoved(Strict, frozen=True, tag="handle-moved"):
    """A simulation moved a handle, by so many thousandths of its unit.

    ``shows``: what is wished, or the least that is to be expected.
    """

    session: SessionId
    job: Count
    handle: HandleName
    thousandths: SignedCount
    shows: Literal["wished", "least"] = "wished"


class PointsPlaced(Strict, frozen=True, tag="points-placed"):
    """A simulation went by ``points`` of the face that were set by hand.

    ``face``: whether the network found one as well.
    """

    session: SessionId
    job: Count
    points: Count
    face: Literal["found", "not-found"]


class DragsApplied(Strict, frozen=True, tag="drags-applied"):
    """A simulation moved places that were dragged by hand; the longest by thousandths of mm."""

    session: SessionId
    job: Count
    drags: Count
    longest: Count


class RegionChanged(Strict, frozen=True, tag="region-changed"):
    """A simulation changed a region drawn by hand, of so many mm².

    ``mode``: its other half gave a scar's fine structure (``line``), its skin (``region``) or its
    shape (``shape``), or it was brought to the mean shape of faces (``mean``). ``share``: of the
    way, percent.
    """

    session: SessionId
    job: Count
    mode: RegionMode
    area: Count
    share: Percent


class PatientAgreed(Strict, frozen=True, tag="patient-agreed"):
    """A patient ticked so many sentences before a release was asked for: they agree that it leaves.

    ``item``: the pseudonym of the photo that was changed; see ``SimulationApplied``.
    """

    session: SessionId
    sentences: Count
    item: Pseudonym | None = None


class SimulationRefused(Strict, frozen=True, tag="simulation-refused"):
    """A simulation or its preview was asked for more than it may show, and did not show it.

    ``reason``: the handle's own ``bounds``, the site's ``policy``, or the ``likeness`` to the
    photo, which all handles together would leave. ``thousandths``: what was asked, of a handle's
    unit, or of a drag's mm. ``job``: for a preview, the last one before it.
    """

    session: SessionId
    job: Count
    what: Literal["handle", "drag", "region"]
    reason: Literal["bounds", "policy", "likeness"]
    handle: HandleName | None = None
    thousandths: SignedCount | None = None


class AccuracyMeasured(Strict, frozen=True, tag="accuracy-measured"):
    """A later photo showed what an operation achieved of a handle, in thousandths of its unit.

    ``wished``: what had been simulated. ``error``: of ``achieved``, one standard deviation. No hash
    of a photo goes with it: a job of the same numbers is all that it names.
    """

    session: SessionId
    job: Count
    handle: HandleName
    wished: SignedCount
    achieved: SignedCount
    error: Count
