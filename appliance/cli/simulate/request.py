"""What the command line of a simulation asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.cli.framework.engine_options import EngineOptions
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.cli.process.input_files import check_output
from appliance.cli.simulate.handle_type import DragValue, HandleValue
from appliance.cli.simulate.report.written import ReportStyle, check_report_name
from appliance.cli.swap.output_options import OutputRequest
from appliance.errors import PolicyError
from appliance.pipeline.selection import WhichFace
from appliance.pipeline.simulation.limits import Refusal
from appliance.worker.simulation_limits import limits_of


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """What the command line asks for.

    ``outputs``, ``reports`` and ``points``: one for each of ``photos``, but there may be no reports
    and no points.
    """

    photos: Sequence[Path]
    outputs: Sequence[Path]
    reports: Sequence[Path]
    points: Sequence[Path]
    handles: Sequence[HandleValue]
    drags: Sequence[DragValue]
    style: ReportStyle
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
    def names(self) -> list[str]:
        """How messages call the photos."""
        return [f"Photo {number}" for number in range(1, len(self.photos) + 1)]

    @property
    def refusal(self) -> Refusal | None:
        """Why this may not be asked: beyond bounds, or not allowed by the site's policy."""
        limits = limits_of(self.options.policy.simulation)
        moves = [drag.by for drag in self.drags]
        return limits.refusal(self.wished, moves) or limits.refusal(self.least or {})

    def check(self) -> None:
        """Raises an error for what can be refused before anything is loaded."""
        if self.options.policy.gate.consent:
            raise PolicyError(
                "This policy allows simulations in sessions only, because it asks for consent.",
                "Open a session, or use a policy with the gate consent set to false.",
            )
        if len(self.photos) != len(self.outputs):
            raise PrivateUsageError("Each --photo needs one --output.")
        if len(self.reports) not in (0, len(self.photos)):
            raise PrivateUsageError("Each --photo needs one --report, or none does.")
        if len(self.points) not in (0, len(self.photos)):
            raise PrivateUsageError("Each --photo needs one --points, or none does.")
        if not self.handles and not self.drags:
            raise PrivateUsageError("Nothing is to be moved: name a --handle or a --drag.")
        if self.drags and len(self.photos) > 1:
            raise PrivateUsageError("A drag (--drag) is a place of a single --photo.")
        if len({handle.name for handle in self.handles}) < len(self.handles):
            raise PrivateUsageError("A handle (--handle) was named twice.")
        for output in (*self.outputs, *self.reports):
            check_output(output, (*self.photos, *self.points))
        for report in self.reports:
            check_report_name(report)
