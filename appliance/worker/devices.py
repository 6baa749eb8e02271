"""``python -m appliance.worker.devices POLICY``: say whether workers may use a GPU.

It prints ``yes``, or nothing. This runs without privileges, and what it prints is not read: only
whether it printed anything counts. If so, appliance-devices.service adds a drop-in to the workers'
unit that was installed with it; otherwise workers have no device.
"""

from __future__ import annotations

import sys

from appliance.policy.for_systemd import print_for_systemd
from appliance.policy.policy import Policy


def answer(policy: Policy) -> str:
    """``yes`` if the policy allows a GPU, otherwise nothing."""
    return "yes\n" if policy.engine.gpu else ""


if __name__ == "__main__":
    sys.exit(print_for_systemd(answer))
