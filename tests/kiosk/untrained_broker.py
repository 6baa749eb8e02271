"""``python -m tests.kiosk.untrained_broker``: as that of training, whatever the policy is for."""

from __future__ import annotations

import sys

from appliance.training.broker import main

if __name__ == "__main__":
    sys.exit(main(check=lambda _: None))
