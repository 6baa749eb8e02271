"""The check of a series as the worker answers with it."""

from __future__ import annotations

import msgspec

from appliance.pipeline.series.record import SeriesRecord
from appliance.protocols import worker_api


def as_answer(found: SeriesRecord) -> worker_api.Assessed:
    """The last answer of Assess."""
    return worker_api.Assessed(
        done=len(found.photos),
        photos=msgspec.convert(found.photos, list[worker_api.Photo], from_attributes=True),
        missing=[*found.missing],
        double=[*found.double],
        unrecognised=found.unrecognised,
    )
