"""The worker of ``taken_over_worker.py``, whose reading processes have no time at all."""

from __future__ import annotations

import sys

from appliance.worker.__main__ import main
from tests.worker.taken_over_worker import rewrite

if __name__ == "__main__":
    sys.exit(main(rewrite, 0))
