"""A program that seals itself and then takes each of its files in, as ``inspect`` and ``swap`` do.

One process for many files. It prints a line a file: what it is, or the type of what went wrong.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, get_args

from appliance.cli.commands.inspect import inspect
from appliance.cli.main import appliance
from appliance.cli.process.input_files import decode_photo, open_input
from appliance.cli.process.sealing import ProcessSealing
from appliance.cli.swap.command import swap
from appliance.pipeline.media.kind import is_video, written_as
from appliance.pipeline.media.photo.encode import PhotoFormat, encode_photo
from appliance.pipeline.media.video.key_frame import read_key_frame
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.transcode import transcode

WRITTEN: Mapping[str, PhotoFormat] = {kind: kind for kind in get_args(PhotoFormat)}
"""The other kinds become PNGs."""

COMMANDS = (appliance, inspect, swap)
"""Their modules are loaded before the seal, as they are in the program."""


def read(file: BinaryIO) -> str:
    """The kind of ``file``, after all that a swap does to it but for the faces."""
    if not is_video(file):
        photo = decode_photo(file, "The file")
        encode_photo(photo, WRITTEN.get(photo.kind, "png"))
        return photo.kind
    facts = probe(file)
    for step in (read_key_frame, probe):
        file.seek(0)
        step(file)
    for container in {written_as(facts.container), "mkv", "mp4"}:
        file.seek(0)
        report = transcode(file, io.BytesIO(), lambda _canvas, _info: None, container=container)
    return f"{facts.container} {facts.codec} {report.frames}"


def main(names: list[str]) -> None:
    """Open all files, seal this process, and read them."""
    sealing = ProcessSealing(frozenset())
    with ExitStack() as opened:
        files = [opened.enter_context(open_input(Path(name), "The file")) for name in names]
        sealing.confine([], [])
        sealing.seal("cpu")
        for file in files:
            try:
                line = read(file)
            except Exception as error:  # noqa: BLE001 - the test sees which file it was
                line = f"{type(error).__name__}: {error}"
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
