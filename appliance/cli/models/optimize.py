"""``appliance models optimize``: makes faster variants of networks, each checked on real crops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from appliance.cli.framework.options import FILE, json_option, policy_option
from appliance.cli.framework.output import print_json
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.cli.process.input_files import open_input
from appliance.cli.process.isolated_decode import decode_isolated
from appliance.cli.process.signing_keys import inspection_trust, policy_trust, secret_key
from appliance.cli.process.tensorrt_cache import build_engines
from appliance.cli.process.tuning_store import tune_new_pack
from appliance.inference import kernels
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import check_graph
from appliance.inference.manifest import ModelEntry, Precision, Variant
from appliance.inference.optimize.trtexec import commands
from appliance.inference.optimize.variants import BOUNDS, Candidate
from appliance.inference.optimize.write_manifest import write_manifest, write_variants
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import Numbers
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.analysis.calibration import (
    FaceSample,
    calibration_inputs,
    find_face_samples,
)
from appliance.pipeline.media.photo.decode import Photo
from appliance.policy.policy import Policy

PRECISIONS: tuple[Precision, ...] = get_args(Precision)


class VariantOutcome(msgspec.Struct, frozen=True):
    """One variant. ``error``: relative to its parent; ``None`` if it could not be run."""

    file: str
    precision: Precision
    accepted: bool
    error: float | None
    bound: float
    batched: bool
    megabytes: float


class OptimisedPack(msgspec.Struct, frozen=True):
    """The new pack. ``digest``: SHA-256 of its manifest. ``samples``: number of crops used."""

    name: str
    digest: str
    samples: int
    variants: tuple[VariantOutcome, ...]


@dataclass(frozen=True, slots=True)
class _Arguments:
    """The parsed command line."""

    folder: Path
    crops: tuple[Path, ...]
    key: Path | None
    precisions: tuple[Precision, ...]
    roles: tuple[str, ...]
    policy: Policy
    as_json: bool


@click.command()
@click.argument("folder", type=FILE, metavar="DIR")
@click.option(
    "--crops",
    type=FILE,
    multiple=True,
    metavar="PHOTO",
    help="Photo whose faces are used to calibrate and check the variants; repeatable.",
)
@click.option("--key", type=FILE, metavar="FILE", help="Secret key to sign the pack with again.")
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(PRECISIONS),
    multiple=True,
    help="Make only variants of this precision; repeatable. [default: all]",
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE",
    help="Optimise only the network with this role; repeatable. [default: all]",
)
@click.option(
    "--engines",
    is_flag=True,
    help="Instead, build the TensorRT engines for this machine and keep them for swaps.",
)
@click.option(
    "--print-trtexec",
    is_flag=True,
    help="Instead, print the commands that build TensorRT engines by hand.",
)
@policy_option
@json_option
def optimize(*, engines: bool, print_trtexec: bool, **values: Any) -> None:
    """Make faster variants (fp32, fp16, int8) of networks.

    A variant is kept only if its error on the faces in the photos is within the bound for its
    precision. It is then added to the manifest of the pack in DIR, which is signed again.
    """
    arguments = _Arguments(**values)
    if print_trtexec:
        _print_trtexec(arguments)
    elif engines:
        _build_engines(arguments)
    else:
        _optimise(arguments)


def _print_trtexec(arguments: _Arguments) -> None:
    # Only names of files are printed, so the pack need not be trusted.
    pack = ModelPack.open(arguments.folder, inspection_trust(arguments.policy))
    for line in commands(pack, _chosen(pack, arguments.roles)):
        click.echo(line)


def _build_engines(arguments: _Arguments) -> None:
    pack = ModelPack.open(arguments.folder, policy_trust(arguments.policy))
    entries = _chosen(pack, arguments.roles)
    build_engines(pack, entries, lambda step: click.echo(step, err=True))
    click.echo(f"pack {pack.name}: TensorRT engines built for {len(entries)} networks")


def _optimise(arguments: _Arguments) -> None:
    pack = ModelPack.open(arguments.folder, policy_trust(arguments.policy))
    entries = _chosen(pack, arguments.roles)
    if arguments.key is None or not arguments.crops:
        raise PrivateUsageError("To optimise, name photos with --crops and a key with --key.")
    if "fp16-fused" in arguments.precisions and kernels.digest() is None:
        raise PrivateUsageError("fp16-fused needs our CUDA kernels; compile them with `make cuda`.")
    signing_key = secret_key(arguments.key)
    stages = FaceAnalyser.load(ModelPack.open(), Runtime(("cpu",)))
    samples = find_face_samples(stages, [_photo(path) for path in arguments.crops])
    outcomes: list[VariantOutcome] = []

    def report(entry: ModelEntry, candidate: Candidate) -> None:
        outcomes.append(_outcome(entry, candidate))
        if not arguments.as_json:
            _print(outcomes[-1])

    variants = _write_all(arguments, pack, entries, samples, report)
    digest = write_manifest(arguments.folder, pack, variants, signing_key)
    tune_new_pack(
        ModelPack.open(arguments.folder, inspection_trust(arguments.policy)),
        arguments.policy,
        (lambda _line: None) if arguments.as_json else click.echo,
        before=pack,
        changed=[entry.role for entry in entries],
    )
    result = OptimisedPack(pack.name, digest, len(samples), tuple(outcomes))
    if arguments.as_json:
        print_json(result)
    else:
        click.echo(f"pack {pack.name}, manifest {digest}, signed by {signing_key.public.name}")


def _write_all(
    arguments: _Arguments,
    pack: ModelPack,
    entries: Sequence[ModelEntry],
    samples: Sequence[FaceSample],
    report: Callable[[ModelEntry, Candidate], None],
) -> list[Variant]:
    """Write the variants of all ``entries`` that are accurate enough."""

    def samples_of(entry: ModelEntry) -> list[dict[str, Numbers]]:
        contract = CONTRACTS[entry.family]
        return calibration_inputs(samples, check_graph(pack.read(entry.role), contract, entry.file))

    return [
        variant
        for entry in entries
        for variant in write_variants(
            arguments.folder,
            pack,
            entry,
            samples_of(entry),
            arguments.precisions or PRECISIONS,
            report=report,
            progress=_step_printer(entry, arguments.as_json),
        )
    ]


def _photo(path: Path) -> Photo:
    what = "A photo of --crops"
    with open_input(path, what) as file:
        return decode_isolated(file, what)


def _chosen(pack: ModelPack, roles: Sequence[str]) -> list[ModelEntry]:
    for role in roles:
        pack.entry(role)
    return [
        entry
        for entry in pack.entries
        if entry.family in CONTRACTS and (not roles or entry.role in roles)
    ]


def _step_printer(entry: ModelEntry, silent: bool) -> Callable[[str], None]:
    """Prints what is being done to a network on stderr; the steps take minutes."""
    return lambda step: None if silent else click.echo(f"{entry.file}: {step}", err=True)


def _outcome(entry: ModelEntry, candidate: Candidate) -> VariantOutcome:
    return VariantOutcome(
        file=entry.file,
        precision=candidate.precision,
        accepted=candidate.accepted,
        error=candidate.error if isfinite(candidate.error) else None,
        bound=BOUNDS[candidate.precision],
        batched=candidate.batched,
        megabytes=round(candidate.model.ByteSize() / 1e6, 2),
    )


def _print(outcome: VariantOutcome) -> None:
    verdict = "kept" if outcome.accepted else "rejected"
    found = "does not run" if outcome.error is None else f"error {outcome.error:.1e}"
    batch = "any batch" if outcome.batched else "one at a time"
    click.echo(
        f"{outcome.file:<28} {outcome.precision}  {verdict:<8} {found} (at most "
        f"{outcome.bound:.0e}), {batch}, {outcome.megabytes:.1f} MB"
    )
