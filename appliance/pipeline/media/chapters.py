"""Chapters: when they start goes along, what they are called does not; it is free text."""

from __future__ import annotations

from av.container import InputContainer, OutputContainer

from appliance.pipeline.media.encoder import ContainerKind


def copy_chapters(
    source: InputContainer, output: OutputContainer, kind: ContainerKind
) -> tuple[str, ...]:
    """Give ``output``, before its first packet, the chapters of ``source``.

    What is lost of them is told: "chapters", or "chapter titles".
    """
    chapters = source.chapters()
    if not chapters:
        return ()
    # Muxers refuse the whole video for a chapter that starts before it or ends before it starts.
    sound = [chapter for chapter in chapters if 0 <= chapter["start"] <= chapter["end"]]
    if not kind.keeps_chapters or not sound:
        return ("chapters",)
    output.set_chapters([{**chapter, "metadata": {}} for chapter in sound])
    titled = any(chapter["metadata"].get("title") for chapter in chapters)
    return ("chapter titles",) if titled else ()
