"""The program: what it says when something is missing."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from tests.paths import REPOSITORY
from tools.image.locked import read_list


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.image", *arguments]
    whole = {"PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(
        command, cwd=REPOSITORY, env=whole, capture_output=True, text=True, check=False
    )


def test_an_empty_cache_is_no_pool_without_a_network(tmp_path: Path) -> None:
    done = run("fetch", str(tmp_path), "--offline")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Not in the cache: acl ")
    assert "more. Run it without --offline." in done.stderr


def test_a_bill_needs_a_time_and_a_database(tmp_path: Path) -> None:
    arguments = ("sbom", str(tmp_path), str(tmp_path / "out"), "--cache", str(tmp_path))
    done = run(*arguments, "--version", "1")
    assert done.stderr == "No time is stated. Set SOURCE_DATE_EPOCH to that of the image.\n"
    done = run(*arguments, "--version", "1", SOURCE_DATE_EPOCH="1764460800")
    assert done.stderr.startswith("There is no database of dpkg.")
    assert str(tmp_path) not in done.stderr
    assert not (tmp_path / "out").exists()


def test_every_file_of_a_wheel_is_as_its_wheel_has_it() -> None:
    """Libraries of wheels do not survive strip(1): patchelf moved parts of them, and it ignores
    how these are aligned, so that the loader refuses numpy's BLAS."""
    packages = "usr/local/lib/python3.13/dist-packages/"
    patterns = read_list(REPOSITORY / "image-build/changed-files.txt")
    assert patterns
    assert not [one for one in patterns if fnmatchcase(packages + "numpy.libs/blas.so", one)]
    assert not [one for one in patterns if one.startswith(packages)]
