"""Make the key that signs updates of a site's images: python -m tools.image.update_key FOLDER.

The images trust ``update.pub``. ``update.key`` has no password: who has it can make images.
"""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.signatures.minisign import SecretKey


def main() -> None:
    """Write both files, the secret one for its owner alone."""
    folder = Path(sys.argv[1])
    key = SecretKey.generate()
    secret = folder / "update.key"
    secret.touch(mode=0o600)
    secret.write_text(key.text(None))
    (folder / "update.pub").write_text(key.public.text())


if __name__ == "__main__":
    main()
