"""What the manifest of a released result says."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from typing import Any, Final

from appliance.release.facts import ReleaseFacts
from appliance.release.labels.implicit.label import label_fields, source_type
from appliance.version import DISTRIBUTION, version

RELEASE_LABEL: Final = "org.face-appliance.release"
"""Our assertion: the release's number, and the engine."""

FILM_TYPE: Final = "ftyp"
"""Its field for the first box of a film, as hexadecimal digits."""

ACTIONS_LABEL: Final = "c2pa.actions.v2"

_DESCRIPTIONS = {
    "simulation": "geometric simulation of a face",
    "mesh": "face replaced by geometry and texture",
    "onnx": "face replaced by a generator",
}


def manifest(facts: ReleaseFacts, mime: str, film_type: str | None = None) -> str:
    """The definition of the manifest, as JSON.

    It has neither a title nor an ingredient, which would carry a picture of what came in.
    ``film_type``: the first box of a film, which only what is said here covers.
    """
    about: dict[str, Any] = {
        "number": facts.number,
        "engine": facts.engine,
        "AIGC": label_fields(facts),
    }
    if film_type is not None:
        about[FILM_TYPE] = film_type
    agent = {"name": DISTRIBUTION, "version": _version()}
    created = {
        "action": "c2pa.created",
        "digitalSourceType": source_type(facts.engine),
        "description": _DESCRIPTIONS[facts.engine],
        "softwareAgent": agent,
        "when": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return json.dumps(
        {
            "claim_generator_info": [agent],
            "format": mime,
            "assertions": [
                {"label": ACTIONS_LABEL, "data": {"actions": [created]}},
                {"label": RELEASE_LABEL, "data": about},
            ],
        }
    )


@cache
def _version() -> str:
    """It is read from a file, once: before the process is sealed."""
    return version()
