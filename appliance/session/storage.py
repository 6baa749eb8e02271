"""``python -m appliance.session.storage POLICY``: the workspace settings of a policy, for keepers.

Keepers run as root and must not parse a policy. This program runs without privileges and does:
systemd keeps its output as a file. A keeper takes nothing from it but a few words and numbers, each
of which it checks again (``keeper/settings.py``). The path of a device is not among them: root
names the device in a file of its own, which a policy can only agree with.
"""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.errors import PolicyError
from appliance.keeper.settings import DEVICE
from appliance.policy.for_systemd import print_for_systemd
from appliance.policy.policy import Policy


def as_line(policy: Policy, allowed: Path = DEVICE) -> str:
    """The line that keepers read. ``allowed``: the file of root's that names the device.

    Raises ``PolicyError`` if the policy names another device, or root none.
    """
    wanted = policy.workspace
    if wanted.device is not None and wanted.device != _named_in(allowed):
        raise PolicyError(
            "The policy names a device for workspaces that root has not allowed.",
            "See the section Configuration of hardening/README.md.",
        )
    discards = policy.wipe.method == "cryptographic-erase-and-discard"
    ending = "discard" if discards else "keep"
    return f"{wanted.backend} {wanted.backing} {wanted.size_mib} {wanted.inodes} {ending}\n"


def _named_in(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(print_for_systemd(as_line))
