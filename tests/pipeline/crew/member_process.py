"""A member of a crew in a process of its own.

python -m tests.pipeline.crew.member_process READER WRITER MEMORY PACK PHOTO WHICH
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import ANY
from appliance.pipeline.choose import FaceChoice, Which
from appliance.pipeline.crew.member import Member
from appliance.pipeline.crew.messages import Failed, Go, Line, Ready
from appliance.pipeline.generation import Generation, GeneratorWish
from appliance.pipeline.media.photo import read_photo
from appliance.pipeline.run import SwapOptions, read_source
from appliance.pipeline.stages import Stages


def main() -> None:
    reader, writer, memory = map(int, sys.argv[1:4])
    pack, photo, which = sys.argv[4:]
    line = Line(reader, writer)
    cv2.setNumThreads(1)
    if line.receive_if(Go) is None:
        return
    if which == "dies":
        os._exit(1)
    try:
        runtime = Runtime(("cpu",), threads=1)
        generation = Generation.load(ModelPack.open(Path(pack), ANY), runtime, GeneratorWish())
        stages = Stages.load(ModelPack.open(), runtime, generation)
        sitter = read_source(stages, [read_photo(Path(photo).read_bytes())])
        line.send(Ready())
        options = SwapOptions(FaceChoice(Which(which)))
        Member(memory, stages, sitter, options).serve(line)
    except Exception as error:  # noqa: BLE001 - the lead raises it
        line.send(Failed.of(error))


if __name__ == "__main__":
    main()
