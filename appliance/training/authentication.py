"""A login with a software token: refused for the same reasons as PAM refuses one in hardware."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.session import login
from appliance.training.bus import TokenBus
from appliance.training.people import PIN

TOUCH_SECONDS = 30.0
"""How long a token waits for a touch, as those in hardware do."""

_LOOK = 0.02  # seconds between two looks at the token


@dataclass(frozen=True, slots=True)
class Authentication:
    """In the place of ``login.authenticate``. ``registered``: the file of tokens."""

    bus: TokenBus
    registered: Path
    touch_seconds: float = TOUCH_SECONDS

    def __call__(
        self, user: str, pin: str, method: login.Method, prepare: Callable[[], None]
    ) -> login.Denial | None:
        """``None`` if the user's token, PIN and touch are right, otherwise why not."""
        if not pin or not login.is_name(user):
            return "wrong-token"
        if not self.bus.plugged():
            return "no-token"
        if not login.has_one_token(user, self.registered):
            return "wrong-token"
        prepare()
        device = self.bus.device_of(user)
        if device is None or pin != PIN:
            return "wrong-token"
        try:
            return self._denied_by_touch(device)
        except OSError:
            return "error"

    def _denied_by_touch(self, device: str) -> login.Denial | None:
        until = time.monotonic() + self.touch_seconds
        with self.bus.blink(device):
            while not self.bus.is_touched(device):
                if device not in self.bus.plugged():
                    return "wrong-token"  # as PAM has it: nothing that is plugged in answered
                if time.monotonic() > until:
                    return "no-touch"
                time.sleep(_LOOK)
        return None
