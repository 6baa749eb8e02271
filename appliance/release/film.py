"""The way of a film that is released: shown label, watermark, encoded with the label for programs.

It is read from one open file and written to another, frame by frame; sound, timestamps, colours and
how the camera was held stay. Signing is a step of its own, in another process:
:func:`appliance.release.provenance.films.sign_film_in_place`.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from appliance.pipeline.media.streams import ReadableFile, WritableFile
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.pixel_layout import Layout, channel_view, layout_of
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import Progress, transcode
from appliance.pipeline.media.video.writer import FileContents
from appliance.release.facts import ReleaseFacts
from appliance.release.labels.implicit.films import film_metadata
from appliance.release.labels.visible import Words, draw_label
from appliance.release.provenance.library import mime_type
from appliance.release.watermark.film import FilmMark

FilmFormat: TypeAlias = Literal["mp4", "mov"]
"""What can carry every mark."""

LABEL_SECONDS: Final = 2
"""How long the whole label is shown from the first frame on, at least (GB 45438-2025)."""

# The value of letters, 0-255, by H.273's transfer characteristics: reference white of PQ and HLG
# (ITU-R BT.2408, 58 % and 75 %), since their largest value would dazzle.
_WHITES = {16: 148, 18: 191}
_WHITE = 255


def mark_film(
    source: ReadableFile,
    sink: WritableFile,
    kind: FilmFormat,
    facts: ReleaseFacts,
    watermark_key: bytes,
    *,
    corner_mark: bool = False,
    settings: EncoderSettings | None = None,
    progress: Progress | None = None,
) -> int:
    """Write the film in ``source`` to ``sink`` as it may leave, unsigned; the number of frames.

    Nothing of ``source`` is passed on but its picture, its sound, and what it takes to show them:
    neither metadata nor subtitles, captions, chapters, attachments or languages.
    ``watermark_key``: 32 bytes. ``corner_mark``: keep a short mark in the corner once the label is
    gone. ``settings``: of the encoder; by default as close as the picture looks. Memory does not
    grow with the film.

    Raises ``ReleaseError`` if ``kind`` cannot carry a manifest or the picture is too small for the
    label, ``InputError`` for a film that cannot be read, and ``OutputError`` if its frames are too
    small or too narrow for the watermark or it cannot be written. What ``sink`` holds then is
    worthless.
    """
    mime_type(kind)
    report = transcode(
        source,
        sink,
        _Marking(facts.number, watermark_key, corner_mark=corner_mark),
        container=kind,
        settings=settings,
        progress=progress,
        contents=FileContents(film_metadata(facts), only_sound=True),
    )
    return report.frames


class _Marking:
    """Draws the label and adds the watermark, frame by frame; the watermark comes last."""

    def __init__(self, number: int, key: bytes, *, corner_mark: bool) -> None:
        self._number, self._key = number, key
        self._corner_mark = corner_mark
        self._started: FrameInfo | None = None
        self._mark: FilmMark | None = None

    def __call__(self, canvas: VideoCanvas, info: FrameInfo) -> None:
        """Change the frame of ``canvas``. Raises as :func:`mark_film` does."""
        words = self._words(info)
        if words is not None:
            draw_label(canvas.square, words, _WHITES.get(canvas.frame.color_trc, _WHITE))
        frame = canvas.frame
        layout = _layout(frame.format.name)
        if self._mark is None:
            size = frame.width, frame.height
            self._mark = FilmMark(self._number, self._key, size, layout.depth)
        frame.make_writable()
        luma = channel_view(frame, layout, layout.components[0])
        luma[:] = self._mark.frame(luma)

    def _words(self, info: FrameInfo) -> Words | None:
        self._started = self._started or info
        if info.seconds - self._started.seconds < LABEL_SECONDS:
            return "label"
        return "corner mark" if self._corner_mark else None


def _layout(pixel_format: str) -> Layout:
    """MP4 and MOV get 4:2:0, whose first channel is the luma."""
    layout = layout_of(pixel_format)
    if layout is None or layout.kind != "yuv":
        raise AssertionError("a film for release has another pixel format than its plan")
    return layout
