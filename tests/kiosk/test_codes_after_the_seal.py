"""The code of a certificate is drawn after the seal, when no module can be loaded any more."""

from __future__ import annotations

import subprocess
import sys

from tests.paths import REPOSITORY

_SCRIPT = """\
import sys
from importlib import import_module
from appliance.kiosk import loading
from appliance.kiosk.models.session import _code_of

for module in loading._LATE:
    import_module(module)

class Sealed:
    def find_spec(self, name, path=None, target=None):
        raise ImportError(f"{name} is looked for after the seal")

sys.meta_path.insert(0, Sealed())
try:
    "\u2014".encode("shift-jis")
except (LookupError, ImportError):
    print("sealed")
rows = _code_of("\u2014 a checkpoint, whose signatures begin with a dash").splitlines()
assert len(rows) > 20 and all(len(row) == len(rows) for row in rows)
print("drawn")
"""


def test_a_code_is_drawn_without_loading_anything() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["sealed", "drawn"]
