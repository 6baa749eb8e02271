"""``appliance models show``: a card for each model of a pack."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

import click
import msgspec
import onnx

from appliance.cli.framework.options import json_option, models_option, policy_option
from appliance.cli.framework.output import LabelledValue, print_json, print_pairs
from appliance.cli.process.signing_keys import inspection_trust
from appliance.inference.contract import Contract, ImageInput, Shape, VectorInput
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import check_graph
from appliance.inference.manifest import ModelEntry, Variant
from appliance.inference.pack import ModelPack
from appliance.policy.policy import Policy


class ModelCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one model.

    ``parameters``: number of weights. ``batched``: whether it takes several samples at once.
    ``takes`` and ``gives``: its tensors by name. ``variants``: its faster forms and their errors.
    Only networks have more than ``entry``.
    """

    entry: ModelEntry
    parameters: int | None = None
    opset: int | None = None
    batched: bool | None = None
    takes: Mapping[str, str] = {}
    gives: Mapping[str, str] = {}
    variants: tuple[Variant, ...] = ()


class PackCards(msgspec.Struct, frozen=True):
    """The cards of a pack. ``signer``: the trusted key that signed it, if any."""

    pack: str
    signer: str | None
    cards: tuple[ModelCard, ...]


@click.command("show")
@models_option
@click.option("--role", metavar="ROLE", help="Show only the model with this role. [default: all]")
@policy_option
@json_option
def show_cards(models: Path | None, role: str | None, policy: Policy, as_json: bool) -> None:
    """Show the licence, origin, tensors and size of each model."""
    pack = ModelPack.open(models, inspection_trust(policy))
    entries = pack.entries if role is None else (pack.entry(role),)
    cards = PackCards(pack.name, pack.signer, tuple(_card(pack, entry) for entry in entries))
    if as_json:
        print_json(cards)
        return
    print_pairs([("pack", cards.pack), ("signed by", cards.signer or "no trusted key")])
    for card in cards.cards:
        click.echo(f"\n{card.entry.role}")
        print_pairs(_lines(card), indent=2)


def _card(pack: ModelPack, entry: ModelEntry) -> ModelCard:
    contract = CONTRACTS.get(entry.family)
    data = pack.read(entry.role)
    if contract is None:
        return ModelCard(entry)
    tensors = check_graph(data, contract, entry.file)
    graph = onnx.ModelProto.FromString(data).graph
    return ModelCard(
        entry,
        parameters=sum(prod(weights.dims) for weights in graph.initializer),
        opset=tensors.opset,
        batched=tensors.batched,
        takes={tensor.name: _input(tensor) for tensor in tensors.inputs},
        gives=_outputs(contract, tensors.outputs),
        variants=tuple(one for one in pack.variants if one.parent == entry.sha256),
    )


def _input(tensor: ImageInput | VectorInput) -> str:
    shape = _shape(tensor.shape)
    if isinstance(tensor, VectorInput):
        return f"{shape} {tensor.dtype}" + (f", {tensor.latent.value}" if tensor.latent else "")
    low = [(0 - mean) / std for mean, std in zip(tensor.mean, tensor.std, strict=True)]
    high = [(255 - mean) / std for mean, std in zip(tensor.mean, tensor.std, strict=True)]
    template = f", aligned as {tensor.template.name}" if tensor.template else ""
    return f"{shape} {tensor.channels.value} {min(low):.3g} to {max(high):.3g}{template}"


def _outputs(contract: Contract, names: tuple[str, ...]) -> dict[str, str]:
    return {
        name: _shape(output.shape) for name, output in zip(names, contract.outputs, strict=True)
    }


def _shape(shape: Shape) -> str:
    return "×".join("any" if size is None else str(size) for size in shape)


def _lines(card: ModelCard) -> list[LabelledValue]:
    entry, source = card.entry, card.entry.source
    lines = [
        ("file", entry.file),
        ("family", entry.family),
        ("licence", entry.licence),
        ("use", entry.use),
        ("from", f"{source.package} {source.version}, {source.registry}: {source.member}"),
        ("conversion", entry.conversion),
        ("size", f"{entry.size / 1e6:.2f} MB"),
        ("sha-256", entry.sha256),
    ]
    if card.parameters is not None:
        batch = "any batch" if card.batched else "one at a time"
        lines.append(("graph", f"{card.parameters:,} weights, opset {card.opset}, {batch}"))
    lines += [("takes", f"{name}: {what}") for name, what in card.takes.items()]
    lines += [("gives", f"{name}: {what}") for name, what in card.gives.items()]
    lines += [("variant", _variant(variant)) for variant in card.variants]
    return lines


def _variant(variant: Variant) -> str:
    batch = "any batch" if variant.batched else "one at a time"
    return (
        f"{variant.precision}, {batch}, {variant.size / 1e6:.2f} MB; error {variant.error:.1e} "
        f"on {variant.samples} crops (at most {variant.bound:.0e})"
    )
