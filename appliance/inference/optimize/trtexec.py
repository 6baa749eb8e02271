"""The command lines of TensorRT's ``trtexec`` that build what ONNX Runtime's provider would."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from appliance.inference.contract import ImageInput, Input
from appliance.inference.families import CONTRACTS
from appliance.inference.manifest import ModelEntry
from appliance.inference.pack import ModelPack
from appliance.inference.tensorrt import BATCHES, shapes


def commands(pack: ModelPack, entries: Sequence[ModelEntry]) -> Iterator[str]:
    """A ``trtexec`` command line for each of ``entries``, to be run in the pack's folder.

    The fp32 variant is used where the pack has one: TensorRT chooses precisions itself, which a
    fp16 variant has already fixed.
    """
    for entry in entries:
        variant = pack.variant(entry.role, ("fp32",))
        file = variant.file if variant is not None else entry.file
        arguments = ["trtexec", f"--onnx={file}", "--fp16", f"--saveEngine={file}.engine"]
        arguments.append(f"--timingCacheFile={pack.name}.timing")
        if variant is not None and variant.batched:
            arguments += [
                f"--{bound}Shapes={shapes(_inputs(entry), batch)}"
                for bound, batch in zip(("min", "opt", "max"), BATCHES, strict=True)
            ]
        elif any(None in tensor_in.shape[1:] for tensor_in in CONTRACTS[entry.family].inputs):
            arguments.append(f"--shapes={shapes(_inputs(entry), 1)}")
        yield shlex.join(arguments)


def _inputs(entry: ModelEntry) -> list[Input]:
    """The inputs that every file of the family has."""
    return [
        tensor_in
        for tensor_in in CONTRACTS[entry.family].inputs
        if isinstance(tensor_in, ImageInput) or not tensor_in.optional
    ]
