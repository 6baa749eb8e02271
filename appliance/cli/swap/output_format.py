"""The format of a result: decided by the suffix of its name or, without one, by the target."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from appliance.errors import OutputError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.photo.decode import PhotoKind
from appliance.pipeline.media.photo.encode import PhotoFormat

PHOTO_SUFFIXES: Mapping[str, PhotoFormat] = MappingProxyType(
    {
        ".jpg": "jpeg",
        ".jpeg": "jpeg",
        ".png": "png",
        ".webp": "webp",
        ".tif": "tiff",
        ".tiff": "tiff",
        ".bmp": "bmp",
    }
)
_WRITTEN: Mapping[str, PhotoFormat] = {kind: kind for kind in PHOTO_SUFFIXES.values()}
VIDEO_SUFFIXES: Mapping[str, VideoKind] = MappingProxyType(
    {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "mkv", ".webm": "webm", ".avi": "avi"}
)


def photo_format(output: Path, target: PhotoKind) -> PhotoFormat:
    """The format of a photo written as ``output``. Raises ``OutputError``."""
    suffix = output.suffix.lower()
    if not suffix and target in _WRITTEN:
        return _WRITTEN[target]
    if suffix not in PHOTO_SUFFIXES:
        listed = ", ".join(PHOTO_SUFFIXES)
        raise OutputError(
            "No photo format has this suffix.", f"Let the output's name end in one of {listed}."
        )
    return PHOTO_SUFFIXES[suffix]


def video_container(output: Path, target: VideoKind) -> VideoKind:
    """The container of a video written as ``output``. Raises ``OutputError``."""
    suffix = output.suffix.lower()
    if not suffix:
        return target
    if suffix not in VIDEO_SUFFIXES:
        listed = ", ".join(VIDEO_SUFFIXES)
        raise OutputError(
            "No video container has this suffix.", f"Let the output's name end in one of {listed}."
        )
    return VIDEO_SUFFIXES[suffix]
