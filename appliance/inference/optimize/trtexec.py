"""TensorRT engines built by hand: the command line that gives what the provider would build."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from appliance.inference.contract import ImageInput, Input
from appliance.inference.families import CONTRACTS
from appliance.inference.manifest import ModelEntry
from appliance.inference.pack import ModelPack
from appliance.inference.tensorrt import BATCHES, shapes


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
                f"--{bound}Shapes={shapes(_inputs(entry), batch)}"
                for bound, batch in zip(("min", "opt", "max"), BATCHES, strict=True)
            ]
        elif any(None in put.shape[1:] for put in CONTRACTS[entry.family].inputs):
            words.append(f"--shapes={shapes(_inputs(entry), 1)}")
        yield shlex.join(words)


def _inputs(entry: ModelEntry) -> list[Input]:
    """Those that every file of the family has."""
    inputs = CONTRACTS[entry.family].inputs
    return [put for put in inputs if isinstance(put, ImageInput) or not put.optional]
