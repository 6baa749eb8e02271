"""TensorRT engines built by hand: the command line that gives what the provider would build."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from appliance.inference.contract import ImageInput
from appliance.inference.families import CONTRACTS
from appliance.inference.manifest import ModelEntry
from appliance.inference.pack import ModelPack

BATCHES = (1, 16, 32)
"""Least, usual and largest batch that an engine is built for."""
ANY_SIZE = 256  # a side of the tiles that networks of any size are given


def commands(pack: ModelPack, entries: Sequence[ModelEntry]) -> Iterator[str]:
    """A ``trtexec`` line for each of ``entries``, to be run in the pack's folder.

    The rewritten fp32 variant is the better start, where there is one: TensorRT chooses among
    precisions itself, and the fp16 variant has chosen already.
    """
    for entry in entries:
        variant = pack.variant(entry.role, ("fp32",))
        file = variant.file if variant is not None else entry.file
        words = ["trtexec", f"--onnx={file}", "--fp16", f"--saveEngine={file}.engine"]
        words.append(f"--timingCacheFile={pack.name}.timing")
        if variant is not None and variant.batched:
            words += [
                f"--{bound}Shapes={_shapes(entry, batch)}"
                for bound, batch in zip(("min", "opt", "max"), BATCHES, strict=True)
            ]
        elif any(None in put.shape[1:] for put in CONTRACTS[entry.family].inputs):
            words.append(f"--shapes={_shapes(entry, 1)}")
        yield shlex.join(words)


def _shapes(entry: ModelEntry, batch: int) -> str:
    """``name:BxCxHxW``, as trtexec wants it, of every input that has a batch."""
    parts = []
    for put in CONTRACTS[entry.family].inputs:
        if not isinstance(put, ImageInput) and put.optional:
            continue
        sizes = [batch, *(side or ANY_SIZE for side in put.shape[1:])]
        parts.append(f"{put.name}:{'x'.join(map(str, sizes))}")
    return ",".join(parts)
