"""Chapters: their times are kept and their titles, being free text, are not."""

from __future__ import annotations

from av.container import InputContainer, OutputContainer

from appliance.pipeline.media.video.encoder import ContainerKind


def copy_chapters(
    source: InputContainer, output: OutputContainer, kind: ContainerKind
) -> tuple[str, ...]:
    """Give ``output``, before its first packet, the chapters of ``source``.

    What is lost of them: ``"chapters"``, ``"chapter titles"``.
    """
    chapters = source.chapters()
    # For a chapter that starts before 0 or after its end, muxers refuse the whole video.
    kept = [one for one in chapters if kind.keeps_chapters and 0 <= one["start"] <= one["end"]]
    output.set_chapters([{**chapter, "metadata": {}} for chapter in kept])
    lost = ["chapters"] if len(kept) < len(chapters) else []
    if any(chapter["metadata"].get("title") for chapter in kept):
        lost.append("chapter titles")
    return tuple(lost)
