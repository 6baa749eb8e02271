"""A worker cannot remove, read or overwrite what an erasure is measured by.

The file system is mounted for real, on a loop device that stands for the mapping; a changed copy of
it stands for the ciphertext. The kernel's encryption is in tests/lab.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from appliance.errors import SessionError
from appliance.keeper import tools, volume
from appliance.keeper.volume import BLOCK, CANARIES, Backing, Canary, LuksVolume, Owner

SIZE = 16 << 20  # bytes
WORKER = 64_001
# As the user of the worker, in its workspace: delete what can be deleted, fill what can be filled.
RAVAGE = """
cd "$1" && rm -rf -- * .[!.]* 2>/dev/null
dd if=/dev/zero of=filler bs=4k 2>/dev/null
test -s filler && rm filler
dd if=/dev/zero of=again bs=4k 2>/dev/null
sync; exit 0
"""


class Scrambled(Backing):
    """Gives back other bytes than were written, as ciphertext would be."""

    def read(self, offset: int) -> bytes:
        return bytes(byte ^ 0xA5 for byte in Backing.read(self, offset))


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LuksVolume]:
    """A volume with its file system and its canaries, on a loop device."""
    image = tmp_path / "disk"
    image.touch()
    os.truncate(image, SIZE)
    device = Path(_run("losetup", "--find", "--show", str(image)))

    def run(*command: str, key: int | None = None, pass_fds: Sequence[int] = ()) -> str:
        # An option of Debian 13's mke2fs.
        known = (part.replace("root_perms=1770,", "") for part in command)
        return tools.run(*known, key=key, pass_fds=pass_fds)

    monkeypatch.setattr(volume, "run", run)
    monkeypatch.setattr(LuksVolume, "mapper", device)
    one = LuksVolume("w0", Scrambled(device, SIZE, device=True), 1000)
    one._format(Owner(WORKER, WORKER))
    one._plant()
    yield one
    _run("losetup", "--detach", str(device))


@pytest.fixture
def mounted(made: LuksVolume) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    _run("mount", "-t", "ext4", str(made.mapper), str(folder))
    folder.chmod(0o755)
    yield folder
    _run("umount", str(folder))
    folder.rmdir()


def _ravage(folder: Path) -> None:
    user = ("setpriv", f"--reuid={WORKER}", f"--regid={WORKER}", "--clear-groups")
    _run(*user, "sh", "-c", RAVAGE, "sh", str(folder))


def test_whatever_a_worker_does_in_its_workspace_all_canaries_are_there(
    made: LuksVolume, mounted: Path
) -> None:
    assert made.present() == CANARIES
    own = mounted / "planted-in-the-file-system"
    own.write_bytes(made.canaries[0].plain)
    os.chown(mounted, WORKER, WORKER)
    _ravage(mounted)
    # The control: it had the means. A canary in a file, though root's, is gone.
    assert not own.exists()
    assert (mounted / "again").stat().st_size > SIZE // 2
    assert made.present() == CANARIES


def test_the_file_system_ends_where_the_canaries_begin(made: LuksVolume) -> None:
    listed = _run("dumpe2fs", "-h", str(made.mapper)).splitlines()
    (blocks,) = (int(line.split(":")[1]) for line in listed if line.startswith("Block count:"))
    assert blocks * BLOCK == made.canaries[0].offset
    assert made.canaries[-1].offset + BLOCK == SIZE


def test_a_canary_that_was_overwritten_is_not_counted(made: LuksVolume) -> None:
    with made.mapper.open("r+b", buffering=0) as raw:
        os.pwrite(raw.fileno(), bytes(BLOCK), made.canaries[1].offset)
    assert made.present() == CANARIES - 1


def test_a_volume_that_was_closed_keeps_its_last_count(
    made: LuksVolume, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(LuksVolume, "mapper", tmp_path / "closed")
    assert made.present() == CANARIES


def test_a_keeper_that_did_not_make_the_volume_counts_none(made: LuksVolume) -> None:
    assert LuksVolume("w0", made.backing, 1000).present() == 0


def test_a_volume_without_encryption_is_refused(made: LuksVolume) -> None:
    plain = LuksVolume("w0", Backing(made.mapper, SIZE, device=True), 1000)
    with pytest.raises(SessionError, match="not encrypted"):
        plain._plant()


def test_ciphertext_that_outlives_the_wipe_is_found(made: LuksVolume) -> None:
    assert made.found() == CANARIES
    kept = made.canaries[0]
    made.canaries = (Canary(kept.plain, kept.offset, bytes(BLOCK)),)
    assert made.found() == 0
