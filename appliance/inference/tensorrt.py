"""TensorRT's engines: built at provisioning, kept, and believed only unaltered.

An engine is machine code, built for one graph on one kind of GPU by one version of the library.
``EngineCache`` therefore binds a folder of engines and timings to what they were built for, and
names every file in it by its SHA-256, in ``engines.json``::

    {"built_for": "0c5f…", "files": {"TensorrtExecutionProvider_….engine": "9a41…"}}
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.errors import ModelError, OutputError
from appliance.inference.contract import Input
from appliance.inference.machine import gpus
from appliance.inference.manifest import Digest

LIST = "engines.json"
_TRUST = (
    "Build them again with `appliance models optimize DIR --engines`, or name another provider."
)

BATCHES = (1, 16, 32)
"""Least, usual and largest batch that an engine is built for."""


class _Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``engines.json``. ``files``: SHA-256 by name."""

    built_for: Digest
    files: dict[str, Digest]


@dataclass(frozen=True, slots=True)
class EngineCache:
    """A folder of engines and timing caches.

    ``sealed``: nothing may be built; an engine that is not there makes the session fail.
    """

    folder: Path
    built_for: str
    sealed: bool = False

    @classmethod
    def open(
        cls, folder: Path, surroundings: str | None = None, *, sealed: bool = False
    ) -> EngineCache:
        """The cache in ``folder``, emptied if it was built for something else.

        ``surroundings``: what engines depend on beside the graph, by default this machine's GPU
        and driver and the runtime's version. In a ``sealed`` run nothing is emptied.

        Raises ModelError for a file that is altered or was never listed, and in a sealed run for
        engines built for something else; OutputError where the folder cannot be emptied.
        """
        built_for = _name(surroundings)
        cache = cls(folder, built_for, sealed)
        listed = cache._listed()
        if listed is not None and listed.built_for != built_for:
            if sealed:
                raise ModelError(
                    "The TensorRT engines were built for another GPU or driver.", _TRUST
                )
            cache._empty()
            return cache
        cache._check(listed)
        return cache

    @classmethod
    def for_building(cls, folder: Path, surroundings: str | None = None) -> EngineCache:
        """As ``open``, for building: what cannot be believed is thrown away.

        Raises OutputError.
        """
        try:
            return cls.open(folder, surroundings)
        except ModelError:
            cache = cls(folder, _name(surroundings))
            cache._empty()
            return cache

    @classmethod
    def find(
        cls, folder: Path, surroundings: str | None = None, *, needed: bool
    ) -> EngineCache | None:
        """The cache for a sealed run; ``None`` where there are no engines for this GPU and driver.

        Raises ModelError for a file that is altered or was never listed, and where there are no
        engines though they are ``needed``.
        """
        cache = cls(folder, _name(surroundings))
        listed = cache._listed()
        if listed is not None and (needed or listed.built_for == cache.built_for):
            return cls.open(folder, surroundings, sealed=True)
        if needed:
            raise ModelError("No TensorRT engines were built on this machine.", _TRUST)
        return None

    def options(self, inputs: Sequence[Input] = (), device: int = 0) -> dict[str, str]:
        """Options of the provider TensorRT.

        ``inputs``: of a network whose batch is free: the engine is built for ``BATCHES``, or a
        sealed run would have to build one for each new batch.
        """
        profile = {
            f"trt_profile_{bound}_shapes": shapes(inputs, batch)
            for bound, batch in zip(("min", "opt", "max"), BATCHES, strict=True)
            if inputs
        }
        return profile | {
            "device_id": str(device),
            "trt_fp16_enable": "1",
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(self.folder),
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": str(self.folder),
            # Timings of another GPU of the same kind are no error, only less exact.
            "trt_force_timing_cache": "0",
        }

    def close(self) -> None:
        """Name what was built by its hash. Raises OutputError; in a sealed run a ModelError."""
        if self.sealed:
            self._check(self._listed())
            return
        listed = _Listed(self.built_for, {p.name: _digest(p) for p in self._files()})
        try:
            partial = self.folder / f".{LIST}.part"
            partial.write_bytes(msgspec.json.encode(listed))
            partial.replace(self.folder / LIST)
        except OSError as error:
            raise _unwritable(error) from error

    def _listed(self) -> _Listed | None:
        try:
            return msgspec.json.decode((self.folder / LIST).read_bytes(), type=_Listed)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise ModelError("The list of the TensorRT engines cannot be read.", _TRUST) from error

    def _check(self, listed: _Listed | None) -> None:
        expected = listed.files if listed is not None else {}
        found = {path.name: _digest(path) for path in self._files()}
        if found != expected:
            wrong = sorted(n for n in found.keys() | expected if found.get(n) != expected.get(n))
            raise ModelError(
                f"{len(wrong)} TensorRT engines are altered, missing or were never listed.", _TRUST
            )

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if path.name != LIST)

    def _empty(self) -> None:
        try:
            for path in (*self._files(), self.folder / LIST):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(error) from error


ANY_SIZE = 256  # a side of the tiles that networks of any size are given


def shapes(inputs: Sequence[Input], batch: int) -> str:
    """``name:BxCxHxW`` of every input that has a batch, as TensorRT's own tools want it."""
    parts = []
    for tensor_in in inputs:
        sizes = [batch, *(side or ANY_SIZE for side in tensor_in.shape[1:])]
        parts.append(f"{tensor_in.name}:{'x'.join(map(str, sizes))}")
    return ",".join(parts)


def _name(surroundings: str | None) -> str:
    return hashlib.sha256((surroundings or gpus()).encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unwritable(error: OSError) -> OutputError:
    return OutputError(
        f"The TensorRT engines cannot be written: {os.strerror(error.errno or 0)}.",
        "Check that the folder may be written to and that its disk has room.",
    )
