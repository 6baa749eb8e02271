"""``python -m appliance.worker.devices POLICY``: print a drop-in for the workers' unit.

The unit itself allows no device. If the policy permits a GPU, the drop-in (systemd.unit(5)) allows
those of NVIDIA's driver; otherwise it is empty. This runs without privileges, and systemd stores
what it prints: see appliance-devices.service.
"""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.errors import ApplianceError
from appliance.policy.load import load
from appliance.policy.policy import Policy

# By the driver's names in /proc/devices: nvidia, nvidia-uvm, nvidia-caps and so on. systemd looks
# them up when a worker starts, so the modules have to be loaded by then. The worker's own seal lets
# ioctl(2) reach these nodes only (appliance/seal/allowed_paths.py).
_GPU = """\
[Unit]
Wants=modprobe@nvidia.service modprobe@nvidia_uvm.service
After=modprobe@nvidia.service modprobe@nvidia_uvm.service

[Service]
# The driver maps code while models are loaded. The worker's own seal forbids it afterwards.
MemoryDenyWriteExecute=no
PrivateDevices=no
DevicePolicy=closed
DeviceAllow=char-nvidia* rw
"""


def drop_in(policy: Policy) -> str:
    """The text of the drop-in; empty if no device is allowed, which systemd ignores."""
    return _GPU if policy.engine.gpu else ""


def main() -> int:
    """Print the drop-in; returns the exit code."""
    try:
        policy = load(Path(sys.argv[1]))
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    sys.stdout.write(drop_in(policy))
    return 0


if __name__ == "__main__":
    sys.exit(main())
