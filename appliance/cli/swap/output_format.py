"""The format of a result: decided by the suffix of its name, by options, or by the target."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import cast, get_args

from appliance.cli.swap.output_options import OutputRequest
from appliance.errors import OutputError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.photo.decode import PhotoKind
from appliance.pipeline.media.photo.encode import PhotoFormat
from appliance.pipeline.media.video.encoder import CONTAINERS

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


def is_named_as_video(output: Path, wanted: OutputRequest) -> bool:
    """Whether no photo could be written as ``output``."""
    return wanted.names_video or output.suffix.lower() in VIDEO_SUFFIXES


def check_request(output: Path, wanted: OutputRequest) -> None:
    """Raise ``OutputError`` where the options and the output's name contradict each other.

    What needs the target to be known is left to the functions below.
    """
    suffix = output.suffix.lower()
    if str(output) == "-":
        hint = "Name the file to write."
        raise OutputError("Results are written to files, not to standard output.", hint)
    if suffix in PHOTO_SUFFIXES and wanted.names_video:
        hint = "Leave --codec and --container out, or let the output's name end in .mp4."
        raise OutputError("The output's suffix is that of a photo.", hint)
    named = VIDEO_SUFFIXES.get(suffix)
    if named and wanted.container not in (None, named):
        hint = "Leave --container out, or change the suffix."
        message = f"The output's suffix means {CONTAINERS[named].name}, --container another one."
        raise OutputError(message, hint)
    container = named or wanted.container
    if container:
        wanted.settings(CONTAINERS[container])


def photo_format(output: Path, target: PhotoKind, wanted: OutputRequest) -> PhotoFormat:
    """The format of a photo written as ``output``. Raises ``OutputError``."""
    if wanted.names_video:
        hint = "Leave --codec and --container out."
        raise OutputError("The target is a photo, which has neither codec nor container.", hint)
    suffix = output.suffix.lower()
    if not suffix:
        if target in get_args(PhotoFormat):
            return cast(PhotoFormat, target)
        hint = f"Let the output's name end in one of {', '.join(PHOTO_SUFFIXES)}."
        raise OutputError("Photos are not written in the target's format.", hint)
    if suffix not in PHOTO_SUFFIXES:
        listed = ", ".join(PHOTO_SUFFIXES)
        raise OutputError(
            "No photo format has this suffix.", f"Let the output's name end in one of {listed}."
        )
    return PHOTO_SUFFIXES[suffix]


def video_container(output: Path, target: VideoKind, wanted: OutputRequest) -> VideoKind:
    """The container of a video written as ``output``. Raises ``OutputError``."""
    suffix = output.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return VIDEO_SUFFIXES[suffix]
    if suffix in PHOTO_SUFFIXES or (suffix and wanted.container is None):
        listed = ", ".join(VIDEO_SUFFIXES)
        hint = f"Let the output's name end in one of {listed}."
        raise OutputError("No video container has this suffix.", hint)
    return wanted.container or target
