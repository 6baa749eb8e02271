"""The families of models that this version knows: one module per role, one entry per family.

A new family is one entry in its module. Names and shapes are those of the published graphs, value
ranges and channel orders those of their publishers' code. ``tests/inference/test_contract.py``
checks the files of the starter pack against them; for the other families, whose weights may not be
shipped, ``tests/inference/standins`` builds graphs with the same tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from appliance.inference.contract import Contract
from appliance.inference.families import (
    detectors,
    generators,
    hands,
    landmarks,
    masks,
    recognisers,
    restorers,
    upscalers,
)

CONTRACTS: Mapping[str, Contract] = MappingProxyType(
    {
        contract.family: contract
        for module in (
            detectors,
            landmarks,
            recognisers,
            generators,
            restorers,
            upscalers,
            masks,
            hands,
        )
        for contract in module.FAMILIES
    }
)
"""Tensor contracts by family."""

ROLES: Mapping[str, str] = MappingProxyType(
    {family: contract.role for family, contract in CONTRACTS.items()}
    | {"canonical-mesh": "canonical-mesh", "attention-subsets": "attention-subsets"}
)
"""The role of every known family: of the networks above, and of the pack's data files."""
