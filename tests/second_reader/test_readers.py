"""Three readers of C2PA agree about what is released. `make second-reader` installs the third.

Ours and c2pa-node are builds of one library, of several versions; encypher-c2pa is another one.
"""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from appliance.pipeline.media.photo.decode import read_photo
from appliance.release.inspection import inspect_file
from appliance.release.provenance.films import sign_film_in_place
from appliance.release.provenance.library import MIME_TYPES, StillKind
from appliance.release.still import released_still
from tests.paths import PORTRAITS, REPOSITORY
from tests.release.signed import FACTS, anchors, second_opinion, signing_key
from tests.release.test_film import write_film

READER = REPOSITORY / ".cache/second-reader/read.mjs"
FILMS = ("mp4", "mov")
STILLS: dict[str, StillKind] = {kind: kind for kind in ("jpeg", "png", "webp", "tiff")}


@cache
def still(kind: str) -> bytes:
    photo = read_photo((PORTRAITS / "person_d_1.jpg").read_bytes())
    return released_still(photo, STILLS[kind], FACTS, signing_key(), bytes(32))


def released(kind: str, folder: Path) -> bytes:
    if kind not in FILMS:
        return still(kind)
    path = write_film(folder / f"film.{kind}")
    with path.open("r+b") as file:
        sign_film_in_place(file, "mov" if kind == "mov" else "mp4", FACTS, signing_key())
    return path.read_bytes()


def flipped(data: bytes, kind: str) -> bytes:
    changed = bytearray(data)
    changed[data.index(b"mdat") + 20 if kind in FILMS else len(data) // 2] ^= 1
    return bytes(changed)


def ours(data: bytes, trusted: str) -> str:
    return inspect_file(io.BytesIO(data), trusted).provenance.state


def encypher(data: bytes, kind: str, trusted: str) -> str:
    integrity, trust = second_opinion(data, MIME_TYPES[kind], trusted)
    if integrity != "valid":
        return "invalid"
    return "trusted" if trust == "valid_for_supplied_material" else "valid"


def node(data: bytes, kind: str, trusted: str, folder: Path) -> str:
    (folder / "anchors.pem").write_text(trusted)
    (folder / "file").write_bytes(data)
    command: Sequence[str | Path] = ["node", READER, folder / "anchors.pem"]
    read = subprocess.run(
        [*command, MIME_TYPES[kind], folder / "file"], capture_output=True, check=True
    )
    return str(json.loads(read.stdout)["state"]).lower()


@pytest.mark.parametrize("kind", MIME_TYPES)
def test_all_readers_agree(kind: str, tmp_path: Path) -> None:
    data = released(kind, tmp_path)
    for given, trusted, state in (
        (data, anchors(), "trusted"),
        (data, anchors("Others"), "valid"),
        (flipped(data, kind), anchors(), "invalid"),
    ):
        said = (
            ours(given, trusted),
            encypher(given, kind, trusted),
            node(given, kind, trusted, tmp_path),
        )
        assert said == (state, state, state)
