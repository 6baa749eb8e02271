"""``appliance doctor``: whether the seal holds, and whether the machine is hardened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from appliance.cli.doctor.check import Check
from appliance.cli.doctor.machine import machine_checks
from appliance.cli.doctor.status import StatusFile
from appliance.cli.framework.basic_options import FILE
from appliance.cli.framework.engine_options import EngineOptions
from appliance.cli.framework.options import any_policy_option, json_option, models_option
from appliance.cli.framework.output import print_json
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.error_causes import resource_error
from appliance.errors import ModelError, SealError
from appliance.inference.ort import SWITCH
from appliance.policy.policy import Policy
from appliance.seal.seal import SealReport

_MINIMUM_KERNEL = (5, 13)  # the first with Landlock

_MODELS_OK = "unaltered, signed and of a known family"


class Diagnosis(msgspec.Struct, frozen=True):
    """All checks. ``ok``: whether all of them passed."""

    ok: bool
    checks: tuple[Check, ...]


@click.command()
@click.option("--machine", is_flag=True, help="Also check the hardening of this machine.")
@click.option(
    "--status",
    type=FILE,
    metavar="FILE",
    help="Leave the result in FILE as well, for the administrator's screen.",
)
@models_option
@any_policy_option
@json_option
@click.pass_context
def doctor(
    context: click.Context,
    *,
    machine: bool,
    status: Path | None,
    models: Path | None,
    policy: Policy,
    as_json: bool,
) -> None:
    """Seal this process, try to break out, and report what stopped it.

    With --machine, the system settings of an appliance are checked as well. The exit code is 1 if
    a check fails.
    """
    with nullcontext() if status is None else StatusFile(status, policy) as file:
        checks = [_kernel(), _telemetry(), *(machine_checks(policy) if machine else ())]
        checks += _sealed(models, policy, [] if status is None else [status])
        if file is not None:
            file.write(checks)
    found = Diagnosis(all(check.ok for check in checks), tuple(checks))
    if as_json:
        print_json(found)
    else:
        _show(found.checks)
    if not found.ok:
        context.exit(1)


def _kernel() -> Check:
    release = os.uname().release
    numbers = tuple(int(part) for part in re.findall(r"\d+", release)[:2])
    return Check("kernel", "Linux 5.13 or newer", numbers >= _MINIMUM_KERNEL, release)


def _telemetry() -> Check:
    value = os.environ.get(SWITCH, "not set")
    return Check("libraries", "ONNX Runtime's telemetry off", value == "1", f"{SWITCH}={value}")


def _sealed(models: Path | None, policy: Policy, outputs: Sequence[Path]) -> Iterator[Check]:
    sealing = current_sealing(policy)
    try:
        engine = load_sealed(sealing, outputs, EngineOptions(models=models, policy=policy))
    except ModelError as error:
        if lacking := resource_error(error):
            raise lacking from error  # nothing is known of the models then
        yield Check("models", _MODELS_OK, ok=False, evidence=error.message)
        return
    except SealError as error:
        yield Check("seal", "holds", ok=False, evidence=error.message)
        return
    entries = sum(len(pack.entries) for pack in engine.packs)
    yield Check("models", _MODELS_OK, ok=True, evidence=f"{entries} files")
    if sealing.report is not None:
        yield from _seal(sealing.report)


def _seal(report: SealReport) -> Iterator[Check]:
    for layer in report.layers:
        version = f", ABI {report.landlock_abi}" if layer == "landlock" else ""
        yield Check("seal", layer, ok=True, evidence=f"in force{version}")
    for layer in report.missing:
        yield Check("seal", layer, ok=False, evidence="not available on this machine")
    for attempt in report.attempts:
        yield Check("escape", attempt.what, attempt.denied, attempt.answer or "it succeeded")


def _show(checks: Sequence[Check]) -> None:
    table = Table(title="Checks")
    for column in ("", "check", "result", "evidence"):
        # Folded, not truncated: for the width of "…" rich would load a table now.
        table.add_column(column, overflow="fold")
    for check in checks:
        result = "[green]ok[/]" if check.ok else "[bold red]FAILED[/]"
        table.add_row(check.group, check.name, result, check.evidence)
    # Without emoji: rich would load their names now.
    console = Console(emoji=False)
    # Printed by click: rich reacts to a broken pipe by opening /dev/null.
    with console.capture() as drawn:
        console.print(table)
    click.echo(drawn.get(), nl=False)
