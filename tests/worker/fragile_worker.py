"""A worker whose reading processes break on certain files, as a decoder with a hole would."""

from __future__ import annotations

import signal
import sys
from typing import BinaryIO

from appliance.files.output import OutputFile
from appliance.worker.__main__ import main
from appliance.worker.rewriting import SanitisedMedia, rewrite_media

KILLED, OUT_OF_MEMORY = b"KILLED", b"OUT OF MEMORY"
"""What a file begins with whose reading process kills itself, or asks for too much memory."""


def rewrite(source: BinaryIO, sink: OutputFile) -> SanitisedMedia:
    source.seek(0)
    start = source.read(16)
    if start.startswith(KILLED):
        signal.raise_signal(signal.SIGKILL)
    if start.startswith(OUT_OF_MEMORY):
        bytearray(8 << 30)  # bytes; more address space than the process may have
    return rewrite_media(source, sink)


if __name__ == "__main__":
    sys.exit(main(rewrite))
