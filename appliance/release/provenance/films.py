"""Signs films where they lie: neither a copy nor a file elsewhere, in memory that does not grow.

The library's own way would hold the film twice in memory, or in a file in /tmp. Its embeddable
interface (docs/embeddable-api.md of c2pa-rs) does not: a placeholder is put at the end of the
file, the file is hashed once, and the placeholder overwritten by the manifest. The functions are
exported by the shared library, and not bound by c2pa-python 0.38.1.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from c2pa import Builder, Stream
from c2pa import c2pa as binding

from appliance.errors import ReleaseError
from appliance.release.facts import ReleaseFacts
from appliance.release.provenance.library import (
    FilmKind,
    SmallReads,
    as_release_errors,
    mime_type,
    signing_context,
)
from appliance.release.provenance.manifest import manifest
from appliance.release.provenance.placement import film_type
from appliance.release.provenance.signing_key import SigningKey

_Bytes = ctypes.POINTER(ctypes.c_ubyte)
_Handle = ctypes.POINTER(binding.C2paBuilder)
_PROTOTYPES: Final[dict[str, tuple[list[Any], Any]]] = {
    "c2pa_builder_placeholder": (
        [_Handle, ctypes.c_char_p, ctypes.POINTER(_Bytes)],
        ctypes.c_int64,
    ),
    "c2pa_builder_update_hash_from_stream": (
        [_Handle, ctypes.c_char_p, ctypes.POINTER(binding.C2paStream)],
        ctypes.c_int,
    ),
    "c2pa_builder_sign_embeddable": (
        [_Handle, ctypes.c_char_p, ctypes.POINTER(_Bytes)],
        ctypes.c_int64,
    ),
}


def sign_film_in_place(
    file: BinaryIO, kind: FilmKind, facts: ReleaseFacts, key: SigningKey
) -> None:
    """Append a manifest that states ``facts`` to the film in ``file``, open to read and write.

    If it fails, the file is damaged and has to be dropped. Raises ``ReleaseError`` if ``kind``
    cannot carry a manifest, or ``key`` cannot sign it.
    """
    mime = mime_type(kind)
    name = mime.encode()
    with (
        as_release_errors(),
        signing_context(key) as context,
        Builder(manifest(facts, mime, _film_type(file)), context=context) as builder,
    ):
        handle = ctypes.cast(builder._handle, _Handle)  # noqa: SLF001 - not bound otherwise
        hole = _taken("c2pa_builder_placeholder", handle, name)
        at = file.seek(0, os.SEEK_END)
        file.write(hole)
        file.flush()
        file.seek(0)
        with Stream(SmallReads(file)) as stream:
            _checked(
                _function("c2pa_builder_update_hash_from_stream")(handle, name, stream._stream)  # noqa: SLF001
            )
        signed = _taken("c2pa_builder_sign_embeddable", handle, name)
    if len(signed) != len(hole):
        raise ReleaseError(
            "The result cannot be signed in place.", "Release it as .mp4, or shorten its chain."
        )
    file.seek(at)
    file.write(signed)
    file.flush()


def _film_type(file: BinaryIO) -> str:
    try:
        return film_type(file)
    except (ValueError, StopIteration) as error:
        raise ReleaseError(
            "The film is not laid out as ours are.", "Release a film that this appliance wrote."
        ) from error


def _function(name: str) -> Callable[..., int]:
    function: Any = getattr(binding._lib, name)  # noqa: SLF001 - the library, loaded once
    function.argtypes, function.restype = _PROTOTYPES[name]
    called: Callable[..., int] = function
    return called


def _taken(name: str, handle: Any, mime: bytes) -> bytes:
    """What function ``name`` allocates, as bytes of ours."""
    pointer = _Bytes()
    length = _checked(_function(name)(handle, mime, ctypes.byref(pointer)))
    try:
        return ctypes.string_at(pointer, length)
    finally:
        binding._lib.c2pa_free(pointer)  # noqa: SLF001


def _checked(result: int) -> int:
    """``result``, if it is not negative. Raises ``C2paError``."""
    error = binding._check_ffi_operation_result  # noqa: SLF001 - it reads the library's error
    return int(error(result, "The library gave no reason.", check=lambda code: code < 0))
