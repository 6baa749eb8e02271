"""A program that seals itself and then decodes each of its photos; it prints a line for each."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from appliance.cli.process.input_files import decode_photo, open_input
from appliance.cli.process.sealing import ProcessSealing
from appliance.cli.swap.command import swap
from appliance.pipeline.media.photo.encode import encode_photo

COMMANDS = (swap,)
"""Their modules are loaded before the seal, as they are in the program."""


def main(names: list[str]) -> None:
    """Open all files, seal this process, and read them."""
    sealing = ProcessSealing(frozenset())
    with ExitStack() as opened:
        files = [opened.enter_context(open_input(Path(name), "The file")) for name in names]
        sealing.confine([], [])
        sealing.seal("cpu")
        for file in files:
            try:
                photo = decode_photo(file, "The file")
                encode_photo(photo, "png")
                line: str = photo.kind
            except Exception as error:  # noqa: BLE001 - the test sees which file it was
                line = f"{type(error).__name__}: {error}"
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
