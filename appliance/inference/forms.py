"""The forms of a network, its published file and its variants, and whether two of them agree."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from appliance.inference import kernels
from appliance.inference.contract import ImageInput
from appliance.inference.manifest import Precision, Variant
from appliance.inference.measure import ANY_SIZE
from appliance.inference.network import Network
from appliance.inference.optimize.accuracy import relative_error
from appliance.inference.pack import ModelPack
from appliance.inference.session import Numbers

Form = Literal["published", Precision]
"""How a network is stored: as its publisher made it, or as a variant."""

PRECISIONS: Mapping[str, tuple[Precision, ...]] = MappingProxyType(
    {
        "cpu": ("int8", "fp32"),
        "openvino": ("int8", "fp32"),
        "cuda": ("fp16-fused", "fp16", "fp32"),
    }
)
"""The variants that a provider runs fastest, best first."""
ON_DEVICES: tuple[Precision, ...] = ("fp16", "fp32")

MEASURED_ON = frozenset(("cpu",))
"""The providers that the errors in a manifest were measured on: see ``optimize.variants``. On any
other a variant is tried before it is used."""

DEVICE_BOUND = 1e-2
"""The least bound for a variant on another provider than ``MEASURED_ON``. A GPU multiplies even
float32 in TF32, whose 10 bits are those of float16, so that a sound fp32 variant differs from the
published file by as much as an fp16 one: see ``optimize.variants.BOUNDS``."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The file that plays a role: its name in messages and its verified bytes."""

    name: str
    data: bytes
    variant: Variant | None = None
    """``None`` where it is the published file."""
    library: Path | None = None
    """The library of custom operators that it needs."""


def suiting(pack: ModelPack, role: str, provider: str) -> Iterator[Variant]:
    """The variants that suit ``provider`` and can run here, the fastest first.

    Raises ``ModelError`` if no entry has this role.
    """
    for precision in PRECISIONS.get(provider, ON_DEVICES):
        variant = pack.variant(role, (precision,))
        if variant is None:
            continue
        if variant.kernels is not None and kernels.verified(variant.kernels) is None:
            _log.warning(
                "%s needs kernels that are not built here; a plainer form runs", variant.file
            )
            continue
        yield variant


def model_file(pack: ModelPack, role: str, form: Form) -> ModelFile:
    """The file for ``role`` in ``form`` or, if the pack has no such variant, as published.

    Raises ``ModelError`` as ``ModelPack.read`` does.
    """
    variant = None if form == "published" else pack.variant(role, (form,))
    library = None
    if variant is not None and variant.kernels is not None:
        library = kernels.verified(variant.kernels)
        variant = variant if library is not None else None
    if variant is None:
        return ModelFile(pack.entry(role).file, pack.read(role))
    return ModelFile(variant.file, pack.read_variant(variant), variant, library)


def agree(found: Network, wanted: Network, bound: float) -> bool:
    """Whether two forms of a network give the same on this provider, to ``bound``.

    Raises what ``Network.run`` does.
    """
    inputs = _probe(found)
    results = [_run(network, inputs) for network in (found, wanted)]
    return relative_error([results[0]], [results[1]]) <= max(bound, DEVICE_BOUND)


def _run(network: Network, inputs: Mapping[str, Numbers]) -> tuple[np.ndarray, ...]:
    first = network.contract.inputs[0].name
    others = {name: value for name, value in inputs.items() if name != first}
    return network.run(np.asarray(inputs[first], np.float32), **others)


def _probe(network: Network) -> dict[str, Numbers]:
    """A sample for each input: pictures of smooth noise, and numbers as in a unit embedding."""
    rng = np.random.default_rng(0)
    made: dict[str, Numbers] = {}
    for tensor_in in network.tensors.inputs:
        if isinstance(tensor_in, ImageInput):
            made[tensor_in.name] = tensor_in.tensor(_smooth(rng, tensor_in.size or ANY_SIZE))
        else:
            shape: Sequence[int] = [side or 1 for side in tensor_in.shape]
            made[tensor_in.name] = rng.random(shape).astype(tensor_in.dtype) / np.sqrt(
                np.prod(shape), dtype=tensor_in.dtype
            )
    return made


def _smooth(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A uint8 RGB picture of ``size`` (height, width): coarse patches with fine noise on them."""
    height, width = size
    coarse = rng.integers(48, 208, (8, 8, 3))
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    return (coarse[rows][:, columns] + rng.integers(-32, 32, (height, width, 3))).astype(np.uint8)
