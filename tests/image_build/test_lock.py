"""The lock of Debian packages: what it refuses, and that the one we have is sound."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from tools.image.errors import ImageError
from tools.image.locked import Locked, lock_text, read_list, read_lock

FOLDER = REPOSITORY / "image-build"
TIME = datetime(2026, 11, 29, tzinfo=UTC)
PACKAGES = (
    Locked("acl", "2.3.2-2+b1", "amd64", "0" * 64, 5),
    Locked("bsdutils", "1:2.41.5~rc-0", "all", "f" * 64, 6),
)
SOUND = lock_text(TIME, PACKAGES)


def read(tmp_path: Path, text: str) -> tuple[Locked, ...]:
    (tmp_path / "lock").write_text(text)
    return read_lock(tmp_path / "lock").packages


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert lock_text(TIME, reversed(PACKAGES)) == SOUND
    assert read(tmp_path, SOUND) == PACKAGES
    assert read_lock(tmp_path / "lock").archive == TIME


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0" * 64, "0" * 63),
        ("amd64", "arm64"),
        ("acl ", "../acl "),
        ("acl ", "zsh "),
        ("acl 2.3.2-2+b1 amd64", "bsdutils 1 all"),
        (" 5\n", "\n"),
        ("# archive of", "# archive"),
    ],
    ids=["hash", "architecture", "name", "order", "twice", "size", "time"],
)
def test_a_lock_that_is_not_sound_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert old in SOUND
    with pytest.raises(ImageError):
        read(tmp_path, SOUND.replace(old, new, 1))


def test_the_lock_has_each_package_of_the_lists() -> None:
    lock = read_lock(FOLDER / "packages.lock")
    wanted = {name for path in FOLDER.glob("packages*.txt") for name in read_list(path)}
    assert len(wanted) > 50
    assert wanted <= {package.name for package in lock.packages}


def test_the_lock_has_neither_graphics_nor_what_makes_an_initrd() -> None:
    names = [package.name for package in read_lock(FOLDER / "packages.lock").packages]
    unwanted = ("libllvm", "mesa-", "xwayland", "initramfs-tools", "dracut")
    assert not [name for name in names if name.startswith(unwanted)]


def test_a_version_is_looked_up_by_name(tmp_path: Path) -> None:
    read(tmp_path, SOUND)
    lock = read_lock(tmp_path / "lock")
    assert lock.version("bsdutils") == "1:2.41.5~rc-0"
    with pytest.raises(ImageError, match="bash"):
        lock.version("bash")
