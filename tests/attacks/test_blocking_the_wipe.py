"""Files of another user cannot stop or enlarge the wipe of a session: root opens none."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.keeper import ledger, tools, units, wipe
from appliance.keeper.protocol import Erasure
from appliance.keeper.volume import MemoryVolume, Owner

WORKER, ATTACKER = 64_001, 64_007  # user ids that no other process has
TEXT = b"what a canary could be"


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder like /tmp, in which every user may write; it is all that is searched."""
    for name in ("kill", "unmount"):
        monkeypatch.setattr(units, name, lambda _slot: None)
    monkeypatch.setattr(units, "owner_of", lambda _slot: Owner(WORKER, WORKER))
    monkeypatch.setattr(wipe, "_no_trace_of", lambda _slot: None)
    monkeypatch.setattr(wipe, "_REMOVAL_PATIENCE", 0.0)
    monkeypatch.setattr(wipe, "_SEARCH_PATIENCE", 600.0)  # however slow this machine is
    monkeypatch.setattr(ledger, "log", lambda _erasure: None)
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(wipe, "_SHARED", (folder,))
    return folder


def _wiped() -> Erasure:
    return wipe.wipe("w0", MemoryVolume("w0", 1 << 20, 1000))


def _owned(path: Path, user: int) -> Path:
    os.lchown(path, user, user)
    return path


def _file(path: Path, user: int = ATTACKER) -> Path:
    path.write_bytes(TEXT)
    return _owned(path, user)


def _folder(path: Path, user: int = ATTACKER) -> Path:
    path.mkdir()
    return _owned(path, user)


def _sparse(folder: Path) -> None:
    os.truncate(_file(folder / "x"), 1 << 40)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "x")
    _owned(folder / "x", ATTACKER)


def _loop(folder: Path) -> None:
    (folder / "x").symlink_to("x")
    (folder / "up").symlink_to("..")
    for name in ("x", "up"):
        _owned(folder / name, ATTACKER)


def _device(folder: Path) -> None:
    (folder / "x").symlink_to("/dev/zero")
    _owned(folder / "x", ATTACKER)


def _tree(folder: Path) -> None:
    deep = _folder(folder / "x")
    for _ in range(200):
        deep = _folder(deep / "x")
    _file(deep / "y")


def _odd_names(folder: Path) -> None:
    for name in (b"-delete", b"\xff\xfe", b"a\nb", b"(", b"-o"):
        path = os.path.join(os.fsencode(folder), name)  # noqa: PTH118 - no text
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        os.chown(path, ATTACKER, ATTACKER)


@pytest.mark.parametrize("leave", [_sparse, _pipe, _loop, _device, _tree, _odd_names])
def test_whatever_another_user_leaves_the_wipe_is_clean(
    shared: Path, leave: Callable[[Path], None]
) -> None:
    leave(shared)
    assert list(shared.iterdir())
    erasure = _wiped()
    assert (erasure.failed, erasure.search) == (None, "whole")


@dataclass(frozen=True)
class Watch:
    """What was opened among some files and folders since it was last asked; inotify(7)."""

    descriptor: int

    def opened(self) -> bool:
        try:
            return bool(os.read(self.descriptor, 1 << 16))
        except BlockingIOError:
            return False


_IN_OPEN = 0x20


@pytest.fixture
def watch() -> Iterator[Callable[..., Watch]]:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert descriptor >= 0

    def start(*paths: Path) -> Watch:
        for path in paths:
            assert libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_OPEN) > 0
        return Watch(descriptor)

    yield start
    os.close(descriptor)


def test_root_opens_no_file_and_no_folder_of_another_user(
    shared: Path, watch: Callable[..., Watch]
) -> None:
    folder = _folder(shared / "theirs")
    watched = watch(_file(shared / "file"), folder, _file(folder / "inside"))
    # The control: what a search by content does is seen.
    for path in (path for path in shared.rglob("*") if path.is_file()):
        assert TEXT in path.read_bytes()
    assert watched.opened()
    assert _wiped().failed is None
    assert not watched.opened()


@pytest.mark.parametrize("where", [".", "systemd-private-w0/tmp", "made-by-the-worker"])
def test_what_the_worker_left_is_found_and_fails_the_wipe(shared: Path, where: str) -> None:
    folder = shared / where
    folder.mkdir(parents=True, exist_ok=True)
    if where == "made-by-the-worker":
        _owned(folder, WORKER)
    _sparse(shared)
    left = _file(folder / "left", WORKER)
    assert (_wiped().failed, _wiped().search) == ("probe", "whole")
    left.unlink()
    if where == "made-by-the-worker":
        folder.rmdir()
    assert _wiped().failed is None


def test_a_worker_s_file_is_found_without_being_opened(
    shared: Path, watch: Callable[..., Watch]
) -> None:
    watched = watch(_file(shared / "left", WORKER))
    assert _wiped().failed == "probe"
    assert not watched.opened()


def test_a_search_that_does_not_end_is_given_up_and_the_record_says_so(
    shared: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert _wiped().search == "whole"
    endless = tmp_path / "find"
    endless.write_text("#!/bin/sh\nexec sleep 3600\n")
    endless.chmod(0o755)
    monkeypatch.setitem(tools._ENVIRONMENT, "PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(wipe, "_SEARCH_PATIENCE", 0.2)
    erasure = _wiped()
    assert list(shared.iterdir()) == []
    # It is not known whether a file is left: that is not a volume that could not be wiped.
    assert (erasure.failed, erasure.search) == (None, "partial")


def test_memory_that_cannot_be_searched_proves_nothing_by_its_zero(shared: Path) -> None:
    assert shared.is_dir()
    erasure = _wiped()
    assert (erasure.before, erasure.after) == (0, 0)
