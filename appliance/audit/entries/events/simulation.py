"""What a simulation did to a person's own photo."""

from __future__ import annotations

from appliance.audit.entries.events.root import Strict
from appliance.audit.entries.fields import Count, HandleName, SessionId, Sha256, SignedCount


class SimulationApplied(Strict, frozen=True, tag="simulation-applied"):
    """A photo was changed by handles alone: no other person's picture had a part in it.

    ``photo``: the SHA-256 of the photo that was changed, as it was read. A ``HandleMoved`` of the
    same job names each handle.
    """

    session: SessionId
    job: Count
    photo: Sha256


class HandleMoved(Strict, frozen=True, tag="handle-moved"):
    """A simulation moved a handle, by so many thousandths of its unit."""

    session: SessionId
    job: Count
    handle: HandleName
    thousandths: SignedCount


class DragsApplied(Strict, frozen=True, tag="drags-applied"):
    """A simulation moved places that were dragged by hand; the longest by thousandths of mm."""

    session: SessionId
    job: Count
    drags: Count
    longest: Count
