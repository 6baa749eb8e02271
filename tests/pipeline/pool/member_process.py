"""A pool member in a process of its own, for tests.

python -m tests.pipeline.pool.member_process MEMORY PACK PHOTO WHICH READER WRITER...

WHICH may end in ":" and the cosine from which a face is the source's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION, Trust
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.pool.member import PoolMember, run_member
from appliance.pipeline.pool.messages import MessageChannel
from appliance.pipeline.run import SwapOptions, read_source
from appliance.pipeline.selection import FaceRule, FaceSelection


def main() -> None:
    memory, pack, photo, which, *ends = sys.argv[1:]
    cv2.setNumThreads(1)

    def load() -> PoolMember:
        if which == "untrusted":
            ModelPack.open(Path(pack), Trust())
        if which == "dies":
            os._exit(1)
        runtime = Runtime(("cpu",), threads=1)
        generator = ModelPack.open(Path(pack), INSPECTION)
        pipeline = Pipeline.load(ModelPack.open(), runtime, [generator])
        person = read_source(pipeline, [read_photo(Path(photo).read_bytes())])
        rule, _, threshold = which.partition(":")
        options = SwapOptions(
            FaceSelection(FaceRule(rule)),
            same_person_from=float(threshold) if threshold else None,
        )
        return PoolMember(int(memory), pipeline, person, options)

    pairs = zip(ends[::2], ends[1::2], strict=True)
    channels = [
        MessageChannel.from_descriptors(int(reader), int(writer)) for reader, writer in pairs
    ]
    run_member(channels, load)


if __name__ == "__main__":
    main()
