"""Software tokens: what is plugged in, what blinks, and touches, as files of one folder.

They are files, as the kernel's list of devices is: they outlive a broker that is killed, and
looking at them never waits. A token that is pulled and plugged in again has another name, so that
both cannot be taken for one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PLUGGED, _BLINKING, _TOUCHED = "plugged", "blinking", "touched"


@dataclass(frozen=True, slots=True)
class TokenBus:
    """The tokens in ``folder``, which are named after their owners. For several processes."""

    folder: Path

    def plugged(self) -> frozenset[str]:
        """The devices that are plugged in, by names like the kernel's: ``anna-5f3a``."""
        return frozenset(path.stem for path in self.folder.glob(f"*.{_PLUGGED}"))

    def device_of(self, user: str) -> str | None:
        """The device of ``user`` that is plugged in."""
        return next((name for name in self.plugged() if owner_of(name) == user), None)

    def insert(self, user: str) -> None:
        """Plug the token of ``user`` in, if it is not. Raises ``OSError``."""
        if self.device_of(user) is None:
            (self.folder / f"{user}-{secrets.token_hex(2)}.{_PLUGGED}").touch(mode=0o600)

    def pull(self, user: str) -> None:
        """Pull the token of ``user``. Raises ``OSError``."""
        for path in self.folder.glob(f"{user}-*.{_PLUGGED}"):
            path.unlink(missing_ok=True)

    def blinking(self) -> str | None:
        """The device that waits for a touch."""
        return next((path.stem for path in self.folder.glob(f"*.{_BLINKING}")), None)

    def touch(self) -> bool:
        """Touch the token that blinks. Whether one did. Raises ``OSError``."""
        device = self.blinking()
        if device is not None:
            (self.folder / f"{device}.{_TOUCHED}").touch(mode=0o600)
        return device is not None

    def is_touched(self, device: str) -> bool:
        """Whether ``device`` was touched since it blinks."""
        return (self.folder / f"{device}.{_TOUCHED}").exists()

    @contextmanager
    def blink(self, device: str) -> Iterator[None]:
        """Have ``device`` wait for a touch; an earlier one does not count. Raises ``OSError``."""
        blinking, touched = (self.folder / f"{device}.{kind}" for kind in (_BLINKING, _TOUCHED))
        touched.unlink(missing_ok=True)
        blinking.touch(mode=0o600)
        try:
            yield
        finally:
            blinking.unlink(missing_ok=True)
            touched.unlink(missing_ok=True)

    def reset(self) -> None:
        """Nothing blinks any more: who waited was killed. Raises ``OSError``."""
        for path in [*self.folder.glob(f"*.{_BLINKING}"), *self.folder.glob(f"*.{_TOUCHED}")]:
            path.unlink(missing_ok=True)


def owner_of(device: str) -> str:
    """Whose token ``device`` is."""
    return device.rpartition("-")[0]
