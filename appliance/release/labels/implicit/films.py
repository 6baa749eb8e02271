"""The label in films: metadata that the muxer writes into MP4 and MOV."""

from __future__ import annotations

from appliance.release.facts import ReleaseFacts
from appliance.release.labels.implicit.label import KEY, label_json


def film_metadata(facts: ReleaseFacts) -> dict[str, str]:
    """What to give to the container's ``metadata`` when a film is opened for writing."""
    return {KEY: label_json(facts)}
