"""A visit at the image itself: python -m tests.lab.image.visit_the_image DISK FOLDER.

DISK: the image, raw; it is not written. FOLDER: for the site, pictures, times and discs.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from appliance import resources
from tests.disc_reader.discs import burn
from tests.lab.image.canaries import found_in
from tests.lab.image.hands import Album, Hands
from tests.lab.image.machine import Hardware, ImageMachine, Running, image_machine
from tests.lab.image.outside import check_disc, check_export
from tests.lab.image.security_key import SecurityKey
from tests.lab.image.site import ANCHOR, BUNDLE, write_site
from tests.lab.image.touch_screen import TouchScreen
from tests.lab.image.visit import REFERENCE, Person, Visit
from tests.lab.screen import Screen

PIN = "482913"
CLINICIAN, APPROVER = "anna", "ruth"
ROLES = f"{CLINICIAN}:clinician\n{APPROVER}:approver,auditor,administrator\n"
PATIENT = "Jane Canary"
PHOTO = f"{PATIENT}/portrait.jpg"


class OutsideSeat:
    """The screen by QMP, and a touch screen at its USB port, as ``hands.Seat``."""

    def __init__(self, screen: Screen, glass: TouchScreen) -> None:
        self._screen, self._glass = screen, glass
        self._size = 1, 1

    def picture(self) -> Image.Image:
        """See ``hands.Seat``."""
        picture = self._screen.picture()
        self._size = picture.size
        return picture

    def tap(self, place: tuple[int, int]) -> None:
        """See ``hands.Seat``."""
        self._glass.tap(self._share(place))

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """See ``hands.Seat``."""
        self._glass.drag(self._share(start), self._share(end))

    def rest(self, place: tuple[int, int]) -> None:
        """A finger that is away hides nothing."""

    def _share(self, place: tuple[int, int]) -> tuple[float, float]:
        return place[0] / self._size[0], place[1] / self._size[1]


def seat_at(machine: ImageMachine, running: Running) -> OutsideSeat:
    """With a touch screen plugged in."""
    screen = Screen(machine.folder, running.qmp)
    return OutsideSeat(screen, TouchScreen(running.port("touch")))


def keys_in(tokens: Path, running: Running) -> tuple[SecurityKey, SecurityKey]:
    """The keys of the clinician and of the second person, which are kept in ``tokens``."""
    tokens.mkdir(parents=True, exist_ok=True)
    first, second = (
        SecurityKey(running.port(port), tokens / user, PIN, user.upper())
        for port, user in (("token-0", CLINICIAN), ("token-1", APPROVER))
    )
    return first, second


def write_lines(tokens: Path) -> str:
    """New registrations of both people, kept in ``tokens``: the lines for the site's file."""
    tokens.mkdir(parents=True, exist_ok=True)
    nowhere = tokens / "no-port"
    lines = (
        SecurityKey(nowhere, tokens / user, PIN, user.upper()).line(user)
        for user in (CLINICIAN, APPROVER)
    )
    return "".join(f"{line}\n" for line in lines)


def write_disc(path: Path) -> None:
    """A disc with a photo of the patient."""
    portrait = (resources.training_photos() / "front.jpg").read_bytes()
    burn(path, {PHOTO: portrait, "README": b"x"})


@dataclass(frozen=True)
class Site:
    """What outlives a machine: people's tokens, the disc that sets it up, the releases' anchor."""

    tokens: Path
    disc: Path
    anchor: Path

    def credential(self) -> str:
        """The bundle, as firmware gives it to a virtual machine."""
        bundle = base64.b64encode((self.disc.parent / BUNDLE).read_bytes()).decode()
        return f"io.systemd.credential.binary:appliance.provision={bundle}"


def new_site(folder: Path) -> Site:
    """With two people, in ``folder``."""
    tokens = folder / "tokens"
    disc = write_site(folder / "site", write_lines(tokens), ROLES)
    return Site(tokens, disc, folder / "site" / ANCHOR)


def visit(
    disk: Path, folder: Path, site: Site, strings: tuple[str, ...] = (), *, firmware: bool = False
) -> None:
    """The whole visit, and what is seen of it from outside; all is kept in ``folder``.

    ``strings``: of SMBIOS. With one for the kernel, the attestation is not that of the image alone,
    so the log is not exported. ``firmware``: whether the site's bundle comes from there.
    """
    hardware = Hardware(drive="burner", disk_gib=4)
    given = (site.credential(), *strings) if firmware else strings
    with image_machine(disk, hardware, given) as machine:
        try:
            with machine.boot(None if firmware else site.disc) as running:
                going = _people_before_it(machine, running, folder, site)
                _visit(machine, running, going, folder)
                if not strings:
                    running.insert_blank()
                    going.export_the_log()
                    _keep_burned(machine, running, folder / "export.iso")
            _start_again(machine, folder)
        finally:
            if machine.console.exists():
                (folder / "console.txt").write_bytes(machine.console.read_bytes())
    check_disc(folder / "burned.iso", site.anchor)
    if not strings:
        found = check_export(folder / "export.iso", disk.parent / "sbom/measurements.json")
        (folder / "export.txt").write_text(found)


def _visit(machine: ImageMachine, running: Running, going: Visit, folder: Path) -> None:
    """From the token to the certificate; the disc is ``burned.iso``."""
    disc = machine.folder / "photo.iso"
    write_disc(disc)
    album = going.hands.album
    going.log_in()
    running.insert(disc)
    going.take_photo()
    going.move_a_handle()
    going.choose()
    going.ask()
    going.approve()
    running.insert_blank()
    going.burn()
    there = _count(running, album, "during the visit")
    assert all(there.values()), f"a control: words that are in use are found: {there}"
    going.end()
    left = _count(running, album, "after the visit")
    _keep_burned(machine, running, folder / "burned.iso")
    assert not any(left.values()), f"left in the memory: {left}"


def _start_again(machine: ImageMachine, folder: Path) -> None:
    """After a power cut, the first screen is there again."""
    with machine.boot() as running:
        album = Album(folder / "again", running.began)
        Hands(seat_at(machine, running), album).wait_for("Insert your token")


def _people_before_it(machine: ImageMachine, running: Running, folder: Path, site: Site) -> Visit:
    hands = Hands(seat_at(machine, running), Album(folder, running.began))
    first, second = keys_in(site.tokens, running)
    return Visit(hands, Person(CLINICIAN, first, PIN), Person(APPROVER, second, PIN), PHOTO)


def _keep_burned(machine: ImageMachine, running: Running, target: Path) -> None:
    """Take the disc out, and keep it."""
    running.insert(machine.folder / "photo.iso")
    shutil.move(machine.burned, target)


def _count(running: Running, album: Album, when: str) -> dict[str, int]:
    """How often names of the patient and the PIN are in the memory; the PIN of digits is chance."""
    dump = running.dump()
    try:
        found = found_in(dump, (PATIENT, REFERENCE))
    finally:
        dump.unlink()
    album.note(f"in memory {when}: {found}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.image.visit_the_image")
    parser.add_argument("disk", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--string", action="append", default=[], help="of SMBIOS, type 11")
    parser.add_argument("--firmware", action="store_true", help="it gives the site's bundle")
    options = parser.parse_args()
    began = time.monotonic()
    site, strings = new_site(options.folder), tuple(options.string)
    visit(options.disk.resolve(), options.folder, site, strings, firmware=options.firmware)
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
