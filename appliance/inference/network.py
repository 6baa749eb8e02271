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
    """A loaded model. It may be run from several threads at once."""

    entry: ModelEntry
    contract: Contract
    tensors: Tensors
    """The inputs and outputs of this file."""
    provider: str
    """The provider that runs it, as the session reports."""
    session: Session
    device: int = 0
    """The index of the GPU, if it runs on one."""
    batch: int = 1
    """The best batch size, as measured (see ``tuning.py``) or by default."""
    precision: Precision | None = None
    """Of the variant that runs; ``None`` for the entry's own file."""

    def tensor(self, image: NDArray[np.uint8]) -> Tensor:
        """``image``, uint8 RGB (h, w, 3), as a batch of one for this network.

        Raises ``ValueError`` as ``ImageInput.tensor`` does.
        """
        return self.contract.image.tensor(image)

    def takes(self, name: str) -> bool:
        """Whether this file has the input ``name``: some files lack optional inputs."""
        return any(tensor_in.name == name for tensor_in in self.tensors.inputs)

    def run(self, tensor: Tensor, **others: Numbers) -> tuple[Tensor, ...]:
        """The outputs for ``tensor``, in the contract's order, as new arrays.

        ``others``: further inputs by name. The shapes are the contract's; a batched network takes
        any number of samples, the same number for each input.

        Raises ``ModelError`` if an output's shape is not the contract's, and ``ProviderError`` if
        the provider fails, for example for lack of device memory.
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
