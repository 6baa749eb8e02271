"""A result that was approved becomes a copy that may leave."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from appliance.audit.entries import events
from appliance.errors import ReleaseError, WireError
from appliance.files.output import OutputFile
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.protocols import releaser_api as api
from appliance.release.inspection import inspect_file
from appliance.release.keys import read_release_keys
from appliance.releaser.marking import MarkRequest, StillKind, mark
from tests.release.signed import WATERMARK_KEY
from tests.releaser.process import (
    PATIENCE,
    SESSION,
    Site,
    copies,
    expect,
    film,
    hand_over,
    photo,
    result,
)


def test_a_photo_is_labelled_signed_recorded_and_logged(site: Site) -> None:
    content = result()
    with site.connected() as client:
        hand_over(site, client, expect(content), content)
        (copy,) = copies(client)
    path = site.outbox / f"{SESSION}.7.copy"
    data = path.read_bytes()
    assert site.left() == [path.name, f"{SESSION}.7.record"]
    assert (copy.number, copy.engine, copy.media, copy.kind) == (7, "simulation", "photo", "jpeg")
    assert copy.result == hashlib.sha256(content).hexdigest()
    assert (copy.copy, copy.size) == (hashlib.sha256(data).hexdigest(), len(data))
    keys = read_release_keys(site.keys)
    found = inspect_file(io.BytesIO(data), keys.anchor.decode())
    assert found.trusted
    assert found.provenance.number == 7
    assert found.label is not None
    sealed, signed = site.events()
    assert isinstance(sealed, events.SealResult)
    assert signed == events.ReleaseSigned(7, copy.copy, "photo", "simulation")
    with Image.open(io.BytesIO(data)) as shown, Image.open(io.BytesIO(content)) as before:
        assert shown.size == before.size


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
def test_a_film_is_labelled_signed_in_place_recorded_and_logged(
    site: Site, tmp_path: Path, container: str
) -> None:
    content = film(tmp_path / f"film.{container}")
    wanted = expect(content, 8, media="video", engine="mesh")
    with site.connected() as client:
        hand_over(site, client, wanted, content)
        (copy,) = copies(client)
    data = (site.outbox / f"{SESSION}.8.copy").read_bytes()
    assert site.left() == [f"{SESSION}.8.copy", f"{SESSION}.8.record"]
    assert (copy.media, copy.kind) == ("video", "mov" if container == "mov" else "mp4")
    assert (copy.copy, copy.size) == (hashlib.sha256(data).hexdigest(), len(data))
    found = inspect_file(io.BytesIO(data), read_release_keys(site.keys).anchor.decode())
    assert found.trusted
    assert (found.provenance.number, found.provenance.engine) == (8, "mesh")
    assert found.label is not None
    assert site.events()[-1] == events.ReleaseSigned(8, copy.copy, "video", "mesh")


def test_under_a_policy_of_training_no_releaser_serves(site: Site) -> None:
    (site.folder / "policy.yaml").write_text("training: true\nworkspace: {backend: memory}\n")
    with site.connected() as releaser, pytest.raises(WireError):
        releaser.call(f"{api.NAME}.Ready", gives=api.Ready, timeout=PATIENCE)
    assert site.started[-1].wait(PATIENCE) == ReleaseError("", "").exit_code


@pytest.mark.parametrize(
    ("wanted", "aspect", "kind"),
    [
        ("webp", Fraction(1), "webp"),
        ("webp", Fraction(2), "png"),  # it cannot say that pixels are not square
        ("jpeg", Fraction(2), "jpeg"),
    ],
)
def test_what_the_site_s_format_cannot_hold_becomes_a_png(
    wanted: StillKind, aspect: Fraction, kind: str
) -> None:
    request = MarkRequest(7, "mesh", "", "photo", wanted, corner_mark=False)
    source = io.BytesIO(encode_photo(replace(photo(), pixel_aspect=aspect), "png"))
    with OutputFile(os.memfd_create("copy")) as sink:
        assert mark(request, WATERMARK_KEY, source, sink).kind == kind
        sink.seek(0)
        assert read_photo(sink.read()).kind == kind
