"""``python -m appliance.worker.devices POLICY``: what a policy adds to the unit of the workers.

The unit opens no device. Where the policy lets a GPU compute, this prints a drop-in for it
(systemd.unit(5)) that opens those of NVIDIA's driver; otherwise nothing. It is run without power,
and systemd keeps what it prints: see appliance-devices.service.
"""

from __future__ import annotations

import sys

from appliance.policy.for_systemd import print_for_systemd
from appliance.policy.policy import Policy

# By the driver's names in /proc/devices: nvidia, nvidia-uvm, nvidia-caps and so on. They are
# looked up when a worker starts, so the modules have to be there by then. The seal of the worker
# lets through orders to these nodes only (appliance/seal/needed.py). Its memory may become code,
# as the driver wants it, until its seal says otherwise: the unit itself forbids that to no worker.
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


if __name__ == "__main__":
    sys.exit(print_for_systemd(drop_in))
