"""Builds the variants of a network and measures each against its parent."""

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
    batch_independent,
    outputs,
    relative_error,
)
from appliance.inference.optimize.float16 import FP32_FALLBACK_OPS, rounded_to_float16, to_float16
from appliance.inference.optimize.fused import custom_operators, fuse
from appliance.inference.optimize.quantize import ENDS, OPERATORS, to_int8
from appliance.inference.optimize.ranges import Feed, observe
from appliance.inference.optimize.rewrite import rewrite
from appliance.inference.session import FAILURES

BOUNDS: Mapping[Precision, float] = MappingProxyType(
    {"fp32": 1e-4, "fp16": 1e-2, "fp16-fused": 1e-2, "int8": 5e-2}
)
"""The largest ``accuracy.relative_error`` that a variant may have. float32 rounds at 1e-7 and
float16 at 5e-4 per operation; 1 % and 5 % of a picture's norm are 2 and 10 grey levels at a mean of
200."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variant that was built. ``error`` is infinite if it could not be run."""

    precision: Precision
    model: onnx.ModelProto
    batched: bool
    error: float
    notes: Mapping[str, int] = field(default_factory=dict)
    """For fp32 how many places each pass changed, for fp16 how many kinds of operator stayed
    float32, for int8 what percentage of the convolutions at either end did."""
    kernels: str | None = None
    """SHA-256 of the library of custom operators that it needs."""

    @property
    def accepted(self) -> bool:
        """Whether its error is within the bound of its precision."""
        return self.error <= BOUNDS[self.precision]


def build(
    model: onnx.ModelProto,
    feeds: Sequence[Feed],
    precisions: Sequence[Precision],
    progress: Callable[[str], None] = lambda _step: None,
) -> list[Candidate]:
    """A candidate for each of ``precisions``, measured on ``feeds``, which are real crops of faces.

    There is none for fp16-fused if its library is not built or the graph has nothing to fuse, and
    none for int8 if there is nothing to quantise. fp16 and int8 are made from the rewritten graph,
    but all are measured against ``model`` itself. ``progress`` is called with each step that
    begins, since a step takes minutes for a large network.
    """
    progress(f"running it as it is on {len(feeds)} crops")
    wanted = outputs(model, feeds)
    progress("rewriting it")
    base, notes, batched = _rewritten(model, feeds, wanted)
    found = []
    for precision in precisions:
        progress(f"building and measuring {precision}")
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
    """The rewritten model, with a dynamic batch if that proves correct, and whether it has one."""
    base, notes = rewrite(model)
    if batch_independent(base, feeds, wanted):
        return base, notes, True
    base, notes = rewrite(model, batch=False)
    return base, notes, False


def _half(
    base: onnx.ModelProto, feeds: Sequence[Feed], wanted: Sequence[Outputs], *, batched: bool
) -> Candidate:
    """With the fewest float32 operators that keep the bound; otherwise the most accurate."""
    best: Candidate | None = None
    for fp32_ops in FP32_FALLBACK_OPS:
        notes = {"kinds of operator kept in fp32": len(fp32_ops)}
        erring = _error(rounded_to_float16(base, fp32_ops), feeds, wanted)
        found = Candidate("fp16", to_float16(base, fp32_ops), batched, erring, notes)
        if best is None or found.error < best.error:
            best = found
        if best.accepted:
            break
    if best is None:
        raise ValueError("no set of operators to try")
    return best


def _fused(
    model: onnx.ModelProto, feeds: Sequence[Feed], wanted: Sequence[Outputs], *, batched: bool
) -> list[Candidate]:
    """With the custom operators, if StyledNorm is among them: the speed comes from that one.

    The error is the larger of two: that on the CPU, where the custom operators round as on a GPU,
    and that of ``rounded_to_float16``, which rounds all others.
    """
    library = kernels.digest()
    base, _ = rewrite(model, batch=batched, fusing=True)
    fused = fuse(to_float16(base))
    if library is None or "StyledNorm" not in custom_operators(fused):
        return []
    erring = max(
        _error(rounded_to_float16(base), feeds, wanted),
        _error(fused, feeds, wanted, kernels.LIBRARY),
    )
    notes = {"custom operators": len(custom_operators(fused))}
    return [Candidate("fp16-fused", fused, batched, erring, notes, library)]


def _int8(
    base: onnx.ModelProto, feeds: Sequence[Feed], wanted: Sequence[Outputs], *, batched: bool
) -> list[Candidate]:
    """With the fewest float32 convolutions that keep the bound; otherwise the most accurate.

    Ranges come from every other crop and the error from all: a variant that is accurate only on
    the crops it was made from is rejected.
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
        return relative_error(outputs(model, feeds, library), wanted)
    except FAILURES:
        return float("inf")
