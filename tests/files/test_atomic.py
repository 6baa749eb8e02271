from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from appliance.files.atomic import publish, write_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that make a file durable, as they are taken."""
    taken: list[str] = []
    sync, rename = os.fsync, os.rename

    def noted_sync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        taken.append("sync folder" if is_folder else "sync file")
        sync(descriptor)

    def noted_rename(source: Any, target: Any) -> None:
        taken.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "rename", noted_rename)
    return taken


@pytest.fixture(params=[True, False], ids=["links", "no-links"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, once on a file system with hard links and once on one like FAT."""
    if not request.param:

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    return tmp_path


@pytest.mark.parametrize("overwrite", [True, False])
def test_content_is_synced_before_the_name_and_the_name_before_the_return(
    overwrite: bool, folder: Path, steps: list[str]
) -> None:
    write_file(folder / "a", b"new", 0o644, overwrite=overwrite)
    assert steps == ["sync file", "rename", "sync folder"]
    assert names(folder) == ["a"]
    assert (folder / "a").read_bytes() == b"new"


def test_several_files_are_all_synced_before_any_gets_its_name(
    tmp_path: Path, steps: list[str]
) -> None:
    (tmp_path / "x").mkdir()
    publish(tmp_path, {"a": b"1", "x/b": b"2"})
    assert steps == [*["sync file"] * 2, *["rename"] * 2, *["sync folder"] * 2]
    assert (tmp_path / "x/b").read_bytes() == b"2"


def test_an_existing_file_is_replaced_only_where_that_is_allowed(folder: Path) -> None:
    (folder / "a").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_file(folder / "a", b"new", 0o644, overwrite=False)
    assert (folder / "a").read_bytes() == b"old"
    write_file(folder / "a", b"new", 0o644)
    assert (folder / "a").read_bytes() == b"new"
    assert names(folder) == ["a"]


def test_a_symbolic_link_is_replaced_and_its_target_is_kept(folder: Path) -> None:
    (folder / "target").write_bytes(b"precious")
    (folder / "a").symlink_to("target")
    with pytest.raises(FileExistsError):
        write_file(folder / "a", b"new", 0o644, overwrite=False)
    write_file(folder / "a", b"new", 0o644)
    assert not (folder / "a").is_symlink()
    assert (folder / "target").read_bytes() == b"precious"


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_permissions_are_exact_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_file(tmp_path / "public", b"", 0o644)
        write_file(tmp_path / "secret", b"", 0o600, overwrite=False)
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names(tmp_path)}
    assert modes == {"public": 0o644, "secret": 0o600}


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        write_file(tmp_path / "a", b"new", 0o644)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "missing/a", b"new", 0o644)
    assert names(tmp_path) == []
