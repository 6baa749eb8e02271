"""The families of models this version knows, by role: one module a role, one entry a family.

A new family is one entry in its module. Names and shapes are those of the graphs themselves, value
ranges and channel orders those their publishers' own code uses. The files of the starter pack are
held against them in ``tests/inference/test_contract.py``; for the others, whose weights are not
ours to ship, ``tests/inference/standins`` builds graphs of the same tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from appliance.inference.contract import Contract
from appliance.inference.families import (
    detectors,
    generators,
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
        )
        for contract in module.FAMILIES
    }
)
"""Tensor contracts by family."""

ROLES: Mapping[str, str] = MappingProxyType(
    {family: contract.role for family, contract in CONTRACTS.items()}
    | {"canonical-mesh": "canonical-mesh", "attention-subsets": "attention-subsets"}
)
"""The role of every known family: the networks above, and the data files that travel with them."""
