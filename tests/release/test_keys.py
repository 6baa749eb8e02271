from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import ReleaseError
from appliance.release.keys import read_anchors, read_release_keys, write_release_keys
from tests.release.signed import identity


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_release_keys(tmp_path / "keys", identity("Hospital"))
    return tmp_path / "keys"


def test_the_keys_of_a_site_are_read_as_they_were_written(folder: Path) -> None:
    keys, made = read_release_keys(folder), identity("Hospital")
    assert keys.signing.chain.encode() == made.chain
    assert keys.anchor == made.anchor
    assert read_anchors(folder) == read_anchors(folder / "anchor.pem") == made.anchor.decode()
    assert len(keys.watermark) == 32


def test_each_site_has_another_watermark(folder: Path, tmp_path: Path) -> None:
    write_release_keys(tmp_path / "others", identity("Hospital"))
    assert read_release_keys(folder).watermark != read_release_keys(tmp_path / "others").watermark


def test_the_key_of_the_anchor_may_be_elsewhere(folder: Path) -> None:
    (folder / "anchor.key").unlink()
    assert read_release_keys(folder).anchor == identity("Hospital").anchor


@pytest.mark.parametrize("name", ["release.pem", "release.key", "watermark.key", "anchor.pem"])
@pytest.mark.parametrize("content", [None, b"", b"\0" * (1 << 17)])
def test_a_missing_or_damaged_file_is_refused(
    folder: Path, name: str, content: bytes | None
) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ReleaseError) as refused:
        read_release_keys(folder)
    assert str(folder) not in refused.value.message + refused.value.hint


def test_an_anchor_that_does_not_vouch_for_the_certificate_is_refused(folder: Path) -> None:
    (folder / "anchor.pem").write_bytes(identity("Others").anchor)
    with pytest.raises(ReleaseError, match="anchor"):
        read_release_keys(folder)


def test_the_key_of_another_certificate_is_refused(folder: Path) -> None:
    (folder / "release.key").write_bytes(identity("Others").key)
    with pytest.raises(ReleaseError, match="does not belong"):
        read_release_keys(folder)


def test_a_chain_that_would_not_fit_into_a_segment_is_refused(folder: Path) -> None:
    chain = (folder / "release.pem").read_bytes()
    (folder / "release.pem").write_bytes(chain * 20)
    with pytest.raises(ReleaseError, match="too long"):
        read_release_keys(folder)
