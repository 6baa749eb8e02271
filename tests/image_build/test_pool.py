"""The pool of packages: apt reads it, it is the same each time, and has only locked files."""

from __future__ import annotations

import subprocess
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from tests.image_build.small_archive import small_archive
from tools.image.apt import apt, machine_mirror, snapshot_sources, sources
from tools.image.errors import ImageError
from tools.image.locked import Lock, read_lock
from tools.image.pool import STAND_INS, fetch, make_lock


@pytest.fixture
def archive(tmp_path: Path) -> tuple[Lock, tuple[str, ...]]:
    """The lock of an archive, and apt's line for it."""
    folder = tmp_path / "archive"
    return small_archive(folder), (line(folder),)


Archive = tuple[Lock, tuple[str, ...]]


def line(folder: Path) -> str:
    return f"deb [trusted=yes] copy:{folder} ./"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_apt_reads_from_the_pool_what_is_locked(tmp_path: Path, archive: Archive) -> None:
    lock, lines = archive
    pool = fetch(lock, tmp_path / "cache", lines)
    with apt((line(pool),)) as inside:
        offered = inside.offers()
        assert {one.name for one in offered} == {one.name for one in lock.packages} | {*STAND_INS}
        assert set(lock.packages) <= offered
        assert inside.archive() == lock.archive
        (tmp_path / "got").mkdir()
        inside.download(sorted(offered), tmp_path / "got")
    files = {path.name: path.read_bytes() for path in pool.glob("*.deb")}
    assert contents(tmp_path / "got") == files


def test_the_pool_is_the_same_each_time_and_without_a_network(
    tmp_path: Path, archive: Archive
) -> None:
    lock, lines = archive
    first = contents(fetch(lock, tmp_path / "cache", lines))
    again = contents(fetch(lock, tmp_path / "cache"))
    elsewhere = contents(fetch(lock, tmp_path / "other", lines))
    assert first == again == elsewhere


def test_what_is_no_longer_locked_leaves_the_pool(tmp_path: Path, archive: Archive) -> None:
    lock, lines = archive
    fetch(lock, tmp_path / "cache", lines)
    fewer = replace(lock, packages=lock.packages[:-1])
    pool = fetch(fewer, tmp_path / "cache")
    assert not list(pool.glob("zstd*"))
    assert "Package: zstd" not in (pool / "Packages").read_text()


def test_a_file_that_the_cache_lacks_is_named(tmp_path: Path, archive: Archive) -> None:
    lock, lines = archive
    fetch(lock, tmp_path / "cache", lines)
    (tmp_path / "cache/debs/cage_0.2_amd64.deb").unlink()
    with pytest.raises(ImageError, match=r"Not in the cache: cage 0\.2\.$"):
        fetch(lock, tmp_path / "cache")
    fetch(lock, tmp_path / "cache", lines)


def test_a_file_that_was_altered_in_the_cache_is_not_used(tmp_path: Path, archive: Archive) -> None:
    lock, lines = archive
    before = contents(fetch(lock, tmp_path / "cache", lines))
    altered = tmp_path / "cache/debs/cage_0.2_amd64.deb"
    content = bytearray(altered.read_bytes())
    content[-1] ^= 1
    altered.unlink()  # the pool has the same file by another name
    altered.write_bytes(content)
    with pytest.raises(ImageError, match="cage"):
        fetch(lock, tmp_path / "cache")
    assert contents(fetch(lock, tmp_path / "cache", lines)) == before


@pytest.mark.parametrize("change", [{"version": "0.1"}, {"sha256": "0" * 64}, {"size": 1}])
def test_a_file_that_the_mirror_no_longer_has_is_named(
    tmp_path: Path, archive: Archive, change: dict[str, str]
) -> None:
    lock, lines = archive
    packages = [replace(p, **change) if p.name == "cage" else p for p in lock.packages]  # type: ignore[arg-type]
    with pytest.raises(ImageError, match=r"no longer has cage 0\.") as caught:
        fetch(replace(lock, packages=tuple(packages)), tmp_path / "cache", lines)
    assert "--snapshot" in caught.value.hint
    assert not (tmp_path / "cache/pool").exists()
    assert str(tmp_path) not in caught.value.message


def test_a_mirror_whose_files_are_not_those_of_its_index_is_refused(
    tmp_path: Path, archive: Archive
) -> None:
    lock, lines = archive
    with (tmp_path / "archive/cage_0.2_amd64.deb").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ImageError) as caught:
        fetch(lock, tmp_path / "cache", lines)
    assert str(tmp_path) not in caught.value.message
    assert not (tmp_path / "cache/pool").exists()


def test_a_mirror_that_is_not_there_is_an_error_without_its_address(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught, apt((line(tmp_path / "nothing"),)):
        pass
    assert str(tmp_path) not in caught.value.message


def test_an_archive_without_debians_signature_is_refused(tmp_path: Path, archive: Archive) -> None:
    lock, lines = archive
    unsigned = lines[0].replace("trusted=yes", "signed-by=/usr/share/keyrings/nothing.gpg")
    with pytest.raises(ImageError):
        fetch(lock, tmp_path / "cache", (unsigned,))
    fetch(lock, tmp_path / "cache", lines)


def test_a_lock_takes_the_stand_ins_and_not_what_they_stand_for(
    tmp_path: Path, archive: Archive
) -> None:
    lock, lines = archive
    (tmp_path / "lock").write_text(make_lock(["cage"], ["zstd"], lines))
    made = read_lock(tmp_path / "lock")
    left_out = {"mesa-libgallium", "initramfs-tools"}
    assert made == Lock(lock.archive, tuple(p for p in lock.packages if p.name not in left_out))
    pool = fetch(made, tmp_path / "cache", lines)
    with apt((line(pool),)) as inside:
        found = {one.name for one in inside.resolve(["cage"])}
    assert found == {"apt", "cage", "libgbm1", "libsmall1", *STAND_INS}


def test_a_package_that_cannot_be_installed_is_named(archive: Archive) -> None:
    with pytest.raises(ImageError, match="nonesuch"):
        make_lock(["cage", "nonesuch"], ["zstd"], archive[1])


def test_dpkg_understands_the_stand_ins(tmp_path: Path, archive: Archive) -> None:
    lock, lines = archive
    pool = fetch(lock, tmp_path / "cache", lines)
    for name in STAND_INS:
        command = ["dpkg-deb", "--fsys-tarfile", str(pool / f"{name}_1_all.deb")]
        with tarfile.open(fileobj=BytesIO(subprocess.check_output(command))) as tar:
            members = tar.getmembers()
        assert f"./usr/share/doc/{name}/copyright" in {one.name for one in members}
        assert {(one.uname, one.gname) for one in members} == {("root", "root")}
        assert all(one.mode == (0o755 if one.isdir() else 0o644) for one in members)
        assert max(one.mtime for one in members) == 1735689600


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("debian.sources", "Types: deb\n# https://old/debian\nURIs: http://m.example/debian\n"),
        ("a.list", "deb [signed-by=/x] http://m.example/debian trixie main\n"),
        ("a.list", "deb http://m.example/debian/ trixie main\n"),
    ],
)
def test_the_mirror_is_the_one_of_the_machine(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (folder / "other.list").write_text("deb http://m.example/debian-security x main\n")
    with pytest.raises(ImageError, match="no mirror"):
        machine_mirror(tmp_path)
    (folder / name).write_text(text)
    assert machine_mirror(tmp_path) == "http://m.example/debian"


def test_security_updates_are_part_of_it(archive: Archive) -> None:
    signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    assert sources("http://m.example/debian") == (
        f"deb {signed} http://m.example/debian trixie main",
        f"deb {signed} http://m.example/debian-security trixie-security main",
    )
    kept = snapshot_sources(archive[0].archive)
    assert kept[1].endswith("/debian-security/20261129T065314Z trixie-security main")
    assert len(kept) == 4
