"""The C2PA library as we use it: no network, no thumbnails, no file, its errors as ours.

Its default settings would put a thumbnail of the picture into the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import BinaryIO, Final, Literal, TypeAlias

from c2pa import C2paError, C2paSignerInfo, C2paSigningAlg, Context, Settings, Signer

from appliance.errors import ReleaseError
from appliance.pipeline.media.photo.encode import PhotoFormat
from appliance.release.provenance.signing_key import Algorithm, SigningKey

StillKind: TypeAlias = PhotoFormat
FilmKind: TypeAlias = Literal["mp4", "mov", "mkv", "webm"]

MIME_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "jpeg": "image/jpeg",
        "png": "image/png",
        "webp": "image/webp",
        "tiff": "image/tiff",
        "mp4": "video/mp4",
        "mov": "video/quicktime",
    }
)
"""What can carry a manifest; the standard has no place in BMP, Matroska and WebM."""

_MOST_READ = 1 << 20  # bytes
_ALGORITHMS: Mapping[Algorithm, C2paSigningAlg] = MappingProxyType(
    {"ed25519": C2paSigningAlg.ED25519, "es256": C2paSigningAlg.ES256}
)


def mime_type(kind: str) -> str:
    """The MIME type of ``kind``. Raises ``ReleaseError`` if it cannot carry a manifest."""
    if kind not in MIME_TYPES:
        raise ReleaseError(
            "A file of this format cannot carry signed provenance.",
            "Release a photo as .jpg, .png, .webp or .tif, a film as .mp4 or .mov.",
        )
    return MIME_TYPES[kind]


def signing_context(key: SigningKey) -> Context:
    """A context that signs with ``key``."""
    # The first certificate's issuers are anchors here: so the library checks its own result.
    return Context(settings=_settings(key.chain), signer=_signer(key))


def reading_context(anchors: str) -> Context:
    """A context that trusts the certificates in ``anchors``, PEM, and no others."""
    return Context(settings=_settings(anchors))


@contextmanager
def as_release_errors() -> Iterator[None]:
    """Turn the library's errors, whose texts are not ours, into ``ReleaseError``."""
    try:
        yield
    except C2paError as error:
        raise ReleaseError(
            "The result cannot be signed.",
            "Check that its certificate has not expired, and that this clock is right.",
        ) from error


class SmallReads:
    """A file for the library, which asks for hundreds of MiB at once, and reads on if it gets less.

    With a mebibyte at a time its peak is 160 MiB lower (``tests/bench/release.py``).
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell
        self.write, self.flush = file.write, file.flush

    def read(self, size: int = -1) -> bytes:
        """At most a mebibyte, whatever is asked for."""
        return self._file.read(min(size, _MOST_READ) if size >= 0 else _MOST_READ)


def _signer(key: SigningKey) -> Signer:
    # No address of a time stamping authority: with one the library opens a socket.
    if key.private is None:
        return Signer.from_callback(key.sign, _ALGORITHMS[key.algorithm], key.chain)
    name = key.algorithm.encode()
    return Signer.from_info(C2paSignerInfo(name, key.chain.encode(), key.private, None))


def _settings(anchors: str) -> Settings:
    return Settings.from_dict(
        {
            "version": 1,
            "trust": {"trust_anchors": anchors},
            "verify": {
                "verify_trust": True,
                "verify_timestamp_trust": False,
                "verify_after_sign": True,
                "remote_manifest_fetch": False,
                "ocsp_fetch": False,
            },
            "builder": {"thumbnail": {"enabled": False}},
        }
    )
