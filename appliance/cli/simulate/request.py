"""What the command line of a simulation asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path

from appliance.cli.framework.engine_options import EngineOptions
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.cli.process.input_files import check_output
from appliance.cli.simulate.handle_type import DragValue, HandleValue
from appliance.cli.simulate.place_types import LengthValue
from appliance.cli.simulate.report.written import ReportStyle, check_report_name
from appliance.cli.swap.output_format import photo_format
from appliance.cli.swap.output_options import OutputRequest
from appliance.errors import PolicyError
from appliance.pipeline.selection import WhichFace
from appliance.pipeline.simulation.drawn_region import DrawnRegion
from appliance.pipeline.simulation.limits import Refusal
from appliance.worker.simulation_limits import limits_of


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """What the command line asks for.

    ``outputs``, ``reports``, ``lines``, ``points`` and ``lengths``: one for each of ``photos``, or
    none; of ``lengths`` one between two names may stand for all. ``regions`` and
    ``region_files``: of a single photo. ``mirrored``: whether results are written as in a mirror.
    ``only_ranges``: whether nothing is to be done but to tell which handles are honest.
    """

    photos: Sequence[Path]
    outputs: Sequence[Path]
    reports: Sequence[Path]
    lines: Sequence[Path]
    points: Sequence[Path]
    lengths: Sequence[LengthValue]
    handles: Sequence[HandleValue]
    drags: Sequence[DragValue]
    regions: Sequence[DrawnRegion]
    region_files: Sequence[Path]
    style: ReportStyle
    mirrored: bool
    only_ranges: bool
    face: WhichFace | None
    encoding: OutputRequest
    options: EngineOptions
    overwrite: bool

    @property
    def wished(self) -> dict[str, float]:
        """What is wished, by handle."""
        return {handle.name: handle.wished for handle in self.handles}

    @property
    def least(self) -> dict[str, float] | None:
        """What is to be expected at least, by handle; ``None`` where it is what is wished."""
        least = {handle.name: handle.least for handle in self.handles}
        return None if least == self.wished else least

    @property
    def drag_lengths(self) -> list[float]:
        """How far each place is dragged, mm."""
        return [hypot(*drag.by) for drag in self.drags]

    @property
    def changes(self) -> bool:
        """Whether anything is to be changed, and so simulated."""
        return bool(self.handles or self.drags or self.regions or self.region_files)

    @property
    def names(self) -> list[str]:
        """How messages call the photos."""
        return [f"Photo {number}" for number in range(1, len(self.photos) + 1)]

    @property
    def refusal(self) -> Refusal | None:
        """Why this may not be asked: beyond bounds, or not allowed by the site's policy."""
        limits = limits_of(self.options.policy.simulation)
        regions = len(self.regions) + len(self.region_files)
        return limits.refusal(self.wished, self.drag_lengths, regions) or limits.refusal(
            self.least or {}
        )

    def length(self, number: int) -> LengthValue | None:
        """The length that was typed for photo ``number``, from 0 on."""
        if not self.lengths:
            return None
        return self.lengths[number if len(self.lengths) > 1 else 0]

    def check(self) -> None:
        """Raises an error for what can be refused before anything is loaded."""
        count = len(self.photos)
        for option, given in (("points", self.points), ("lines", self.lines)):
            if len(given) not in (0, count):
                raise PrivateUsageError(f"Each --photo needs one --{option}, or none does.")
        self._check_lengths()
        self._check_single()
        if self.only_ranges:
            if self.changes or self.outputs or self.reports or self.lines:
                raise PrivateUsageError("With --range nothing is changed and nothing written.")
            return
        if not self.changes:
            self._check_lines_alone()
        else:
            self._check_simulation()
        inputs = (*self.photos, *self.points, *self.region_files)
        for output in (*self.outputs, *self.reports, *self.lines):
            check_output(output, inputs)
        for report in self.reports:
            check_report_name(report)
        for picture in self.lines:
            photo_format(picture, "png", OutputRequest())

    def _check_lengths(self) -> None:
        for_all = len(self.lengths) == 1 and self.lengths[0].names is not None
        if len(self.lengths) not in (0, len(self.photos)) and not for_all:
            raise PrivateUsageError("Each --photo needs one --length, or none does.")
        if self.lengths and not self.points and any(one.names for one in self.lengths):
            raise PrivateUsageError("A --length between two names needs --points.")

    def _check_single(self) -> None:
        if len(self.photos) > 1 and self.drags:
            raise PrivateUsageError("A drag (--drag) is a place of a single --photo.")
        if len(self.photos) > 1 and (self.regions or self.region_files):
            raise PrivateUsageError("A region (--mirror-region) is one of a single --photo.")
        if len({handle.name for handle in self.handles}) < len(self.handles):
            raise PrivateUsageError("A handle (--handle) was named twice.")

    def _check_lines_alone(self) -> None:
        if not self.lines or self.outputs or self.reports:
            raise PrivateUsageError(
                "Nothing is to be changed: name a --handle, a --drag or a --mirror-region; or "
                "--lines or --range without --output."
            )

    def _check_simulation(self) -> None:
        if self.options.policy.gate.consent:
            raise PolicyError(
                "This policy allows simulations in sessions only, because it asks for consent.",
                "Open a session, or use a policy with the gate consent set to false.",
            )
        if len(self.photos) != len(self.outputs):
            raise PrivateUsageError("Each --photo needs one --output.")
        if len(self.reports) not in (0, len(self.photos)):
            raise PrivateUsageError("Each --photo needs one --report, or none does.")
