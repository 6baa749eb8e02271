"""Reads files in a sealed process as ``inspect`` does, and writes what it read as ``swap`` does.

``python -m tests.hostile.reader FILE…`` prints a line of JSON for each file: what became of it. A
bug ends the process with its traceback.
"""

from __future__ import annotations

import io
import logging
import sys
import warnings
from pathlib import Path
from typing import BinaryIO

import msgspec

from appliance.cli.process.input_files import decode_photo, naming_file, open_input
from appliance.cli.process.sealing import ProcessSealing
from appliance.errors import ApplianceError
from appliance.pipeline.media.kind import is_video
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.video.key_frame import read_key_frame
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.transcode import transcode


class Outcome(msgspec.Struct, frozen=True):
    """``code``: the exit code of a command; 0 where the file was read and written."""

    name: str
    code: int
    message: str = ""
    hint: str = ""


def main(paths: list[str]) -> None:
    """Open all files, seal, then read one after the other."""
    warnings.simplefilter("ignore")  # this and the next as cli/main.py does
    logging.getLogger().addHandler(logging.NullHandler())
    opened = {path: open_input(Path(path), "The file") for path in paths}
    sealing = ProcessSealing(frozenset())
    sealing.confine([], [])
    sealing.seal("cpu")
    for path, file in opened.items():
        print_outcome(_outcome(Path(path).name, file))


def print_outcome(outcome: Outcome) -> None:
    """One line, at once: the next file may end the process."""
    sys.stdout.write(f"{msgspec.json.encode(outcome).decode()}\n")
    sys.stdout.flush()


def _outcome(name: str, file: BinaryIO) -> Outcome:
    try:
        _read_and_write(file)
    except ApplianceError as error:
        return Outcome(name, error.exit_code, error.message, error.hint)
    return Outcome(name, 0)


def _read_and_write(file: BinaryIO) -> None:
    if not is_video(file):
        encode_photo(decode_photo(file, "The file"), "png")
        return
    with naming_file("The file"):
        probe(file)
        file.seek(0)
        read_key_frame(file)
        file.seek(0)
        transcode(file, io.BytesIO(), lambda *_: None, container="mkv")


if __name__ == "__main__":
    main(sys.argv[1:])
