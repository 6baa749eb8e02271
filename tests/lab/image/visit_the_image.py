"""A visit at the image itself: python -m tests.lab.image.visit_the_image DISK FOLDER [TOKENS].

DISK: the image, raw; it is not written. FOLDER: for pictures and times. TOKENS: where the people's
tokens are kept, whose lines the site has; without it they are new, and written to FOLDER.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from PIL import Image

from appliance import resources
from tests.disc_reader.discs import burn
from tests.lab.image.canaries import found_in
from tests.lab.image.hands import Album, Hands
from tests.lab.image.machine import Hardware, ImageMachine, Running, image_machine
from tests.lab.image.security_key import SecurityKey
from tests.lab.image.touch_screen import TouchScreen
from tests.lab.image.visit import REFERENCE, Person, Visit
from tests.lab.screen import Screen

PIN = "482913"
CLINICIAN, APPROVER = "anna", "ruth"
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


def visit(
    disk: Path, folder: Path, tokens: Path, site: Path | None, strings: tuple[str, ...] = ()
) -> None:
    """The whole visit; what is burned, and what the memory still holds, is in ``folder``.

    ``site``: a disc that is in the drive at the first boot, with what the site provides.
    ``strings``: of SMBIOS.
    """
    with ExitStack() as stack:
        hardware = Hardware(drive="burner", disk_gib=4)
        machine = stack.enter_context(image_machine(disk, hardware, strings))
        disc = machine.folder / "photo.iso"
        write_disc(disc)
        running = stack.enter_context(machine.boot(site))
        album = Album(folder, running.began)
        try:
            hands = Hands(seat_at(machine, running), album)
            first, second = keys_in(tokens, running)
            people = Person(CLINICIAN, first, PIN), Person(APPROVER, second, PIN)
            going = Visit(hands, *people, PHOTO)
            going.log_in()
            running.insert(disc)
            going.take_photo()
            going.move_a_handle()
            going.choose()
            going.ask()
            going.approve()
            running.insert_blank()
            going.burn()
            _count(running, album, "during the visit")
            going.end()
            _count(running, album, "after the visit")
            machine.burned.replace(folder / "burned.iso")
        finally:
            if machine.console.exists():
                (folder / "console.txt").write_bytes(machine.console.read_bytes())


def _count(running: Running, album: Album, when: str) -> None:
    """How often names of the patient and the PIN are in the memory; the PIN of digits is chance."""
    dump = running.dump()
    try:
        found = found_in(dump, (PATIENT, REFERENCE))
    finally:
        dump.unlink()
    album.note(f"in memory {when}: {found}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.image.visit_the_image")
    parser.add_argument("disk", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=Path, help="folder of the people's tokens")
    parser.add_argument("--site", type=Path, help="disc that is in the drive at the first boot")
    parser.add_argument("--lines", action="store_true", help="only make tokens, print their lines")
    parser.add_argument("--string", action="append", default=[], help="of SMBIOS, type 11")
    options = parser.parse_args()
    tokens = options.tokens or options.folder / "tokens"
    if options.lines:
        sys.stdout.write(write_lines(tokens))
        return 0
    began = time.monotonic()
    visit(options.disk.resolve(), options.folder, tokens, options.site, tuple(options.string))
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
