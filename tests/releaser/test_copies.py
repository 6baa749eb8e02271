"""A result that was approved becomes a copy that may leave."""

from __future__ import annotations

import hashlib
import io

from PIL import Image

from appliance.audit.entries import events
from appliance.release.inspection import inspect_file
from appliance.release.keys import read_release_keys
from tests.releaser.process import SESSION, Site, copies, expect, hand_over, result


def test_a_photo_is_labelled_signed_recorded_and_logged(site: Site) -> None:
    content = result()
    with site.connected() as client:
        hand_over(site, client, expect(content), content)
        (copy,) = copies(client)
    path = site.outbox / f"{SESSION}.7.jpeg"
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
