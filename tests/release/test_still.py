from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from appliance.errors import OutputError, ReleaseError
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.encode import PhotoFormat
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.inspection import FileInspection, inspect_file
from appliance.release.labels.implicit.label import label_fields
from appliance.release.labels.visible import labelled, plate
from appliance.release.provenance.library import MIME_TYPES
from appliance.release.provenance.stills import sign_still
from appliance.release.still import marked_still, released_still, signed_still
from appliance.release.watermark.reading import read_from_photo
from tests.release.signed import (
    FACTS,
    WATERMARK_KEY,
    anchors,
    clear_photo,
    deep_photo,
    photo,
    second_opinion,
    signing_key,
)

STILLS: tuple[PhotoFormat, ...] = ("jpeg", "png", "webp", "tiff")
CANARY = b"jane-canary"


def released(kind: PhotoFormat, of: Photo | None = None) -> bytes:
    return released_still(of or photo(), kind, FACTS, signing_key(), WATERMARK_KEY)


def inspected(data: bytes, trusted: str | None = None) -> FileInspection:
    return inspect_file(io.BytesIO(data), trusted or anchors())


@pytest.mark.parametrize("kind", STILLS)
def test_a_released_still_is_trusted_and_says_what_it_is(kind: PhotoFormat) -> None:
    data = released(kind)
    found = inspected(data)
    assert found.trusted
    assert (found.kind, found.provenance.state) == (kind, "trusted")
    assert (found.provenance.number, found.provenance.engine) == (FACTS.number, FACTS.engine)
    assert found.provenance.source == "compositeSynthetic"
    assert found.label == label_fields(FACTS)
    assert second_opinion(data, MIME_TYPES[kind], anchors()) == (
        "valid",
        "valid_for_supplied_material",
    )


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_so_are_those_of_16_bits_and_with_transparency(kind: PhotoFormat) -> None:
    for one in (deep_photo(), clear_photo()):
        assert inspected(released(kind, one)).trusted


@pytest.mark.parametrize("kind", STILLS)
def test_a_flipped_byte_is_never_trusted(kind: PhotoFormat) -> None:
    data = released(kind)
    assert inspected(data).trusted
    dice = np.random.default_rng(1)
    for at in dice.integers(0, len(data), 12):
        changed = bytearray(data)
        changed[at] ^= 1
        try:
            found = inspected(bytes(changed))
        except ReleaseError:
            continue  # it is not even of a known kind any more
        assert not found.trusted
    middle = bytearray(data)
    middle[len(data) // 2] ^= 1
    assert inspected(bytes(middle)).provenance.state == "invalid"
    integrity, _ = second_opinion(bytes(middle), MIME_TYPES[kind], anchors())
    assert integrity == "invalid"


@pytest.mark.parametrize("kind", STILLS)
def test_a_signature_of_strangers_is_valid_and_not_trusted(kind: PhotoFormat) -> None:
    data = released(kind)
    found = inspected(data, anchors("Others"))
    assert (found.trusted, found.provenance.state) == (False, "valid")
    integrity, trust = second_opinion(data, MIME_TYPES[kind], anchors("Others"))
    assert integrity == "valid"
    assert trust != "valid_for_supplied_material"


@pytest.mark.parametrize("kind", STILLS)
def test_a_file_encoded_again_has_neither_label_nor_provenance(kind: PhotoFormat) -> None:
    again = Image.fromarray(np.array(Image.open(io.BytesIO(released(kind))).convert("RGB")))
    again.save(bare := io.BytesIO(), kind)
    found = inspected(bare.getvalue())
    assert (found.trusted, found.provenance.state, found.label) == (False, "none", None)


@pytest.mark.parametrize("kind", STILLS)
def test_no_picture_but_the_result_is_in_the_file(kind: PhotoFormat) -> None:
    data = released(kind)
    found = inspected(data).provenance
    assert (found.thumbnails, found.ingredients) == (0, 0)
    starts = data.count(b"\xff\xd8\xff\xe0") + data.count(b"\xff\xd8\xff\xe1")
    assert starts == (1 if kind == "jpeg" else 0)


@pytest.mark.parametrize("kind", STILLS)
def test_no_metadata_of_the_file_that_came_in_survives(kind: PhotoFormat, tmp_path: Path) -> None:
    image = Image.fromarray(photo().pixels)
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = CANARY.decode(), CANARY.decode()
    written = tmp_path / "in.jpg"
    image.save(written, exif=exif, comment=CANARY, xmp=b"<x>" + CANARY + b"</x>")
    assert written.read_bytes().count(CANARY) == 4
    assert CANARY not in released(kind, read_photo(written.read_bytes()))


def test_a_format_without_a_place_for_a_manifest_is_refused() -> None:
    with pytest.raises(ReleaseError, match="cannot carry"):
        released("bmp")


@pytest.mark.parametrize("kind", STILLS)
def test_a_released_still_gives_its_number_to_who_has_the_key(kind: PhotoFormat) -> None:
    shown = read_photo(released(kind))
    assert read_from_photo(shown, WATERMARK_KEY).number == FACTS.number
    assert read_from_photo(shown, bytes(32)).number is None


def test_label_and_watermark_both_hold_and_the_original_stays() -> None:
    original = photo()
    before = original.pixels.copy()
    shown = read_photo(released("png", original))
    assert (original.pixels == before).all()
    label = plate("label", *original.displayed_size)
    box = label.place
    corner = shown.pixels[: box.h, : box.w].astype(int)
    assert np.abs(corner[label.ink == 255] - 255).max() <= 8
    assert np.abs(shown.pixels.astype(int) - labelled(original).pixels).max() <= 8


def test_both_halves_make_the_file_that_one_process_makes() -> None:
    encoded = marked_still(photo(), "jpeg", FACTS.number, WATERMARK_KEY)
    assert inspected(encoded).provenance.state == "none"
    assert inspected(encoded).label is None
    assert inspected(signed_still(encoded, "jpeg", FACTS, signing_key())).trusted


def test_a_photo_too_small_for_a_watermark_is_refused() -> None:
    small = Photo(np.full((319, 400, 3), 90, np.uint8))
    with pytest.raises(OutputError, match="watermark"):
        released("png", small)


def test_nothing_appears_in_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = {*Path("/tmp").iterdir()}  # noqa: S108 - what must not grow
    for kind in STILLS:
        assert sign_still(released(kind), kind, FACTS, signing_key())
    assert not [*tmp_path.iterdir()]
    named = {path.name for path in {*Path("/tmp").iterdir()} - before}  # noqa: S108
    assert not [name for name in named if "c2pa" in name.lower()]


def test_a_jpeg_has_an_even_length_and_is_trusted_whatever_its_quality() -> None:
    """DICOM knows no odd length: a byte more, and the provenance would be invalid."""
    for quality in range(80, 90):
        data = released_still(photo(), "jpeg", FACTS, signing_key(), WATERMARK_KEY, quality=quality)
        assert len(data) % 2 == 0
        assert inspected(data).trusted
