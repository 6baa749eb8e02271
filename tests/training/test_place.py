"""The folder of a training machine: in memory, for one user, and gone at the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.errors import SessionError
from appliance.training import place as module
from appliance.training.place import MEMORY, own_place, remove_left


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that counts as one in memory."""
    monkeypatch.setattr(module, "_is_in_memory", lambda _: True)
    return tmp_path


def test_it_is_in_memory_for_its_user_alone() -> None:
    with own_place() as place:
        assert place.folder.parent == MEMORY
        assert place.folder.stat().st_mode & 0o777 == 0o700
        assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in place.folders())
        (place.workspaces / "w0").mkdir()
        (place.workspaces / "w0/photo").write_bytes(b"a face")
    assert not place.folder.exists()


def test_a_disk_is_refused() -> None:
    with pytest.raises(SessionError, match="no file system in memory"), own_place(Path("/proc")):
        pass


def test_what_a_killed_machine_left_is_removed_and_what_runs_is_not(memory: Path) -> None:
    with own_place(memory) as running:
        left = memory / running.folder.name.replace(running.folder.name[-4:], "left")
        (left / "workspace/w0").mkdir(parents=True)
        other = memory / "others"
        other.mkdir()
        with own_place(memory):
            assert not left.exists()
            assert running.broker.parent.exists()
        assert other.exists()
        assert remove_left(memory) == 0


def test_another_user_s_folder_is_left_alone(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with own_place(memory) as place:
        name = place.folder.name
    (memory / name).mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert remove_left(memory) == 0
    assert (memory / name).exists()


def test_a_link_is_not_followed(memory: Path) -> None:
    with own_place(memory) as place:
        name = place.folder.name
    target = memory / "target"
    target.mkdir()
    (memory / name).symlink_to(target)
    assert remove_left(memory) == 0
    assert target.exists()
