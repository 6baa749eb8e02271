"""Whether a result has the size and shape for what its copy must carry.

It is judged before a release has a number and a second person is asked, by the functions that
draw the label and add the watermark afterwards; those check for themselves once more.
"""

from __future__ import annotations

from collections.abc import Mapping

from appliance.errors import ReleaseError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.photo.photo import Photo
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.video.probe import probe
from appliance.release.labels.visible import plate
from appliance.release.watermark.mark import SMALLEST_SIDE, WIDEST, Unfit, unfit_for_mark


def unfit_photo(photo: Photo) -> Unfit | None:
    """Why ``photo`` cannot leave, if it cannot."""
    height, width = photo.pixels.shape[:2]
    return _unfit((width, height), photo.displayed_size)


def unfit_film(
    file: ReadableFile, *, only_codecs: Mapping[VideoKind, str] | None = None
) -> Unfit | None:
    """Why the film in ``file`` cannot leave, if it cannot, by its first frame.

    ``only_codecs``: see :class:`VideoReader`. Raises ``InputError`` if it cannot be read.
    """
    facts = probe(file, only_codecs=only_codecs)
    return _unfit((facts.width, facts.height), (facts.display_width, facts.display_height))


def refusal_of(unfit: Unfit) -> ReleaseError:
    """What to raise for a picture that cannot leave."""
    if unfit == "picture-too-small":
        return ReleaseError(
            "The picture is too small to be released.",
            f"Take one of at least {SMALLEST_SIDE} pixels along its shorter side.",
        )
    return ReleaseError(
        "The picture is too narrow to be released.",
        f"Take one that is at most {WIDEST} times as long as wide.",
    )


def _unfit(stored: tuple[int, int], shown: tuple[int, int]) -> Unfit | None:
    """By width and height in pixels as they are stored, and in square ones."""
    if (unfit := unfit_for_mark(*stored)) is not None:
        return unfit
    try:
        plate("label", *shown)
    except ReleaseError:
        return "picture-too-small"
    return None
