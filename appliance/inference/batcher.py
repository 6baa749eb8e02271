"""Runs a network on any number of samples in batches of a fixed size, in buffers that are kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from appliance.errors import ModelError, ProviderError
from appliance.inference.contract import Contract, Image, Output, VectorInput
from appliance.inference.forms import Form
from appliance.inference.graph import Tensors
from appliance.inference.loader import NetworkLoader
from appliance.inference.network import Network
from appliance.inference.ort import ort
from appliance.inference.pack import Models
from appliance.inference.session import Numbers, Tensor, failures_named

_log = logging.getLogger(__name__)


class _Value(Protocol):
    """The part of ``onnxruntime.OrtValue`` that is used."""

    def update_inplace(self, array: NDArray[Any]) -> None: ...
    def numpy(self) -> Tensor: ...


class Batcher:
    """A network that is given ``size`` samples at a time. Several threads may use it.

    On a GPU the inputs and outputs stay in its memory, and the network's kernel launches are
    recorded once as a CUDA graph and replayed, since shapes never change. A last batch that is not
    full is padded with its first sample. On the CPU the samples are only cut into batches.

    Create all batchers of a program before any of them runs: while one is being recorded, no other
    code may allocate memory on that GPU.
    """

    def __init__(self, network: Network, size: int, outputs: int | None = None) -> None:
        """``outputs``: how many of the contract's outputs to return, from the first; default all.

        Raises ``ModelError`` if ``size`` is above 1 and the network is not batched, or if it runs
        on a GPU and its outputs have no fixed size, and ``ProviderError`` if the GPU fails.
        """
        if size > 1 and not network.tensors.batched:
            raise ModelError(
                f"{network.entry.file} takes one picture at a time.",
                "Make variants of the pack with `appliance models optimize`.",
            )
        self.network = network
        self.size = size
        self._wanted = outputs or len(network.contract.outputs)
        on_device = network.provider == "cuda"
        self._device = _Device(network, size, self._wanted) if on_device else None

    @classmethod
    def load(
        cls,
        runtime: NetworkLoader,
        pack: Models,
        role: str,
        size: int,
        *,
        form: Form | None = None,
        outputs: int | None = None,
    ) -> Batcher:
        """The network for ``role`` in ``pack``, in batches of ``size``.

        Raises ``ModelError`` and ``ProviderError`` as ``Runtime.load`` and the constructor do.
        """
        return cls(runtime.load(pack, role, fixed=True, form=form), size, outputs)

    @classmethod
    def load_any(cls, runtime: NetworkLoader, pack: Models, role: str) -> Batcher:
        """As ``load``, with the network's best batch size: see ``Network.batch``.

        A network that cannot be recorded, because parts of it run on the CPU, runs unrecorded. One
        that fails in either way is replaced by the published file.
        """
        try:
            return cls._recorded_or_not(runtime, pack, role)
        except ProviderError as error:
            _log.warning("%s The published file runs, if it does.", error.message)
            try:
                return cls._recorded_or_not(runtime, pack, role, "published")
            except ProviderError:
                raise error from None

    @classmethod
    def _recorded_or_not(
        cls, runtime: NetworkLoader, pack: Models, role: str, form: Form | None = None
    ) -> Batcher:
        try:
            network = runtime.load(pack, role, fixed=True, form=form)
        except ProviderError:
            network = runtime.load(pack, role, form=form)
        return cls(network, network.batch)

    @property
    def contract(self) -> Contract:
        """See ``Network.contract``."""
        return self.network.contract

    @property
    def tensors(self) -> Tensors:
        """See ``Network.tensors``."""
        return self.network.tensors

    def tensor(self, image: Image) -> Tensor:
        """See ``Network.tensor``."""
        return self.network.tensor(image)

    def takes(self, name: str) -> bool:
        """See ``Network.takes``."""
        return self.network.takes(name)

    def run(self, tensor: Tensor, **others: Numbers) -> tuple[Tensor, ...]:
        """The outputs for any number of samples, in the contract's order, as ``Network.run``.

        ``tensor``: samples on the first axis. An input of ``others`` with one sample is repeated
        for every sample of ``tensor``. Raises as ``Network.run`` does.
        """
        whole = len(tensor)
        inputs = {
            self.network.contract.inputs[0].name: tensor,
            **{name: _for_each(value, whole) for name, value in others.items()},
        }
        parts = [self._run(part) for part in _cut(inputs, whole, self.size)]
        if len(parts) == 1:
            return tuple(piece[:whole] for piece in parts[0])
        return tuple(np.concatenate(pieces)[:whole] for pieces in zip(*parts, strict=True))

    def replay(self) -> None:
        """Run again on the buffers as the last batch left them, for measuring.

        Raises ``ValueError`` if the network does not run on a GPU.
        """
        if self._device is None:
            raise ValueError("only a GPU has buffers to run on")
        self._device.replay()

    def _run(self, inputs: Mapping[str, Numbers]) -> tuple[Tensor, ...]:
        if self._device is not None:
            return self._device.run(inputs)
        first, *others = inputs
        given = {name: inputs[name] for name in others}
        return self.network.run(np.asarray(inputs[first], np.float32), **given)[: self._wanted]


class _Device:
    """Buffers on a GPU that stay bound to one session.

    ONNX Runtime ties a recorded graph to the thread that recorded it, so a dedicated thread runs
    the session.
    """

    def __init__(self, network: Network, size: int, outputs: int) -> None:
        self._network = network
        self._thread = ThreadPoolExecutor(1)
        self._bound = network.session.io_binding()
        with failures_named(network.provider, network.entry.file):
            self._inputs = _buffers(network.tensors, size, network.device)
            for name, value in self._inputs.items():
                self._bound.bind_ortvalue_input(name, value)
            self._outputs = [
                self._place(name, output, size)
                for name, output in zip(
                    network.tensors.outputs, network.contract.outputs, strict=True
                )
            ][:outputs]
            for _ in range(_UNTIL_RECORDED):
                self.replay()

    def run(self, inputs: Mapping[str, Numbers]) -> tuple[Tensor, ...]:
        with failures_named(self._network.provider, self._network.entry.file):
            return self._thread.submit(self._run, inputs).result()

    def replay(self) -> None:
        self._thread.submit(self._network.session.run_with_iobinding, self._bound).result()

    def _run(self, inputs: Mapping[str, Numbers]) -> tuple[Tensor, ...]:
        for name, value in inputs.items():
            self._inputs[name].update_inplace(np.array(value, order="C", copy=None))
        self._network.session.run_with_iobinding(self._bound)
        return tuple(output.numpy() for output in self._outputs)

    def _place(self, name: str, output: Output, size: int) -> _Value:
        """A buffer for output ``name``, of the contract's shape for a batch of ``size``."""
        shape = [size, *output.shape[1:]] if self._network.tensors.batched else [*output.shape]
        if None in shape:
            raise ModelError(
                f"{self._network.entry.file} gives pictures of any size.",
                "Run it without fixed batches.",
            )
        device = self._network.device
        place = ort.OrtValue.ortvalue_from_shape_and_type(shape, np.float32, "cuda", device)
        self._bound.bind_ortvalue_output(name, place)
        return cast(_Value, place)


_UNTIL_RECORDED = 3
"""After so many runs ONNX Runtime has allocated its memory and recorded the graph."""


def _buffers(tensors: Tensors, size: int, device: int) -> dict[str, _Value]:
    made = {}
    for tensor_in in tensors.inputs:
        dtype = tensor_in.dtype if isinstance(tensor_in, VectorInput) else "float32"
        shape = [side or 1 for side in tensor_in.shape]
        if tensors.batched:
            shape[0] = size
        value = ort.OrtValue.ortvalue_from_numpy(np.zeros(shape, dtype), "cuda", device)
        made[tensor_in.name] = cast(_Value, value)
    return made


def _for_each(value: Numbers, count: int) -> Numbers:
    if len(value) == count:
        return value
    return cast(Numbers, np.repeat(value, count, axis=0))


def _cut(inputs: Mapping[str, Numbers], whole: int, size: int) -> Iterator[dict[str, Numbers]]:
    """``inputs`` in batches of exactly ``size`` samples; the last is padded with its first."""
    for start in range(0, whole, size):
        part = {name: value[start : start + size] for name, value in inputs.items()}
        missing = size - min(size, whole - start)
        if missing:
            part = {
                name: np.concatenate([value, np.repeat(value[:1], missing, axis=0)])
                for name, value in part.items()
            }
        yield part
