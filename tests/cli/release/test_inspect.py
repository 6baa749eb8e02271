"""What a released file carries is compared: with itself, its disc's list, and the ledger."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.audit.keys.locations import default_ledger
from appliance.pipeline.media.photo.decode import read_photo
from appliance.release.disc.manifest import MANIFEST, manifest_bytes, read_manifest
from appliance.release.disc.signature import SIGNATURE, signed
from appliance.release.facts import ReleaseFacts
from appliance.release.keys import ReleaseKeys, read_release_keys
from appliance.release.still import marked_still, signed_still
from tests.cli.conftest import Call, Outcome
from tests.paths import PORTRAITS
from tests.pipeline.media.clips import Clip, make


@dataclass
class Site:
    """A site that has released one photo."""

    call: Call
    folder: Path
    released: Path
    number: int = 0

    @property
    def keys(self) -> ReleaseKeys:
        return read_release_keys(self.folder / "keys")

    def release(self, result: Path, name: str) -> None:
        self.released = self.folder / name
        words = ("--output", self.released, "--keys", self.folder / "keys", "--engine", "mesh")
        done = self.call("release", "label", result, *words)
        assert done.code == 0, done.err
        self.number = int(done.out.split("released as")[1].split()[0])

    def inspect(self, *words: str | Path) -> Outcome:
        return self.call("release", "inspect", self.released, *words, "--json")

    def with_keys(self, *words: str | Path) -> Outcome:
        return self.inspect("--keys", self.folder / "keys", *words)

    def export(self, *words: str | Path) -> Path:
        """A folder as on a disc, by the command that writes it."""
        output = self.folder / "export"
        target = ("--output", output, "--keys", self.folder / "keys")
        done = self.call("release", "export", self.released, *target, *words)
        assert done.code == 0, done.err
        return output

    def burn(self, *words: str | Path) -> Path:
        """What is read back of a disc, by the command that writes its image."""
        image, output = self.folder / "disc.iso", self.folder / "disc"
        target = ("--image", image, "--keys", self.folder / "keys")
        done = self.call("release", "burn", self.released, *target, *words)
        assert done.code == 0, done.err
        read = ["/usr/bin/osirrox", "-indev", str(image), "-extract", "/", str(output)]
        subprocess.run(read, check=True, capture_output=True)
        return output

    def disc(self, **changed: Any) -> Path:
        """An exported folder whose signed list says something else of the released file."""
        disc = self.export()
        listed = read_manifest((disc / MANIFEST).read_bytes())
        (one,) = listed.releases
        record = msgspec.structs.replace(one.record, **changed)
        releases = [msgspec.structs.replace(one, record=record)]
        data = manifest_bytes(msgspec.structs.replace(listed, releases=releases))
        (disc / MANIFEST).write_bytes(data)
        (disc / SIGNATURE).write_bytes(signed(data, self.keys.signing))
        return disc


@pytest.fixture
def site(
    call: Call, people: Mapping[str, Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Site:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    made = Site(call, folder, folder)
    assert call("release", "keys", folder / "keys", "--organisation", "A site").code == 0
    made.release(people["a"], "released.jpg")
    return made


def test_all_that_is_known_of_a_release_agrees(site: Site) -> None:
    for disc in (site.export(), site.burn()):
        for found in (
            site.with_keys("--ledger", default_ledger()),
            site.with_keys("--disc", disc),
            site.with_keys("--disc", disc, "--ledger", default_ledger()),
        ):
            assert (found.code, found.json["sound"], found.json["disagreements"]) == (0, True, [])
            assert found.json["watermark"]["number"] == found.json["provenance"]["number"]
            proof = found.json["proof"]
            assert (proof["how"], proof["engine"]) == ("begun", "mesh")
            assert proof["copy"] == found.json["copy"]
        assert found.json["record"]["number"] == site.number
    told = site.call(
        "release", "inspect", site.released, "--keys", site.folder / "keys", "--disc", disc
    )
    assert f"watermark         release {site.number}" in told.out
    assert "proved: no second person was asked" in told.out


@pytest.mark.parametrize("write", [Site.export, Site.burn])
def test_what_lies_on_a_disc_is_traced_by_that_disc_alone(
    site: Site, write: Callable[..., Path]
) -> None:
    disc = write(site, "--dicom")
    anchored = ("--anchor", site.folder / "keys/anchor.pem", "--disc", disc)
    for name, kind in ((f"results/release-{site.number}.jpg", "jpeg"), ("DICOM/IM000001", "dicom")):
        site.released = disc / name
        found = site.inspect(*anchored)
        assert (found.code, found.json["kind"], found.json["disagreements"]) == (0, kind, [])
        assert found.json["record"]["copy"] == found.json["proof"]["copy"] == found.json["copy"]


def test_whom_to_trust_has_to_be_said_and_nothing_else(site: Site) -> None:
    assert site.inspect().code == 15
    found = site.inspect("--anchor", site.folder / "keys/anchor.pem")
    assert (found.code, found.json["watermark"], found.json["proof"]) == (0, None, None)


def forged(site: Site, pixels: int | None) -> None:
    """A file that the site's key signed, with another number in its pixels, or none."""
    keys = site.keys
    facts = ReleaseFacts(site.number, "mesh", "")
    photo = read_photo((PORTRAITS / "person_d_1.jpg").read_bytes())
    key = keys.watermark if pixels else bytes(32)
    marked = marked_still(photo, "jpeg", pixels or site.number, key)
    site.released.write_bytes(signed_still(marked, "jpeg", facts, keys.signing))


def test_another_number_in_the_pixels_is_said(site: Site) -> None:
    forged(site, site.number + 1)
    found = site.with_keys()
    assert found.code == 15
    assert found.json["trusted"]
    assert not found.json["sound"]
    assert found.json["disagreements"] == ["watermark-number"]
    assert found.json["watermark"]["number"] == site.number + 1


def test_so_is_none(site: Site) -> None:
    forged(site, None)
    assert site.with_keys().json["disagreements"] == ["watermark-missing"]
    assert site.inspect("--anchor", site.folder / "keys").code == 0


def test_a_copy_that_the_ledger_does_not_have_is_said(site: Site) -> None:
    forged(site, site.number)
    found = site.with_keys("--ledger", default_ledger())
    assert (found.code, found.json["disagreements"]) == (15, ["proof-copy"])


def test_a_number_that_is_no_release_is_said(site: Site) -> None:
    for number in (site.number + 1, 10_000):  # the entry that follows is of another kind
        site.number = number
        forged(site, site.number)
        found = site.with_keys("--ledger", default_ledger())
        assert (found.code, found.json["disagreements"]) == (15, ["proof-missing"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"engine": "onnx"}, ["record-engine"]),
        ({"copy": "0" * 64}, ["record-copy"]),
        ({"number": 4_000}, ["record-number"]),
        ({"copy": "0" * 64, "number": 4_000}, ["record-missing"]),
        ({"result": "0" * 64}, ["proof-result"]),
    ],
)
def test_a_list_that_says_something_else_is_said(
    site: Site, changed: Mapping[str, Any], said: list[str]
) -> None:
    found = site.with_keys("--disc", site.disc(**changed))
    assert (found.code, found.json["disagreements"]) == (15, said)


def test_a_list_that_was_changed_counts_for_nothing(site: Site) -> None:
    disc = site.disc()
    manifest = (disc / MANIFEST).read_bytes()
    (disc / MANIFEST).write_bytes(manifest.replace(b'"jpeg"', b'"webp"'))
    assert site.with_keys("--disc", disc).code == 15
    (disc / MANIFEST).write_bytes(manifest)
    assert site.with_keys("--disc", disc).code == 0
    (disc / MANIFEST).unlink()
    assert site.with_keys("--disc", disc).code == 15


def test_a_proof_that_does_not_hold_counts_for_nothing(site: Site) -> None:
    disc = site.disc()
    path = disc / f"ledger/release-{site.number}-copy.tlog-proof"
    proof = path.read_bytes()
    path.write_bytes(proof.replace(b"index ", b"index 1"))
    assert site.with_keys("--disc", disc).code == 15
    path.unlink()
    assert site.with_keys("--disc", disc).json["disagreements"] == ["proof-missing"]


def test_a_film_is_traced_like_a_photo(site: Site) -> None:
    film = site.folder / "film.mp4"
    film.write_bytes(make(Clip(size=(480, 360), frames=12)))
    site.release(film, "released.mp4")
    found = site.with_keys("--ledger", default_ledger())
    assert (found.code, found.json["disagreements"]) == (0, [])
    assert found.json["watermark"]["number"] == site.number
    found = site.with_keys("--disc", site.burn())
    assert (found.code, found.json["disagreements"]) == (0, [])
