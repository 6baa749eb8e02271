"""A headless cage, the compositor of the appliance, with an application on its only screen.

``cage.sh`` unpacks the version of Debian 13, whatever system this is.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from tests.kiosk.wayland import Pointer, Wire, until
from tests.paths import REPOSITORY

SIZE = 1280, 720
"""Pixels of wlroots' screen without a screen."""

_ROOT = REPOSITORY / ".cache/cage/root"
_LIBRARIES = _ROOT / "usr/lib/x86_64-linux-gnu"
_CAGE = (
    *(str(_ROOT / "usr/lib64/ld-linux-x86-64.so.2"), "--library-path", str(_LIBRARIES)),
    *(str(_ROOT / "usr/bin/cage"), "-d", "--"),
)
# What its unit says, except for the screen that is none.
_ENVIRONMENT = {
    "WLR_BACKENDS": "headless",
    "WLR_RENDERER": "pixman",
    "WLR_LIBINPUT_NO_DEVICES": "1",
    "WLR_XWAYLAND": "/nonexistent",
    "QT_QPA_PLATFORM": "wayland",
}


@dataclass
class Compositor:
    """``process``: cage, with the standard input and output of the application in it."""

    process: subprocess.Popen[str]
    folder: Path
    _wires: list[Wire] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        """Where clients connect."""
        return self.folder / "wayland-0"

    @property
    def errors(self) -> str:
        """What cage and the application wrote to standard error."""
        return (self.folder / "errors").read_text(errors="replace")

    def wire(self) -> Wire:
        """A connection of ours; it ends with the compositor."""
        self._wires.append(Wire(self.socket))
        return self._wires[-1]

    def pointer(self) -> Pointer:
        """A pointer that lives as long as the compositor."""
        return Pointer(self.wire(), SIZE)

    def picture(self) -> Image.Image:
        """What is on the screen, in RGB."""
        grim = ["/usr/bin/grim", "-"]
        done = subprocess.run(grim, env=self.client(), capture_output=True, check=True)
        return Image.open(io.BytesIO(done.stdout)).convert("RGB")

    def wait_for(self, colour: tuple[int, int, int], at: tuple[int, int]) -> Image.Image:
        """The first picture that has ``colour`` there."""
        found: list[Image.Image] = []

        def there() -> bool:
            found[:] = [self.picture()]
            return found[0].getpixel(at) == colour

        until(there)
        return found[0]

    def client(self) -> dict[str, str]:
        """The environment of a client."""
        return os.environ | {
            "XDG_RUNTIME_DIR": str(self.folder),
            "WAYLAND_DISPLAY": self.socket.name,
        }

    def close(self) -> None:
        """End the compositor and its application."""
        for wire in self._wires:
            wire.close()
        with suppress(ProcessLookupError):
            # Both: cage waits for the application, which waits for ever for a cage that is ending.
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()


@contextmanager
def compositor(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Compositor]:
    """cage with ``command`` in it. ``environment``: variables besides those of this process."""
    folder = Path(tempfile.mkdtemp(prefix="kiosk."))
    variables = os.environ | _ENVIRONMENT | {"XDG_RUNTIME_DIR": str(folder)}
    # cage does not run as root. In a namespace of its own it is another user, with root's files.
    other = ("unshare", "--user", "--map-user=1000", "--map-group=1000") if not os.getuid() else ()
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [*other, *_CAGE, *command],
            env=variables | dict(environment or {}),
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    shown = Compositor(process, folder)
    try:
        until(lambda: shown.socket.is_socket() or process.poll() is not None)
        assert process.poll() is None, shown.errors
        yield shown
    finally:
        shown.close()
        shutil.rmtree(folder)
