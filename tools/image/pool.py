"""A repository of exactly the locked packages, the same byte for byte on every machine.

mmdebstrap builds the root from it without a network. Two more packages in it are empty: they stand
for what the image goes without.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from email.utils import format_datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.image.apt import SUITE, apt
from tools.image.errors import ImageError, listed
from tools.image.locked import Lock, Locked, lock_text

# What each stands for, and why the image goes without: {} is the version of Mesa. Libraries that
# cage is linked to depend on drivers of graphics cards, 250 MB with LLVM; the appliance draws with
# the processor. The kernel's package would have an initrd made, which the image does not use.
STAND_INS: Mapping[str, str] = {
    "no-graphics": "xwayland, libegl-mesa0, libglx-mesa0, mesa-libgallium (= {})",
    "no-initramfs": "linux-initramfs-tool",
}
_MESA = "libgbm1"
_EPOCH = 1735689600  # 2025-01-01: any fixed time

_LICENCE = (
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
    "Files: *\nCopyright: the authors of face-appliance\nLicense: Apache-2.0\n"
)


def make_lock(wanted: Sequence[str], tools: Sequence[str], lines: Sequence[str]) -> str:
    """The lock for the packages ``wanted``, and for ``tools``, in another root.

    ``lines`` are apt's sources.

    Raises ``ImageError`` if apt cannot resolve them.
    """
    with TemporaryDirectory() as name, apt(lines) as archive:
        local = Path(name)
        time = archive.archive()
        write_stand_ins(local, archive.version(_MESA))
        found = set(archive.resolve(tools))
        write_index(local, Lock(time, ()))
        with apt((*lines, f"deb [trusted=yes] copy:{local} ./")) as both:
            found |= set(both.resolve([*STAND_INS, *wanted]))
    return lock_text(time, (one for one in found if one.name not in STAND_INS))


def fetch(lock: Lock, cache: Path, lines: Sequence[str] = ()) -> Path:
    """A repository of the files of ``lock``, in the folder returned: ``cache``/pool.

    Files that ``cache`` lacks come from ``lines``, apt's sources; without any, from nowhere.

    Raises ``ImageError`` if a file is missing and cannot be had, or is not the locked one.
    """
    files = cache / "debs"
    files.mkdir(parents=True, exist_ok=True)
    absent = [one for one in lock.packages if not is_locked(files / one.file, one)]
    if absent and not lines:
        raise ImageError(f"Not in the cache: {_names(absent)}.", "Run it without --offline.")
    if absent:
        _download(absent, lines, files)
    pool = cache / "pool.new"
    shutil.rmtree(pool, ignore_errors=True)
    pool.mkdir()
    for one in lock.packages:
        os.link(files / one.file, pool / one.file)
    write_stand_ins(pool, lock.version(_MESA))
    write_index(pool, lock)
    done = cache / "pool"
    shutil.rmtree(done, ignore_errors=True)
    pool.rename(done)
    return done


def _download(absent: Sequence[Locked], lines: Sequence[str], files: Path) -> None:
    """Put ``absent`` into the folder ``files``, each only after its hash was compared."""
    with apt(lines) as archive, TemporaryDirectory(dir=files.parent) as name:
        lacking = sorted(set(absent) - archive.offers())
        if lacking:
            raise ImageError(
                f"The mirror no longer has {_names(lacking)}.",
                "Fetch with --snapshot, from snapshot.debian.org, or run make image-lock.",
            )
        archive.download(absent, Path(name))
        for one in absent:
            if not is_locked(Path(name) / one.file, one):
                raise ImageError(f"{one.name} is not the locked file.", "Try another mirror.")
            (Path(name) / one.file).rename(files / one.file)


def is_locked(path: Path, package: Locked) -> bool:
    """Whether ``path`` is there and the file of ``package``; a file that is not is deleted."""
    if not path.exists():
        return False
    if path.stat().st_size == package.size and sha256(path) == package.sha256:
        return True
    path.unlink()
    return False


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_stand_ins(into: Path, mesa: str) -> None:
    """Build the empty packages in the folder ``into``; ``mesa`` is the version that they stand for.

    Raises ``subprocess.CalledProcessError`` if dpkg-deb cannot.
    """
    for name, provides in STAND_INS.items():
        with TemporaryDirectory() as folder:
            root = Path(folder) / name
            _write(root / "usr/share/doc" / name / "copyright", _LICENCE)
            control = {
                "Package": name,
                "Version": "1",
                "Architecture": "all",
                "Maintainer": "face-appliance <root@localhost>",
                "Provides": provides.format(mesa),
                "Description": "stands for what the image goes without",
            }
            text = "".join(f"{field}: {value}\n" for field, value in control.items())
            _write(root / "DEBIAN/control", text)
            command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root)]
            environment = {**os.environ, "SOURCE_DATE_EPOCH": str(_EPOCH)}
            target = str(into / f"{name}_1_all.deb")
            subprocess.run(
                [*command, target], env=environment, check=True, stdout=subprocess.DEVNULL
            )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)
    for parent in path.parents:
        if parent.name == "DEBIAN" or "usr" in parent.parts:
            parent.chmod(0o755)


def write_index(pool: Path, lock: Lock) -> None:
    """Write the index of the packages in ``pool``, and the Release file with its hash.

    Raises ``subprocess.CalledProcessError`` if a package cannot be read.
    """
    paths = sorted(pool.glob("*.deb"), key=lambda path: path.name)
    index = "\n".join(_stanza(path) for path in paths).encode()
    (pool / "Packages").write_bytes(index)
    digest = hashlib.sha256(index).hexdigest()
    release = {
        "Origin": "face-appliance",
        "Suite": SUITE,
        "Codename": SUITE,
        "Date": format_datetime(lock.archive).replace("+0000", "UTC"),
        "Architectures": "all amd64",
        "SHA256": f"\n {digest} {len(index)} Packages",
    }
    text = "".join(f"{field}: {value}\n".replace(": \n", ":\n") for field, value in release.items())
    (pool / "Release").write_text(text)


def _stanza(path: Path) -> str:
    """The entry of the index for the package at ``path``."""
    control = subprocess.check_output(["dpkg-deb", "--field", str(path)], text=True)
    facts = f"Filename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {sha256(path)}\n"
    return f"{control.rstrip()}\n{facts}"


def _names(packages: Iterable[Locked]) -> str:
    return listed(f"{one.name} {one.version}" for one in packages)
