"""``python -m appliance.worker.devices POLICY``: what a policy adds to the unit of the workers.

The unit opens no device. Where the policy lets a GPU compute, this prints a drop-in for it
(systemd.unit(5)) that opens those of NVIDIA's driver; otherwise nothing. It is run without power,
and systemd keeps what it prints: see appliance-devices.service.
"""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.errors import ApplianceError
from appliance.policy.load import load
from appliance.policy.policy import Policy

# By the driver's names in /proc/devices: nvidia, nvidia-uvm, nvidia-caps and so on. systemd looks
# them up when a worker starts, so the modules have to be loaded by then. The worker's own seal lets
# ioctl(2) reach these nodes only (appliance/seal/allowed_paths.py). The unit does not set
# MemoryDenyWriteExecute=, because the driver maps code; the seal forbids it where there is no GPU.
_GPU = """\
[Unit]
Wants=modprobe@nvidia.service modprobe@nvidia_uvm.service
After=modprobe@nvidia.service modprobe@nvidia_uvm.service

[Service]
PrivateDevices=no
DevicePolicy=closed
DeviceAllow=char-nvidia* rw
"""


def drop_in(policy: Policy) -> str:
    """Empty where no device is opened, which systemd takes for no drop-in."""
    return _GPU if policy.engine.gpu else ""


def main() -> int:
    """Print it; the exit code."""
    try:
        policy = load(Path(sys.argv[1]))
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    sys.stdout.write(drop_in(policy))
    return 0


if __name__ == "__main__":
    sys.exit(main())
