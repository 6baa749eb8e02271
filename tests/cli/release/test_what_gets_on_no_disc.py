"""Files that are no released copies, each of another kind; none gets on a disc."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.release.facts import ReleaseFacts
from appliance.release.keys import read_release_keys
from appliance.release.provenance.stills import sign_still
from tests.cli.conftest import CANARY
from tests.cli.release.conftest import Site
from tests.release.signed import photo


def _unsigned(site: Site) -> Path:
    shutil.copy(site.released(), site.folder / "x.jpg")
    from PIL import Image

    path = site.folder / "x.jpg"
    with Image.open(path) as image:
        image.load()
        image.save(path)
    return path


def _changed(site: Site) -> Path:
    path = site.released()
    data = bytearray(path.read_bytes())
    data[-200] ^= 1
    path.write_bytes(data)
    return path


def _foreign(site: Site) -> Path:
    """Signed by others, with a number that this ledger has."""
    assert site.call("release", "keys", site.folder / "others", "--organisation", "B").code == 0
    number = site.approve()
    data = site.copy(number, keys=read_release_keys(site.folder / "others"))
    site.sign(number, data)
    return site.put("x.jpg", data)


def _unlabelled(site: Site) -> Path:
    from appliance.pipeline.media.photo.encode import encode_photo

    number = site.approve()
    facts = ReleaseFacts(number, "simulation", "")
    data = sign_still(encode_photo(photo(), "jpeg", None), "jpeg", facts, site.keys.signing)
    site.sign(number, data)
    return site.put("x.jpg", data)


def _labelled_otherwise(site: Site) -> Path:
    from appliance.pipeline.media.photo.encode import encode_photo
    from appliance.release.labels.implicit.photos import with_implicit_label

    number = site.approve()
    other = ReleaseFacts(number + 1, "simulation", "")
    labelled = with_implicit_label(encode_photo(photo(), "jpeg", None), "jpeg", other)
    facts = ReleaseFacts(number, "simulation", "")
    data = sign_still(labelled, "jpeg", facts, site.keys.signing)
    site.sign(number, data)
    return site.put("x.jpg", data)


def _marked_otherwise(site: Site) -> Path:
    number = site.approve()
    data = site.copy(number, mark=number + 1)
    site.sign(number, data)
    return site.put("x.jpg", data)


def _not_in_the_ledger(site: Site) -> Path:
    number = site.approve()
    return site.put("x.jpg", site.copy(number + 1000))


def _not_approved(site: Site) -> Path:
    """Its number is that of an entry, of another kind."""
    number = site.approve() + 1
    data = site.copy(number)
    site.sign(number, data)
    return site.put("x.jpg", data)


def _signed_but_not_recorded(site: Site) -> Path:
    return site.put("x.jpg", site.copy(site.approve()))


def _second_copy(site: Site) -> Path:
    """Signed once more under the same number, without an entry of its own."""
    number = site.approve()
    site.sign(number, site.copy(number))
    return site.put("x.jpg", site.copy(number))


def _link(site: Site) -> Path:
    (site.folder / "x.jpg").symlink_to(site.released())
    return site.folder / "x.jpg"


def _missing(site: Site) -> Path:
    return site.folder / "x.jpg"


def _empty(site: Site) -> Path:
    return site.put("x.jpg", b"")


def _folder(site: Site) -> Path:
    (site.folder / "x.jpg").mkdir()
    return site.folder / "x.jpg"


def _pipe(site: Site) -> Path:
    os.mkfifo(site.folder / "x.jpg")
    return site.folder / "x.jpg"


def _something_else(site: Site) -> Path:
    return site.put("x.jpg", b"%PDF-1.7\n")


def _cut_short(site: Site) -> Path:
    path = site.released()
    path.write_bytes(path.read_bytes()[:-50])
    return path


def _longer(site: Site) -> Path:
    """Behind the picture there is more, such as an archive."""
    path = site.released()
    path.write_bytes(path.read_bytes() + b"PK\x03\x04" + bytes(100))
    return path


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_unsigned, "not signed"),
        (_changed, "changed since"),
        (_foreign, "Another site"),
        (_unlabelled, "lacks the label"),
        (_labelled_otherwise, "label is that of another"),
        (_marked_otherwise, "watermark is that of another"),
        (_not_in_the_ledger, "no release of its number"),
        (_not_approved, "no release of its number"),
        (_signed_but_not_recorded, "not the copy"),
        (_second_copy, "not the copy"),
        (_link, "symbolic link"),
        (_missing, "cannot be opened"),
        (_empty, "empty"),
        (_folder, "not a regular file"),
        (_pipe, "not a regular file"),
        (_something_else, "kind is never released"),
        (_cut_short, "changed since"),
        (_longer, "changed since"),
    ],
)
def test_what_is_no_released_copy_gets_on_no_disc(
    site: Site, make: Callable[[Site], Path], why: str
) -> None:
    # The first is the control: it was accepted when the second is refused.
    control = site.released("control.jpg")
    refused = site.burn(control, make(site))
    assert refused.code == 15, refused.out
    assert "File 2 of 2: " in refused.err
    assert why in refused.err
    assert CANARY not in refused.err
    assert not (site.folder / "disc.iso").exists()
    assert site.events("release-burned") == []


def test_the_same_number_twice_gets_on_no_disc(site: Site) -> None:
    file = site.released()
    again = Path(shutil.copy(file, site.folder / "again.jpg"))
    refused = site.burn(file, again)
    assert (refused.code, "same number" in refused.err) == (15, True)
