"""A byte of a released file that was changed is seen, also where C2PA does not look."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from appliance.pipeline.media.photo.encode import encode_photo
from appliance.release.facts import ReleaseFacts
from appliance.release.labels.implicit.photos import with_implicit_label
from appliance.release.provenance.films import sign_film_in_place
from appliance.release.provenance.library import MIME_TYPES, StillKind
from appliance.release.provenance.reading import UNSIGNED_PART, Verdict, read_provenance
from appliance.release.provenance.signing_key import SigningKey
from appliance.release.provenance.stills import sign_still
from tests.release.signed import (
    FACTS,
    ORDER,
    anchors,
    ecdsa_site,
    photo,
    second_opinion,
    signing_key,
)
from tests.release.test_film import write_film

STILLS: dict[str, StillKind] = {kind: kind for kind in ("jpeg", "png", "webp", "tiff")}
MANIFEST = b"jumb\0\0\0\x1ejumdc2pa\0\x11\0\x10"
SIDE = 32  # pixels: a small file is read quickly
EACH = 23  # of the bytes outside the manifest, every so many


@cache
def signed(kind: str, *, asked: bool = False) -> bytes:
    """A released file; ``asked``: by a key that the library asks, as one on a token."""
    return signed_by(replace(signing_key(), private=None) if asked else signing_key(), kind)


def signed_by(key: SigningKey, kind: str, facts: ReleaseFacts = FACTS) -> bytes:
    if kind in STILLS:
        small = replace(
            photo(), pixels=np.ascontiguousarray(photo().pixels[:SIDE, :SIDE], np.uint8)
        )
        encoded = with_implicit_label(encode_photo(small, STILLS[kind], None), STILLS[kind], facts)
        return sign_still(encoded, STILLS[kind], facts, key)
    with TemporaryDirectory() as folder:
        path = write_film(Path(folder) / f"film.{kind}")
        with path.open("r+b") as file:
            sign_film_in_place(file, "mov" if kind == "mov" else "mp4", facts, key)
        return path.read_bytes()


def read(data: bytes, kind: str, trusted: str | None = None) -> Verdict:
    return read_provenance(io.BytesIO(data), kind, trusted or anchors())


def flipped(data: bytes, at: int) -> bytes:
    """``data`` with another bit of another byte changed at each place."""
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]


def places(data: bytes, step: int) -> Iterator[int]:
    """What lies around the manifest, the manifest by ``step``, and samples of all else.

    The zeros in the middle of the padding are all alike.
    """
    start = data.index(MANIFEST)
    padding = data.index(bytes(900), start)
    filled = padding + len(data[padding:]) - len(data[padding:].lstrip(b"\0"))
    for at in range(len(data)):
        around = start - 64 <= at < start or filled <= at < filled + 100 or at < 64
        inside = start <= at < padding + 8 and not at % step
        if around or inside or not at % EACH:
            yield at


@pytest.mark.parametrize("kind", MIME_TYPES)
@pytest.mark.parametrize("asked", [False, True])
def test_no_byte_can_be_changed_unseen(kind: str, *, asked: bool) -> None:
    data = signed(kind, asked=asked)
    assert read(data, kind).state == "trusted"
    # The manifest is the same thing in each kind of file: whole in one photo and one film.
    step = 1 if kind in ("jpeg", "mp4") else 5
    unseen = [at for at in places(data, step) if read(flipped(data, at), kind).state == "trusted"]
    assert not unseen


@pytest.mark.parametrize("kind", MIME_TYPES)
def test_what_c2pa_does_not_look_at_is_said_so_whoever_signed(kind: str) -> None:
    data = signed(kind, asked=True)
    assert (read(data, kind).state, read(data, kind, anchors("Others")).state) == (
        "trusted",
        "valid",
    )
    padding = data.index(bytes(10_000))
    changed = flipped(data, padding + 5_000)
    assert second_opinion(changed, MIME_TYPES[kind], anchors())[0] == "valid"
    for trusted in (anchors(), anchors("Others")):
        found = read(changed, kind, trusted)
        assert found.state == "invalid"
        assert UNSIGNED_PART in found.problems


@pytest.mark.parametrize("kind", MIME_TYPES)
def test_an_ecdsa_signature_has_one_form(kind: str) -> None:
    """What verifies r and s verifies r and the order less s too: another file, as trusted."""
    made, key = ecdsa_site()
    data = signed_by(key, kind)
    trusted = made.anchor.decode()
    assert read(data, kind, trusted).state == "trusted"
    # COSE_Sign1 ends in the signature: no content, then a string of 64 bytes (RFC 9052, 4.2).
    (at,) = (found.end() for found in re.finditer(rb"\xf6\x58\x40", data))
    other = (ORDER - int.from_bytes(data[at + 32 : at + 64], "big")).to_bytes(32, "big")
    changed = bytearray(data[: at + 32] + other + data[at + 64 :])
    if kind == "png":  # the sum of its chunk is not signed
        chunk = data.index(b"caBX")
        end = chunk + 4 + int.from_bytes(data[chunk - 4 : chunk], "big")
        changed[end : end + 4] = zlib.crc32(changed[chunk:end]).to_bytes(4, "big")
    assert second_opinion(bytes(changed), MIME_TYPES[kind], trusted)[0] == "valid"
    assert read(bytes(changed), kind, trusted).state == "invalid"


@pytest.mark.parametrize("number", [20, 200, 2_000])
def test_a_manifest_of_any_length_is_trusted(number: int) -> None:
    """A chunk of WebP gets a byte more where its length is odd."""
    for kind in STILLS:
        data = signed_by(signing_key(), kind, replace(FACTS, number=number))
        assert read(data, kind).state == "trusted"
        assert second_opinion(data, MIME_TYPES[kind], anchors())[0] == "valid"


def test_a_key_in_memory_leaves_a_tenth_of_the_padding() -> None:
    assert bytes(1_100) not in signed("jpeg")
    assert bytes(10_000) in signed("jpeg", asked=True)


@pytest.mark.parametrize(
    "box", [b"free", b"skip", b"mfra", b"uuid\xd8\xfe\xc3\xd6\x1b\x0eH<\x92\x97X(\x87~\xc4\x81"]
)
@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_a_box_that_c2pa_leaves_out_cannot_be_appended(kind: str, box: bytes) -> None:
    data = signed(kind)
    extra = struct.pack(">I", 4 + len(box) + 7) + box + b"hidden!"
    assert read(data + extra, kind).state == "invalid"


@pytest.mark.parametrize("kind", STILLS)
def test_nothing_can_be_appended_to_a_photo(kind: str) -> None:
    assert read(signed(kind) + b"PK\3\4hidden", kind).state == "invalid"
