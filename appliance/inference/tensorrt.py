"""TensorRT engines: built at provisioning, stored, and used only if unaltered.

An engine is machine code that one version of the library has built for one graph on one kind of
GPU. ``EngineCache`` therefore binds a folder of engines and timings to what they were built for,
and lists the SHA-256 of every file in it in ``engines.json``::

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
from appliance.files.atomic import write_file
from appliance.files.read import open_regular, read_regular
from appliance.inference.contract import Input
from appliance.inference.machine import gpus
from appliance.inference.manifest import Digest

LIST = "engines.json"
_LIST_LIMIT = 1 << 20  # bytes; an engine takes a line of about 150
_TRUST = (
    "Build them again with `appliance models optimize DIR --engines`, or name another provider."
)

BATCHES = (1, 16, 32)
"""The smallest, usual and largest batch that an engine is built for."""


class _Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``engines.json``. ``files``: SHA-256 by name."""

    built_for: Digest
    files: dict[str, Digest]


@dataclass(frozen=True, slots=True)
class EngineCache:
    """A folder of engines and timing caches.

    ``built_for``: SHA-256 of the machine's description, see ``open``. ``sealed``: building is not
    allowed, so that a session whose engine is missing fails.
    """

    folder: Path
    built_for: str
    sealed: bool = False

    @classmethod
    def open(
        cls, folder: Path, surroundings: str | None = None, *, sealed: bool = False
    ) -> EngineCache:
        """The cache in ``folder``, emptied first if it was built for another machine.

        ``surroundings``: what engines depend on apart from the graph, by default this machine's
        GPUs, their driver and the runtime's version. A ``sealed`` run never empties it.

        Raises ``ModelError`` for files that are altered, missing or not listed, and in a sealed run
        for engines of another machine; ``OutputError`` if the folder cannot be emptied.
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
        """As ``open``, to build engines: a cache that fails its check is emptied.

        Raises ``OutputError`` if the folder cannot be emptied.
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
        """The cache for a sealed run; ``None`` if it has no engines for this GPU and driver.

        Raises ``ModelError`` for files that are altered, missing or not listed, and for missing
        engines if they are ``needed``.
        """
        cache = cls(folder, _name(surroundings))
        listed = cache._listed()
        if listed is not None and (needed or listed.built_for == cache.built_for):
            return cls.open(folder, surroundings, sealed=True)
        if needed:
            raise ModelError("No TensorRT engines were built on this machine.", _TRUST)
        return None

    def options(self, inputs: Sequence[Input] = (), device: int = 0) -> dict[str, str]:
        """Options of the provider TensorRT for the GPU ``device``.

        ``inputs``: those of a batched network. Its engine is built for ``BATCHES``, for otherwise a
        sealed run would need another engine for each batch size.
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
            # Timings of another GPU of the same kind are accepted: they are only less exact.
            "trt_force_timing_cache": "0",
        }

    def close(self) -> None:
        """List the files that were built, with their hashes; in a sealed run check them again.

        Raises ``OutputError`` if the list cannot be written, and in a sealed run ``ModelError`` for
        files that were altered.
        """
        if self.sealed:
            self._check(self._listed())
            return
        listed = _Listed(self.built_for, {p.name: _digest(p) for p in self._files()})
        try:
            write_file(self.folder / LIST, msgspec.json.encode(listed), 0o644)
        except OSError as error:
            raise _unwritable(error) from error

    def _listed(self) -> _Listed | None:
        try:
            return msgspec.json.decode(read_regular(self.folder / LIST, _LIST_LIMIT), type=_Listed)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, RecursionError) as error:
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


ANY_SIZE = 256  # px along an edge of the tiles for networks that take any size


def shapes(inputs: Sequence[Input], batch: int) -> str:
    """``name:BxCxHxW`` of every input, comma-separated, as TensorRT's tools take it."""
    parts = []
    for tensor_in in inputs:
        sizes = [batch, *(side or ANY_SIZE for side in tensor_in.shape[1:])]
        parts.append(f"{tensor_in.name}:{'x'.join(map(str, sizes))}")
    return ",".join(parts)


def _name(surroundings: str | None) -> str:
    return hashlib.sha256((surroundings or gpus()).encode()).hexdigest()


def _digest(path: Path) -> str:
    try:
        with open_regular(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError("A TensorRT engine cannot be read.", _TRUST) from error


def _unwritable(error: OSError) -> OutputError:
    return OutputError(
        f"The TensorRT engines cannot be written: {os.strerror(error.errno or 0)}.",
        "Check that the folder may be written to and that its disk has room.",
    )
