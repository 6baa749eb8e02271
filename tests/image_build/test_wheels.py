"""The wheels of the image: those of the locks, for its Python."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.house.files import committed
from tests.paths import REPOSITORY
from tools.image import wheels
from tools.image.errors import ImageError
from tools.image.pool import sha256


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two wheels, and locks that pin them."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("one", "two"):
        (cache / f"{name}-1.0-py3-none-any.whl").write_bytes(name.encode())
    first, second = (sha256(path) for path in sorted(cache.iterdir()))
    (tmp_path / "runtime.txt").write_text(
        f"# locked\nOne[x]==1.0 ; os_name == 'posix' \\\n    --hash=sha256:{'0' * 64} \\\n"
        f"    --hash=sha256:{first}\n    # via two\n"
    )
    (tmp_path / "kiosk.txt").write_text(f"two==1.0 \\\n    --hash=sha256:{second}\n")
    monkeypatch.setattr(wheels, "REQUIREMENTS", tmp_path)
    return cache


def test_a_cache_that_has_all_of_them_needs_no_network(locks: Path) -> None:
    wheels.fetch(locks, offline=True)
    assert wheels.cached(locks).keys() == {"one", "two"}


def test_a_wheel_that_is_missing_or_altered_is_named(locks: Path) -> None:
    (locks / "two-1.0-py3-none-any.whl").write_bytes(b"another")
    with pytest.raises(ImageError, match=r"Not in the cache: two\."):
        wheels.fetch(locks, offline=True)


def test_what_is_installed_does_not_depend_on_where_python_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, target, info = tmp_path / "cache", tmp_path / "target", "one-1.0.dist-info"
    cache.mkdir()
    wheel = cache / "one-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("one.py", "def main(): ...\n")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr(f"{info}/entry_points.txt", "[console_scripts]\none = one:main\n")
        file.writestr(f"{info}/RECORD", "one.py,,\n")
    for lock in wheels.LOCKS:
        (tmp_path / f"{lock}.txt").write_text(f"one==1.0 --hash=sha256:{sha256(wheel)}\n")
    monkeypatch.setattr(wheels, "REQUIREMENTS", tmp_path)
    wheels.install(cache, target, None)
    assert not (target / "bin").exists()
    record = (target / info / "RECORD").read_text()
    # A program has the path of Python in it, so its hash depends on that.
    assert "one.py," in record
    assert "bin/" not in record


def test_no_pin_depends_on_the_version_of_python() -> None:
    """pip would judge that by the Python that runs it, not by the one of the image."""
    for lock in wheels.LOCKS:
        text = (REPOSITORY / f"requirements/{lock}.txt").read_text()
        assert "==" in text
        assert "python_version" not in text
        assert "python_full_version" not in text
        assert "sys_platform" not in text


def test_every_pin_of_the_locks_is_read() -> None:
    pins = list(wheels.pinned())
    assert {"numpy", "pyside6-essentials", "onnxruntime-gpu"} <= {pin.name for pin in pins}
    assert all(pin.hashes for pin in pins)


def test_nothing_that_is_committed_names_a_mirror_of_its_own() -> None:
    for path in committed("image-build", "tools/image"):
        text = (REPOSITORY / path).read_text()
        hosts = {one.split("/")[2] for one in text.split() if one.startswith(("http:", "https:"))}
        assert hosts <= {"www.debian.org"}, path
