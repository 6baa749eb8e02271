"""A drive that burns discs, without one: tgtd plays a blank DVD+R, QEMU hands it to the machine.

tgtd speaks iSCSI on the loopback device of a network namespace that it has with QEMU alone, and
QEMU's own initiator passes commands through: the machine sees a drive, and no network.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.release.disc.discs import anchor, copy, write

DISC = "disc.img"
"""File with what is on the disc, in the folder of a machine."""

_TARGET = "iqn.2026-11.lab:burner"
_PORTAL = "127.0.0.1:3260"
_ANCHOR = re.compile(r"anchor ([A-Za-z0-9+/=]{100,})")
_BURNED = re.compile(r"burned ([0-9a-f]{64}) ([0-9]+)")

NEW_DISC = f"in_root tgtimg --op new --device-type cd --type dvd+r --file /lab/run/{DISC}; "
"""What a shell does for another blank disc, once the one before was taken away."""

# After /proc, /dev and the folders are in sight of the root that QEMU runs in.
DRIVE = (
    'in_root() { chroot "$root" "$@"; }; in_root busybox ip link set lo up; '
    'mkdir "$root/run/tgtd"; '
    f"{NEW_DISC}in_root tgtd -f --iscsi portal={_PORTAL} >/dev/null 2>&1 & "
    "for try in $(seq 100); do in_root tgtadm --op show --mode sys >/dev/null 2>&1 && break; "
    "sleep 0.2; done; "
    f"in_root tgtadm --lld iscsi --op new --mode target --tid 1 -T {_TARGET}; "
    "in_root tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 --device-type cd "
    f"--backing-store /lab/run/{DISC}; "
    "in_root tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL; "
)


def change_disc(path: str) -> str:
    """What a shell does for another disc in the drive, out and in: an empty file is a blank one.

    udev locks the tray, and lets it out when somebody presses the drive's button, of which tgtd has
    none. A tray that stays locked is drawn out by force: tgtd forgets who locked it when it closes
    the connection, which QEMU opens again.
    """
    admin = "in_root tgtadm --lld iscsi"
    update = f"{admin} --mode logicalunit --op update --tid 1 --lun 1 --params"
    by_force = (
        f"{admin} --mode conn --op show --tid 1 | "
        "sed -n 's/^Session: //p; s/^ *Connection: //p' | "
        f"while read -r session && read -r connection; do {admin} --mode conn --op delete "
        '--tid 1 --sid "$session" --cid "$connection"; done'
    )
    out = f"{update} online=0 || {{ {by_force}; {update} online=0; }}"
    return f"{out}; {update} path={path}; {update} online=1; "


def drive_options() -> Sequence[str]:
    """Arguments of QEMU for a machine with this drive."""
    return (
        *("-device", "virtio-scsi-pci"),
        *("-drive", f"file=iscsi://{_PORTAL}/{_TARGET}/1,if=none,id=disc,format=raw"),
        *("-device", "scsi-generic,drive=disc"),
    )


def write_release(folder: Path) -> None:
    """What is to be burned: two released photos, and all that belongs to a disc."""
    write(folder, [copy(12), copy(13)], {"audit/events.xml": b"<events/>"})


def check_burned(disc: Path, release: Path, report: str) -> None:
    """The disc, seen from outside, is what the machine said of it.

    It holds the folder that was made outside; or what was released in a session of the machine,
    which then printed the anchor of its site.
    """
    out = _extracted(disc, report)
    if printed := _ANCHOR.search(report):
        trusted = disc.with_suffix(".pem")
        trusted.write_bytes(base64.b64decode(printed[1]))
        check_released(out, trusted)
        return
    for path in release.rglob("*"):
        if path.is_file():
            assert (out / path.relative_to(release)).read_bytes() == path.read_bytes()
    _verify(out, anchor(disc.parent))


def check_released(out: Path, trusted: Path) -> None:
    """The files of a disc with what was released in a session; ``trusted``: the site's anchor."""
    _verify(out, trusted)
    _inspect(out, trusted)


def unpack(image: Path, out: Path) -> None:
    """The files of a disc, into the new folder ``out``."""
    words = ["/usr/bin/osirrox", "-indev", str(image), "-extract", "/", str(out)]
    subprocess.run(words, check=True, capture_output=True)


def _extracted(disc: Path, report: str) -> Path:
    """The files of the disc, which has the hash that was printed in the machine."""
    said = _BURNED.search(report)
    assert said is not None, report
    with disc.open("rb") as file:
        data = file.read(int(said[2]))
    assert hashlib.sha256(data).hexdigest() == said[1]
    image, out = disc.with_suffix(".iso"), disc.with_suffix(".out")
    image.write_bytes(data)
    unpack(image, out)
    return out


def _verify(out: Path, trusted: Path) -> None:
    """By the program on the disc, and by the one of the same name."""
    programs = [["-I", str(out / "appliance-verify.py")], ["-m", "appliance.audit.standalone"]]
    for program in programs:
        command = [sys.executable, *program, str(out), "--anchor", str(trusted)]
        done = subprocess.run(command, check=False, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr


def _inspect(out: Path, trusted: Path) -> None:
    """Each copy, by ``release inspect`` with the disc's list and proofs."""
    released = [*(out / "results").iterdir()]
    assert released
    for path in released:
        words = ["release", "inspect", str(path), "--anchor", str(trusted), "--disc", str(out)]
        command = [sys.executable, "-m", "appliance.cli.main", *words]
        done = subprocess.run(command, check=False, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
