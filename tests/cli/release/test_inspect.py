"""What a released file carries is compared: with itself, its disc's list, and the ledger."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.audit.entries.reader import read_lines
from appliance.audit.export.bundle import prove_entry
from appliance.audit.keys.locations import default_ledger
from appliance.audit.tlog.reader import CHECKPOINT, LedgerReader
from appliance.pipeline.media.photo.decode import read_photo
from appliance.release.facts import ReleaseFacts
from appliance.release.keys import ReleaseKeys, read_release_keys
from appliance.release.record import ReleaseRecord
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

    def disc(self, **changed: Any) -> Path:
        """A disc with the released file, its signed list and its proofs."""
        copy = hashlib.sha256(self.released.read_bytes()).hexdigest()
        store = LedgerReader(default_ledger()).snapshot()
        lines = {
            line.entry.seq: line
            for line in read_lines(store, store.checkpoint(store.verifier()), self.number)
        }
        later = next(line for line in lines.values() if copy.encode() in line.data)
        result = str(getattr(lines[self.number].entry.event, "result"))  # noqa: B009
        stated: dict[str, Any] = {
            "number": self.number,
            "engine": "mesh",
            "copy": copy,
            "result": result,
        }
        size = self.released.stat().st_size
        record = ReleaseRecord(
            **{**stated, "media": "photo", "kind": "jpeg", "size": size, "signed": 1} | changed
        )
        vkey = store.verifier().vkey
        listed = {"releases": [{"name": "a", "record": record}], "ledger": {"vkey": vkey}}
        disc = self.folder / "disc"
        (disc / "ledger").mkdir(parents=True)
        manifest = msgspec.json.encode(listed)
        key = self.keys.signing
        signature = {
            "algorithm": key.algorithm,
            "certificates": key.chain,
            "signature": base64.b64encode(key.sign(manifest)).decode(),
        }
        (disc / "manifest.json").write_bytes(manifest)
        (disc / "manifest.sig").write_bytes(msgspec.json.encode(signature))
        for line, what in ((lines[self.number], "approved"), (later, "copy")):
            proof = prove_entry(store, store.read(CHECKPOINT), line).encode()
            name = f"release-{self.number}-{what}.tlog-proof"
            (disc / "ledger" / name).write_bytes(proof)
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
    disc = site.disc()
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
    assert "proved: nobody was asked" in told.out


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
    manifest = (disc / "manifest.json").read_bytes()
    (disc / "manifest.json").write_bytes(manifest.replace(b'"jpeg"', b'"webp"'))
    assert site.with_keys("--disc", disc).code == 15
    (disc / "manifest.json").unlink()
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
