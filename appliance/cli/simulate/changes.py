"""What is done to the pixels of one photo: regions first, then handles, then drags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from appliance.cli.simulate.handle_type import DragValue
from appliance.cli.simulate.looker import Look
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.simulation.free_hand import Drag
from appliance.pipeline.simulation.regions import RegionChanger
from appliance.pipeline.simulation.simulator import Simulated, Simulator


@dataclass(frozen=True, slots=True)
class Changer:
    """Changes copies of photos; what is made for regions is made where there are some."""

    simulator: Simulator
    canonical: Canonical
    drags: Sequence[DragValue]

    def changed(
        self, photo: Photo, look: Look, values: Mapping[str, float]
    ) -> tuple[Photo, Simulated]:
        """A copy of ``photo``, moved by ``values``, and what was done to it.

        Raises ``HandleError`` for regions and drags that cannot be.
        """
        changed = replace(photo, pixels=photo.pixels.copy())
        drags = [Drag.by_mm(one.start, one.by, look.view.scale.mm) for one in self.drags]
        shape = None
        if look.regions:
            regions = RegionChanger(self.canonical)
            shape = regions.change(changed.canvas, look.view, look.regions)
        return changed, self.simulator.simulate(changed.canvas, look.view, values, drags, shape)
