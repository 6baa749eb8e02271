"""The summary of a finished swap."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from appliance.cli.framework.output import LabelledValue
from appliance.pipeline.analysis.tiles import SMALLEST_FACE
from appliance.pipeline.media.conversion import Conversion
from appliance.pipeline.media.video.encoder import CODEC_NAMES
from appliance.pipeline.media.video.transcode import TranscodeReport
from appliance.pipeline.run import SwapReport
from appliance.pipeline.selection import SAME_PERSON


class Similarity(msgspec.Struct, frozen=True):
    """Mean SFace cosine (-1 to 1) of the changed faces to the source, before and after.

    At ``threshold`` and above, two faces count as the same person's.
    """

    before: float
    after: float
    threshold: float = SAME_PERSON


class TrackSummary(msgspec.Struct, frozen=True):
    """Audio and subtitles: tracks ``copied``, codecs ``reencoded``, tracks ``dropped``."""

    copied: int
    reencoded: tuple[str, ...]
    dropped: tuple[str, ...]


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finished swap.

    ``smallest_face``: pixels from which on every face is looked for. Photos that were searched for
    all of them: ``faces_found``, and ``faces_unclear``, further places that may show one, too small
    or unclear to be changed. ``faces_turned``: those left because they are turned too far from the
    camera, summed over ``frames_turned`` frames. ``stages``: seconds by stage. ``converted``: what
    the result has in another form than the target. ``dropped``: what a photo held besides its
    pixels and is not kept.
    Of videos only: ``fps``, frames by second of the whole command, ``fps_at_work``, the same
    without the loading of models and the reading of sources, ``codec``, ``pixel_format`` and
    ``tracks``.
    """

    kind: str
    engine: str
    frames: int
    frames_swapped: int
    faces_swapped: int
    seconds: float
    provider: str
    stages: Mapping[str, float]
    smallest_face: int
    faces_found: int | None = None
    faces_unclear: int = 0
    frames_turned: int = 0
    faces_turned: int = 0
    converted: tuple[Conversion, ...] = ()
    similarity: Similarity | None = None
    fps: float | None = None
    fps_at_work: float | None = None
    codec: str | None = None
    pixel_format: str | None = None
    tracks: TrackSummary | None = None
    dropped: tuple[str, ...] = ()


def summarise(report: SwapReport, seconds: float) -> Summary:
    """The summary of ``report``, for a command that took ``seconds``."""
    before, after = report.similarity_before, report.similarity_after
    similarity = None
    if before is not None and after is not None:
        similarity = Similarity(round(before, 3), round(after, 3))
    done = report.transcoded
    return Summary(
        kind="photo" if done is None else "video",
        engine=report.engine,
        frames=report.frames,
        frames_swapped=report.frames_swapped,
        faces_swapped=report.faces_swapped,
        seconds=round(seconds, 3),
        provider=report.provider,
        stages={name: round(value, 3) for name, value in report.seconds.items()},
        smallest_face=SMALLEST_FACE,
        faces_found=report.faces_found,
        faces_unclear=report.faces_unclear,
        frames_turned=report.frames_turned,
        faces_turned=report.faces_turned,
        similarity=similarity,
        converted=report.converted,
        fps=None if done is None else _rate(done.frames, seconds),
        fps_at_work=None if done is None else _rate(done.frames, done.wall),
        codec=None if done is None else CODEC_NAMES[done.codec],
        pixel_format=None if done is None else done.pixel_format,
        tracks=None if done is None else _tracks(done),
        dropped=report.dropped,
    )


def summary_pairs(summary: Summary) -> list[LabelledValue]:
    """The summary as labels and values for people."""
    lines = [("engine", summary.engine)]
    if summary.kind == "video":
        lines.append(("frames", f"{summary.frames}, of which {summary.frames_swapped} swapped"))
    lines += _face_pairs(summary)
    if summary.fps is not None:
        speed = f"{summary.fps:.1f} frames/s in all, {summary.fps_at_work:.1f} once at work"
        lines.append(("speed", speed))
    lines.append(("time", f"{summary.seconds:.1f} s"))
    if summary.similarity is not None:
        lines.append(("similarity", similarity_text(summary.similarity)))
    lines.append(("provider", summary.provider))
    if summary.tracks is not None:
        lines.append(("picture", f"{summary.codec}, {summary.pixel_format}"))
    if summary.converted:
        lines.append(("converted", "; ".join(str(one) for one in summary.converted)))
    if summary.tracks is not None:
        lines.extend(_track_pairs(summary.tracks))
    if summary.dropped:
        lines.append(("dropped", ", ".join(summary.dropped)))
    return lines


def similarity_text(similarity: Similarity) -> str:
    """The similarity before and after, as text."""
    return (
        f"{similarity.before:.2f} before, {similarity.after:.2f} after"
        f" (same person from {similarity.threshold})"
    )


def _rate(frames: int, seconds: float) -> float:
    """Frames a second, to a tenth, or finer where that would be nearly nothing."""
    rate = frames / max(seconds, 1e-6)
    return round(rate, 1 if rate >= 1 else 3)


def _face_pairs(summary: Summary) -> list[LabelledValue]:
    swapped = f"{summary.faces_swapped} swapped"
    if summary.faces_found not in (None, summary.faces_swapped):
        swapped += f", of {summary.faces_found} found"
    lines = [("faces", swapped), ("looked for", f"faces of {summary.smallest_face} pixels or more")]
    if summary.faces_unclear:
        lines.append(("left", f"{summary.faces_unclear} too small or unclear, perhaps a face"))
    if summary.faces_turned:
        where = f" in {summary.frames_turned} frames" if summary.kind == "video" else ""
        lines.append(("left", f"{summary.faces_turned} turned too far from the camera{where}"))
    return lines


def _tracks(done: TranscodeReport) -> TrackSummary:
    return TrackSummary(done.tracks.copied, done.tracks.reencoded, done.tracks.dropped)


def _track_pairs(tracks: TrackSummary) -> list[LabelledValue]:
    kept = [f"{tracks.copied} copied unchanged"] if tracks.copied else []
    if tracks.reencoded:
        kept.append(f"{', '.join(tracks.reencoded)} re-encoded")
    dropped = [("dropped", ", ".join(tracks.dropped))] if tracks.dropped else []
    return [("audio, subtitles", "; ".join(kept) or "none"), *dropped]
