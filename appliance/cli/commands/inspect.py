"""``appliance inspect``: describes a photo or video and the faces in it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from appliance.cli.framework.engine_options import EngineOptions, engine_options
from appliance.cli.framework.options import FILE, json_option
from appliance.cli.framework.output import LabelledValue, print_json, print_pairs
from appliance.cli.process.input_files import decode_photo, naming_file, open_input
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.pipeline.analysis.source_quality import FaceAssessment, assess_faces
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.kind import is_video
from appliance.pipeline.media.video.key_frame import read_key_frame
from appliance.pipeline.media.video.probe import VideoInfo, probe

_WHAT = "The file"


class PhotoFacts(msgspec.Struct, frozen=True):
    """One photo.

    ``width`` and ``height``: in pixels. ``display_width`` and ``display_height``: as people see it,
    in square pixels; faces are measured in these. ``profile``: whether it has a colour profile;
    without one it is taken as sRGB.
    """

    format: str
    width: int
    height: int
    display_width: int
    display_height: int
    bit_depth: int
    transparency: bool
    profile: bool


class Inspection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ``photo`` or ``video``, and its faces; of a video those in the first frame."""

    faces: tuple[FaceAssessment, ...]
    photo: PhotoFacts | None = None
    video: VideoInfo | None = None


@click.command()
@click.argument("file", type=FILE)
@engine_options
@json_option
def inspect(*, file: Path, options: EngineOptions, as_json: bool) -> None:
    """Describe a photo or video and the faces in it.

    The faces of a video are those in its first frame. Yaw is positive towards the right of the
    picture, pitch upwards, roll clockwise.
    """
    with open_input(file, _WHAT) as opened:
        engine = load_sealed(current_sealing(options.policy), [], options)
        facts, canvas = _video(opened) if is_video(opened) else _photo(opened)
    faces = assess_faces(engine.analyser, canvas)
    if isinstance(facts, PhotoFacts):
        found = Inspection(faces, photo=facts)
        pairs = _photo_pairs(facts)
    else:
        found = Inspection(faces, video=facts)
        pairs = _video_pairs(facts)
    if as_json:
        print_json(found)
        return
    print_pairs([*pairs, ("faces", str(len(faces)) if faces else "none")])
    for number, face in enumerate(faces, 1):
        click.echo(f"\nface {number}")
        print_pairs(_face_pairs(face), indent=2)


def _photo(opened: BinaryIO) -> tuple[PhotoFacts, Canvas]:
    photo = decode_photo(opened, _WHAT, video_too=True)
    height, width = photo.pixels.shape[:2]
    display_width, display_height = photo.displayed_size
    facts = PhotoFacts(
        format=photo.kind,
        width=width,
        height=height,
        display_width=display_width,
        display_height=display_height,
        bit_depth=8 * photo.pixels.dtype.itemsize,
        transparency=photo.alpha is not None,
        profile=photo.icc is not None,
    )
    return facts, photo.canvas


def _video(opened: BinaryIO) -> tuple[VideoInfo, Canvas]:
    with naming_file(_WHAT):
        facts = probe(opened)
        opened.seek(0)
        return facts, read_key_frame(opened)


def _photo_pairs(facts: PhotoFacts) -> list[LabelledValue]:
    colours = "own colour profile" if facts.profile else "sRGB"
    return [
        ("photo", facts.format.upper()),
        ("size", _size((facts.width, facts.height), (facts.display_width, facts.display_height))),
        ("colours", f"{facts.bit_depth} bits, {colours}"),
        *([("transparency", "yes")] if facts.transparency else []),
    ]


def _video_pairs(facts: VideoInfo) -> list[LabelledValue]:
    depth = f"{facts.bit_depth} bits, HDR" if facts.is_hdr else f"{facts.bit_depth} bits"
    sound = [
        f"{track.codec}, {track.channels} ch, {track.sample_rate} Hz"
        + (f", {track.language}" if track.language and track.language != "und" else "")
        for track in facts.audio
    ]
    return [
        ("video", f"{facts.container.upper()}, {facts.codec}"),
        ("size", _size((facts.width, facts.height), (facts.display_width, facts.display_height))),
        *([("rotation", f"{facts.rotation}° clockwise")] if facts.rotation else []),
        *([("mirrored", "yes")] if facts.mirrored else []),
        ("pixels", f"{facts.pixel_format}, {depth}"),
        ("rate", _frame_rate(facts)),
        ("length", _length(facts)),
        *[("audio", track) for track in sound or ["none"]],
        *([("subtitles", str(facts.subtitles))] if facts.subtitles else []),
    ]


def _size(stored: tuple[int, int], displayed: tuple[int, int]) -> str:
    size = f"{stored[0]} x {stored[1]}"
    return size if stored == displayed else f"{size}, shown as {displayed[0]} x {displayed[1]}"


def _frame_rate(facts: VideoInfo) -> str:
    if facts.frame_rate is None:
        return "unknown"
    return (
        f"{float(facts.frame_rate):.3f} frames/s, {'variable' if facts.is_variable else 'constant'}"
    )


def _length(facts: VideoInfo) -> str:
    seconds = "unknown" if facts.duration is None else f"{float(facts.duration):.2f} s"
    return seconds if facts.frames is None else f"{seconds}, {facts.frames} frames"


def _face_pairs(face: FaceAssessment) -> list[LabelledValue]:
    box, pose, fit = face.box, face.pose, face.as_source
    return [
        ("box", f"{box.width} x {box.height} at {box.x}, {box.y}"),
        ("eye distance", f"{face.eye_distance:.0f} pixels"),
        ("pose", f"yaw {pose.yaw:+.0f}°, pitch {pose.pitch:+.0f}°, roll {pose.roll:+.0f}°"),
        ("eyes", f"right {face.right_eye:.3f}, left {face.left_eye:.3f} open"),
        ("mouth", f"{face.mouth:.3f} open"),
        ("sharpness", f"{face.sharpness:.1f}"),
        ("scores", f"detection {face.detection:.2f}, mesh {face.mesh:.2f}"),
        ("as a source", fit.verdict),
        *[("", line) for line in fit.advice],
    ]
