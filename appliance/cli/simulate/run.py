"""Opens files, loads and seals, and does what was asked for, photo by photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Self

from appliance.cli.process.input_files import decode_photo, open_input
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.cli.simulate.changes import Changer
from appliance.cli.simulate.lines import lines_picture, measured
from appliance.cli.simulate.looker import Look, Looker
from appliance.cli.simulate.ranges import PhotoRanges, ranges_of
from appliance.cli.simulate.report.prepare import prepare
from appliance.cli.simulate.report.written import picture
from appliance.cli.simulate.request import SimulationRequest
from appliance.cli.simulate.series import Outputs, Series, encoded_lines
from appliance.cli.simulate.summary import PhotoSummary, summarise
from appliance.errors import HandleError
from appliance.files.output import PendingOutput
from appliance.pipeline.simulation.lettering import load_words
from appliance.pipeline.simulation.simulator import Simulator
from appliance.worker.simulation_limits import limits_of


@dataclass(frozen=True, slots=True)
class _Inputs:
    """All files that are read, open before the seal."""

    photos: Sequence[BinaryIO]
    placed: Sequence[BinaryIO]
    drawn: Sequence[BinaryIO]

    @classmethod
    def opened(cls, request: SimulationRequest, files: ExitStack) -> Self:
        """As ``files`` close them. Raises ``InputError``."""
        named = [
            zip(request.photos, request.names, strict=True),
            ((path, f"The points of photo {n}") for n, path in enumerate(request.points, 1)),
            ((path, "The file of regions") for path in request.region_files),
        ]
        return cls(*([files.enter_context(open_input(*one)) for one in some] for some in named))


def simulated(request: SimulationRequest) -> list[PhotoSummary]:
    """Simulate and log photo by photo, and give the results their names.

    Raises ``HandleError`` for what bounds or the site's policy do not allow, and for handles,
    regions and drags that cannot be; that is logged too.
    """
    with JobLog(request.options.policy) as job, ExitStack() as files:
        job.allow(request.refusal)
        inputs = _Inputs.opened(request, files)
        results, reports, lines = (
            _pending(paths, request, files)
            for paths in (request.outputs, request.reports, request.lines)
        )
        load_words()
        if reports:
            prepare()
        sealing = current_sealing(request.options.policy)
        written = [*request.outputs, *request.reports, *request.lines]
        engine = load_sealed(sealing, written, replace(request.options, latency_mode=True))
        job.started(engine.packs, sealing.report, "simulation", "photo")
        simulator, canonical = Simulator(engine.analyser.canonical), engine.analyser.canonical
        looker = Looker(request, engine.analyser, inputs.placed, inputs.drawn)
        series = Series(request, looker, Changer(simulator, canonical, request.drags), job)
        # All is looked at before anything is done: what is logged as finished has its name at once.
        looks = [series.look(number, photo) for number, photo in enumerate(inputs.photos)]
        _refuse_if_nowhere(request.wished, looks)
        found = []
        for number, (photo, look) in enumerate(zip(inputs.photos, looks, strict=True)):
            if number:
                job.next_photo()
            outputs = Outputs(
                results[number],
                reports[number] if reports else None,
                lines[number] if lines else None,
            )
            found.append(series.simulate(number, photo, look, outputs))
        return found


def ranges(request: SimulationRequest) -> list[PhotoRanges]:
    """Which handles are honest in each photo; nothing is changed, written or logged."""
    with ExitStack() as files:
        inputs = _Inputs.opened(request, files)
        looker = _looker(request, inputs, [])
        limits = limits_of(request.options.policy.simulation)
        return [
            ranges_of(looker.look(number, decode_photo(file, name).canvas), limits)
            for number, (file, name) in enumerate(zip(inputs.photos, request.names, strict=True))
        ]


def lines_alone(request: SimulationRequest) -> list[PhotoSummary]:
    """Measure each photo, and write it with its lines; nothing is changed or logged."""
    with ExitStack() as files:
        inputs = _Inputs.opened(request, files)
        written = _pending(request.lines, request, files)
        looker = _looker(request, inputs, request.lines)
        found = []
        for number, (file, output) in enumerate(zip(inputs.photos, written, strict=True)):
            photo = decode_photo(file, request.names[number])
            look = looker.look(number, photo.canvas)
            drawn = lines_picture(
                picture(photo), look.view, look.points, None, mirrored=request.style.mirrored
            )
            output.file.write(encoded_lines(drawn, request.lines[number]))
            output.commit()
            found.append(summarise(look, None, measured(look.view, look.points, None)))
        return found


def _looker(request: SimulationRequest, inputs: _Inputs, outputs: Sequence[Path]) -> Looker:
    """In a process that is sealed on the way."""
    sealing = current_sealing(request.options.policy)
    engine = load_sealed(sealing, outputs, replace(request.options, latency_mode=True))
    return Looker(request, engine.analyser, inputs.placed, inputs.drawn)


def _pending(
    paths: Sequence[Path], request: SimulationRequest, files: ExitStack
) -> list[PendingOutput]:
    return [
        files.enter_context(PendingOutput(path, overwrite=request.overwrite, shared=True))
        for path in paths
    ]


def _refuse_if_nowhere(values: Mapping[str, float], looks: Sequence[Look]) -> None:
    """Raises ``HandleError`` for a handle that no photo shows honestly."""
    for name in values:
        reasons = [look.left_out[name] for look in looks if name in look.left_out]
        if len(reasons) == len(looks):
            raise HandleError(
                f"{name} would not be honest here: {reasons[0]}.",
                "Use a photo of another view or expression, or set its points by hand; --range "
                "lists what is honest.",
            )
