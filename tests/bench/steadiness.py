"""Whether a swapped video is as steady as its target: a table over several sources.

python -m tests.bench.steadiness
"""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.pipeline.imaging.types import Image
from appliance.pipeline.run import SwapOptions, read_source, swap_video
from tests.bench.quality import load_pipeline, portraits
from tests.fetch import CLIP
from tests.pipeline.steadiness import steadiness


def frames(file: BinaryIO) -> list[Image]:
    """All frames of a video, RGB."""
    with av.open(file, "r") as container:
        return [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for frame in container.decode(video=0)
        ]


def main() -> None:
    """Swap the tests' clip with every sample person and print how steady each result is."""
    pipeline, photos = load_pipeline(), portraits()
    with CLIP.open("rb") as file:
        target = frames(file)
    table = Table(title="Steadiness: landmark-stabilised frame difference, result / target")
    for heading in ("source", "ratio", "contrast, result / target", "goal of the ratio"):
        table.add_column(heading, justify="left" if heading == "source" else "right")
    ratios = []
    for name, photo in photos.items():
        person = read_source(pipeline, [photo])
        sink = BytesIO()
        with CLIP.open("rb") as source:
            swap_video(pipeline, person, source, sink, SwapOptions(), container="mp4")
        sink.seek(0)
        found = steadiness(pipeline, target, frames(sink))
        ratios.append(found.ratio)
        table.add_row(name, f"{found.ratio:.2f}", f"{found.contrast:.2f}", "")
    table.add_row("mean", f"{np.mean(ratios):.2f}", "", "<= 1.2")
    Console().print(table)


if __name__ == "__main__":
    main()
