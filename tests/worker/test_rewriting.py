"""What an item of a workspace becomes: in the one codec that the worker may decode again."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from appliance.files.output import PendingOutput
from appliance.pipeline.media.video.encoder import OWN_CODECS
from appliance.pipeline.media.video.probe import probe
from appliance.worker.rewriting import rewrite_media
from tests.pipeline.media.clips import Clip, make


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p", "yuv444p"])
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
def test_an_item_keeps_its_pixel_format_in_the_codec_of_its_container(
    container: str, pixel_format: str, tmp_path: Path
) -> None:
    data = make(Clip(container=container, pixel_format=pixel_format, frames=2))
    with PendingOutput(tmp_path / "item") as output:
        rewrite_media(io.BytesIO(data), output.file)
        output.file.seek(0)
        found = probe(output.file, only_codecs=OWN_CODECS)
    assert (found.codec, found.pixel_format) == ("h264", pixel_format)
