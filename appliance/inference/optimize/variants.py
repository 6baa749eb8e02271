"""The variants of one network: each built, measured against its parent, and kept or dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import onnx

from appliance.inference import kernels
from appliance.inference.manifest import Precision
from appliance.inference.optimize.accuracy import (
    Outputs,
    batches_alike,
    error,
    outputs,
)
from appliance.inference.optimize.float16 import FP32_FALLBACK_OPS, rounded_to_float16, to_float16
from appliance.inference.optimize.fused import fuse, operators
from appliance.inference.optimize.quantize import ENDS, OPERATORS, to_int8
from appliance.inference.optimize.ranges import Feed, observe
from appliance.inference.optimize.rewrite import rewrite
from appliance.inference.session import FAILURES

BOUNDS: Mapping[Precision, float] = MappingProxyType(
    {"fp32": 1e-4, "fp16": 1e-2, "fp16-fused": 1e-2, "int8": 5e-2}
)
"""The most a variant may err, as ``accept.error`` counts: float32 rounds at 1e-7 and float16 at
5e-4 an operation; 1 % and 5 % of a picture's norm are 2 and 10 grey levels of a mean of 200."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variant as built. ``error`` is infinite where it could not be run."""

    precision: Precision
    model: onnx.ModelProto
    batched: bool
    error: float
    notes: Mapping[str, int] = field(default_factory=dict)
    """What was rewritten how often; for fp16 how many kinds of operator stayed float32, for int8
    which percentage of the convolutions at either end did."""
    kernels: str | None = None
    """SHA-256 of the library of operators that it needs."""

    @property
    def accepted(self) -> bool:
        """Whether it errs less than its precision may."""
        return self.error <= BOUNDS[self.precision]


def build(
    model: onnx.ModelProto,
    feeds: Sequence[Feed],
    precisions: Sequence[Precision],
    tell: Callable[[str], None] = lambda _step: None,
) -> list[Candidate]:
    """A candidate for each of ``precisions``, measured on ``feeds``, real crops of faces.

    None for fp16-fused where the library of its operators was not built or nothing is for it, and
    for int8 where there is nothing to quantise.
    fp16 and int8 are made of the rewritten graph, but all are measured against ``model`` itself.
    ``tell`` hears what is being done: with a large network each step is minutes.
    """
    tell(f"running it as it is on {len(feeds)} crops")
    wanted = outputs(model, feeds)
    tell("rewriting it")
    base, notes, batched = _rewritten(model, feeds, wanted)
    found = []
    for precision in precisions:
        tell(f"making and measuring {precision}")
        if precision == "fp32":
            found.append(Candidate(precision, base, batched, _error(base, feeds, wanted), notes))
        elif precision == "fp16":
            found.append(_half(base, feeds, wanted, batched=batched))
        elif precision == "fp16-fused":
            found.extend(_fused(model, feeds, wanted, batched=batched))
        else:
            found.extend(_int8(base, feeds, wanted, batched=batched))
    return found


def _rewritten(
    model: onnx.ModelProto, feeds: Sequence[Feed], wanted: Sequence[Outputs]
) -> tuple[onnx.ModelProto, Mapping[str, int], bool]:
    """The rewritten model, with a free batch where that turns out to be right."""
    base, notes = rewrite(model)
    if batches_alike(base, feeds, wanted):
        return base, notes, True
    base, notes = rewrite(model, batch=False)
    return base, notes, False


def _half(
    base: onnx.ModelProto, feeds: Sequence[Feed], wanted: Sequence[Outputs], *, batched: bool
) -> Candidate:
    """With the smallest islands of float32 that keep the bound; else the most exact there is."""
    best: Candidate | None = None
    for island in FP32_FALLBACK_OPS:
        notes = {"kinds of operator kept in fp32": len(island)}
        erring = _error(rounded_to_float16(base, island), feeds, wanted)
        found = Candidate("fp16", to_float16(base, island), batched, erring, notes)
        if best is None or found.error < best.error:
            best = found
        if best.accepted:
            break
    if best is None:
        raise ValueError("no islands to try")
    return best


def _fused(
    model: onnx.ModelProto, feeds: Sequence[Feed], wanted: Sequence[Outputs], *, batched: bool
) -> list[Candidate]:
    """With operators of ours, if a norm is among them: that is what they are fast at.

    It errs as it does on the CPU, by kernels that round as those for a GPU do, or as ``rounded``
    says of the rest, whichever is more.
    """
    library = kernels.digest()
    base, _ = rewrite(model, batch=batched, fusing=True)
    fused = fuse(to_float16(base))
    if library is None or "StyledNorm" not in operators(fused):
        return []
    erring = max(
        _error(rounded_to_float16(base), feeds, wanted),
        _error(fused, feeds, wanted, kernels.LIBRARY),
    )
    notes = {"operators of ours": len(operators(fused))}
    return [Candidate("fp16-fused", fused, batched, erring, notes, library)]


def _int8(
    base: onnx.ModelProto, feeds: Sequence[Feed], wanted: Sequence[Outputs], *, batched: bool
) -> list[Candidate]:
    """With as few convolutions in float32 as keep the bound; else the most exact there is.

    Every other crop tells the ranges, all of them are measured on: what is only right on the
    crops that it was made from is found out.
    """
    ranges = observe(base, feeds[::2], OPERATORS)
    best: list[Candidate] = []
    for end in ENDS if ranges.names else ():
        notes = {"% of convolutions kept in fp32 at either end": round(100 * end)}
        for chosen in (ranges.usual(), ranges.widest()):
            small = to_int8(base, chosen, end)
            found = Candidate("int8", small, batched, _error(small, feeds, wanted), notes)
            best = sorted([*best, found], key=lambda candidate: candidate.error)[:1]
            if found.accepted:
                return [found]
    return best


def _error(
    model: onnx.ModelProto,
    feeds: Sequence[Feed],
    wanted: Sequence[Outputs],
    library: Path | None = None,
) -> float:
    try:
        return error(outputs(model, feeds, library), wanted)
    except FAILURES:
        return float("inf")
