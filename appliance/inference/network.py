"""A loaded model, ready to run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.errors import ModelError
from appliance.inference.contract import Contract, Shape
from appliance.inference.graph import Tensors
from appliance.inference.manifest import ModelEntry, Precision
from appliance.inference.session import Numbers, Session, Tensor, failures_named


@dataclass(frozen=True, slots=True)
class Network:
    """One loaded model. Safe to run from several threads at once."""

    entry: ModelEntry
    contract: Contract
    tensors: Tensors
    """What this file has of its contract."""
    provider: str
    """The provider that really runs it, as the session itself says."""
    session: Session
    device: int = 0
    """Which GPU, where it runs on one."""
    batch: int = 1
    """How many samples at once it is best given: as measured, see ``tuning.py``, or supposed."""
    precision: Precision | None = None
    """Of the variant that runs; ``None`` where the file itself does."""

    def tensor(self, image: NDArray[np.uint8]) -> Tensor:
        """``image`` (uint8 RGB, height x width x 3) as this network takes it."""
        return self.contract.image.tensor(image)

    def takes(self, name: str) -> bool:
        """Whether this file has the input ``name``: some inputs are missing from some files."""
        return any(tensor_in.name == name for tensor_in in self.tensors.inputs)

    def run(self, tensor: Tensor, **others: Numbers) -> tuple[Tensor, ...]:
        """The outputs for one input tensor, in the contract's order; new arrays every time.

        ``others``: what goes into further inputs, by name. A network whose batch is free takes
        several at once: the same number of each.

        Raises:
            ModelError: an output has another shape than the contract's.
            ProviderError: the provider failed, for instance for want of device memory.
        """
        names = list(self.tensors.outputs)
        inputs: dict[str, Numbers] = {self.contract.inputs[0].name: tensor, **others}
        with failures_named(self.provider, self.entry.file):
            results = tuple(self.session.run(names, inputs))
        self._check_shapes(results, len(tensor))
        return results

    def _check_shapes(self, results: tuple[Tensor, ...], batch: int) -> None:
        wanted = [output.shape for output in self.contract.outputs]
        if self.tensors.batched:
            wanted = [(batch, *shape[1:]) for shape in wanted]
        for name, shape, result in zip(self.tensors.outputs, wanted, results, strict=True):
            if not _fits(result.shape, shape):
                raise ModelError(
                    f"{self.entry.file} gave {name!r} the shape {result.shape}, "
                    f"that of {self.contract.family} is {shape}.",
                    "Use a file of the family that the manifest names.",
                )


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        want in (None, have) for have, want in zip(shape, wanted, strict=True)
    )
