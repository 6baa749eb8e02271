"""What an item of a workspace becomes: in the one codec that the worker may decode again."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from appliance.errors import InputError
from appliance.files.output import PendingOutput
from appliance.pipeline.media.video.encoder import OWN_CODECS
from appliance.pipeline.media.video.probe import probe
from appliance.worker.rewriting import rewrite_media
from tests.pipeline.media.clips import Clip, make
from tests.pipeline.media.films import Line, sounding, subtitled


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


def rewritten(data: bytes, path: Path) -> bytes:
    """What the workspace gets of ``data``."""
    with path.open("wb+") as sink:
        done = rewrite_media(io.BytesIO(data), sink)  # type: ignore[arg-type]
    assert (done.media, done.width, done.height) == ("video", 96, 64)
    return path.read_bytes()


@pytest.mark.parametrize(("container", "codec"), [("ts", "ac3"), ("mpg", "mp2")])
def test_a_stream_becomes_an_mp4_that_a_job_can_read(
    container: str, codec: str, tmp_path: Path
) -> None:
    data = rewritten(sounding(container, codec, "stereo"), tmp_path / "item")
    facts = probe(io.BytesIO(data), only_codecs=OWN_CODECS)
    assert (facts.container, facts.codec, len(facts.audio)) == ("mp4", "h264", 1)
    with pytest.raises(InputError, match="in which it was imported"):
        probe(io.BytesIO(sounding(container, codec, "stereo")), only_codecs=OWN_CODECS)


def test_a_drone_s_places_do_not_enter_a_workspace(tmp_path: Path) -> None:
    film = subtitled("mp4", "mov_text", [Line("GPS (48.1371, 11.5754)")])
    assert b"48.1371" not in rewritten(film, tmp_path / "item")


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(50), b"FLV\1" + bytes(50), b"text"])
def test_other_films_are_refused_with_the_list_of_what_is_read(data: bytes, tmp_path: Path) -> None:
    with (tmp_path / "item").open("wb+") as sink, pytest.raises(InputError) as caught:
        rewrite_media(io.BytesIO(data), sink)  # type: ignore[arg-type]
    assert "MP4" in caught.value.hint
