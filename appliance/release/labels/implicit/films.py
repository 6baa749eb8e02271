"""The label in films: metadata that the muxer writes into MP4 and MOV."""

from __future__ import annotations

from appliance.release.facts import ReleaseFacts
from appliance.release.labels.implicit.label import KEY, label_json

MUXER_FLAGS = "use_metadata_tags"
"""FFmpeg's ``movflags`` with which it writes the label's key as it is, below ``moov.udta.meta``
(TC260-PG-20257A)."""


def film_metadata(facts: ReleaseFacts) -> dict[str, str]:
    """What to give to the container's ``metadata`` when a film is opened for writing."""
    return {KEY: label_json(facts)}
