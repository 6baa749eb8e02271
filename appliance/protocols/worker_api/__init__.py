"""The interface ``io.faceappliance.Worker``, which the worker of a session offers."""

from __future__ import annotations

from appliance.protocols.worker_api.description import DESCRIPTION, NAME, error_name
from appliance.protocols.worker_api.items import (
    PACK_NAME,
    Face,
    Faces,
    Failed,
    File,
    Import,
    Imported,
    Inspect,
    Item,
    Items,
    Pack,
    Packs,
    Result,
    Results,
    Stopped,
)
from appliance.protocols.worker_api.series import Assess, Assessed, Figures, Photo, Point
from appliance.protocols.worker_api.simulation import (
    Drag,
    Place,
    Previewed,
    PreviewSimulation,
    ProposedPoints,
    ProposePoints,
    Region,
    Simulate,
    Simulated,
)
from appliance.protocols.worker_api.swap import GeneratorOptions, Part, Preview, Progress, Swap
from appliance.protocols.worker_api.types import Media, Role
from appliance.protocols.worker_api.views import Handle, Handles, Space, View, Viewed

__all__ = [
    "DESCRIPTION",
    "NAME",
    "PACK_NAME",
    "Assess",
    "Assessed",
    "Drag",
    "Face",
    "Faces",
    "Failed",
    "Figures",
    "File",
    "GeneratorOptions",
    "Handle",
    "Handles",
    "Import",
    "Imported",
    "Inspect",
    "Item",
    "Items",
    "Media",
    "Pack",
    "Packs",
    "Part",
    "Photo",
    "Place",
    "Point",
    "Preview",
    "PreviewSimulation",
    "Previewed",
    "Progress",
    "ProposePoints",
    "ProposedPoints",
    "Region",
    "Result",
    "Results",
    "Role",
    "Simulate",
    "Simulated",
    "Space",
    "Stopped",
    "Swap",
    "View",
    "Viewed",
    "error_name",
]
