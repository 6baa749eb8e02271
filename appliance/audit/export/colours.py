"""The colours of the kinds of events, in the report and its timeline."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.audit.export.labels import Group

COLOURS: Mapping[Group, str] = {
    "work": "#2f7d8c",
    "people": "#5560a8",
    "release": "#b4831a",
    "alarm": "#b23a2b",
    "system": "#9aa1ab",
}
