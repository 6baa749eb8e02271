"""``appliance models optimize``: faster forms of a pack's networks, each proven on real crops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from typing import get_args

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
from appliance.inference.manifest import ModelEntry, Precision
from appliance.inference.optimize.enter import enter, write_variants
from appliance.inference.optimize.trtexec import commands
from appliance.inference.optimize.variants import BOUNDS, Candidate
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import Numbers
from appliance.pipeline.analysis.analyser import Stages
from appliance.pipeline.analysis.calibration import feeds, find_samples
from appliance.pipeline.media.photo.decode import Photo
from appliance.policy.policy import Policy

PRECISIONS: tuple[Precision, ...] = get_args(Precision)


class VariantOutcome(msgspec.Struct, frozen=True):
    """One variant. ``error`` against its parent; ``None``: it could not be run at all."""

    file: str
    precision: Precision
    accepted: bool
    error: float | None
    bound: float
    batched: bool
    megabytes: float


class OptimisedPack(msgspec.Struct, frozen=True):
    """A pack after it. ``digest``: SHA-256 of its manifest. ``samples``: crops measured on."""

    name: str
    digest: str
    samples: int
    variants: tuple[VariantOutcome, ...]


@click.command()
@click.argument("folder", type=FILE, metavar="DIR")
@click.option(
    "--crops",
    type=FILE,
    multiple=True,
    metavar="PHOTO",
    help="Photo of faces to measure and calibrate on; several times for several.",
)
@click.option("--key", type=FILE, metavar="FILE", help="Secret key that signs the pack again.")
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(PRECISIONS),
    multiple=True,
    help="Make only these. [default: all]",
)
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Only what plays this role.")
@click.option(
    "--engines",
    is_flag=True,
    help="Build TensorRT's engines for this machine instead, and keep them for swaps.",
)
@click.option("--print-trtexec", is_flag=True, help="Print how to build TensorRT engines by hand.")
@policy_option
@json_option
def optimize(
    *,
    folder: Path,
    crops: Sequence[Path],
    key: Path | None,
    precisions: Sequence[Precision],
    roles: Sequence[str],
    engines: bool,
    print_trtexec: bool,
    policy: Policy,
    as_json: bool,
) -> None:
    """Make fp32, fp16 and int8 variants of the networks of the pack in DIR.

    A variant is kept only if it errs less than its precision may on the crops of the faces in the
    photos; it is hashed and entered into the manifest with its parent, which is signed again.
    """
    # Nobody's photo is shown to a pack of which only the names of its files are printed.
    pack = ModelPack.open(
        folder, inspection_trust(policy) if print_trtexec else policy_trust(policy)
    )
    entries = _chosen(pack, roles)
    if print_trtexec:
        for line in commands(pack, entries):
            click.echo(line)
        return
    if engines:
        build_engines(pack, entries, lambda step: click.echo(step, err=True))
        click.echo(f"pack {pack.name}: engines built for {len(entries)} networks")
        return
    if key is None or not crops:
        raise PrivateUsageError("To optimise, name photos with --crops and a key with --key.")
    if "fp16-fused" in precisions and kernels.digest() is None:
        raise PrivateUsageError("fp16-fused needs kernels that are not built here: `make cuda`.")
    opened = secret_key(key)
    stages = Stages.load(ModelPack.open(), Runtime(("cpu",)))
    samples = find_samples(stages, [_photo(path) for path in crops])
    wanted = tuple(precisions) or PRECISIONS
    found: list[VariantOutcome] = []

    def samples_of(entry: ModelEntry) -> list[dict[str, Numbers]]:
        contract = CONTRACTS[entry.family]
        return feeds(samples, check_graph(pack.read(entry.role), contract, entry.file))

    def tell(entry: ModelEntry, candidate: Candidate) -> None:
        found.append(_outcome(entry, candidate))
        if not as_json:
            _say(found[-1])

    variants = [
        variant
        for entry in entries
        for variant in write_variants(
            folder, pack, entry, samples_of(entry), wanted, tell=tell, step=_steps(entry, as_json)
        )
    ]
    digest = enter(folder, pack, variants, opened)
    tune_new_pack(
        ModelPack.open(folder, inspection_trust(policy)),
        policy,
        (lambda _line: None) if as_json else click.echo,
        before=pack,
        changed=[entry.role for entry in entries],
    )
    result = OptimisedPack(pack.name, digest, len(samples), tuple(found))
    if as_json:
        print_json(result)
    else:
        click.echo(f"pack {pack.name}, manifest {digest}, signed by {opened.public.name}")


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


def _steps(entry: ModelEntry, silent: bool) -> Callable[[str], None]:
    """What is being done to a network, on stderr, where somebody waits for it."""
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


def _say(outcome: VariantOutcome) -> None:
    verdict = "kept" if outcome.accepted else "dropped"
    found = "it does not run" if outcome.error is None else f"error {outcome.error:.1e}"
    batch = "any batch" if outcome.batched else "one at a time"
    click.echo(
        f"{outcome.file:<28} {outcome.precision}  {verdict:<8} {found} (at most "
        f"{outcome.bound:.0e}), {batch}, {outcome.megabytes:.1f} MB"
    )
