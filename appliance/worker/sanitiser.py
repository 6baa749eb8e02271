"""Decodes files from outside, and encodes them again, in a process that is discarded after each.

A malicious file targets a decoder. Here the decoder runs in a child with three descriptors, of the
file, of what it writes, and of its answer, and with no other rights. Whatever the file does to the
child ends with the child. What it leaves is as untrusted as the file: the worker reads it by the
decoder of one format only, see ``workspace.py``; how children are forked, ``children.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO

import msgspec

from appliance.errors import InputError
from appliance.files.output import OutputFile
from appliance.seal.guard import Touch
from appliance.worker.child_server import CrashedWork, RefusedWork
from appliance.worker.children import Children
from appliance.worker.failures import StopError
from appliance.worker.rewriting import Rewrite, SanitisedMedia, rewrite_media
from appliance.worker.sealing import WorkerSealing

MAX_SECONDS = 4 * 3600
"""Seconds that a child may take; enough for a video of two hours. A frozen worker does not age."""


class MediaSanitiser:
    """Rewrites files in child processes. Create it before there are threads.

    One call of ``rewrite`` at a time; ``stop`` from any thread.
    """

    def __init__(
        self,
        sealing: WorkerSealing,
        rewrite: Rewrite = rewrite_media,
        max_seconds: int = MAX_SECONDS,
    ) -> None:
        """``rewrite``: what a child does with its file; see :class:`Children`."""

        def work(_: bytes, source: BinaryIO, sink: OutputFile) -> SanitisedMedia:
            return rewrite(source, sink)

        self._children = Children(sealing, work, max_seconds)
        self.stop = self._children.stop
        self.close = self._children.close

    def rewrite(
        self,
        source: int,
        sink: int,
        is_stopped: Callable[[], bool],
        report: Callable[[Mapping[Touch, int]], None],
    ) -> SanitisedMedia:
        """Decode the file of descriptor ``source`` and encode it to ``sink``.

        ``is_stopped`` must be true before ``stop`` is called. ``report`` is called with the
        tripwires that the child touched, if it did. Raises ``InputError`` if the file cannot be
        decoded, or if it crashed its child or kept it too long, and ``StopError`` if it was
        stopped.
        """
        answer = self._children.run(b"", source, sink, is_stopped)
        if answer.touches:
            report(answer.touches)
        if is_stopped():
            raise StopError
        outcome = answer.outcome
        if isinstance(outcome, RefusedWork):
            raise InputError(outcome.message, outcome.hint)
        if isinstance(outcome, CrashedWork):
            raise _too_long() if outcome.took_too_long else _crashed()
        try:
            return msgspec.json.decode(outcome.said, type=SanitisedMedia)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _crashed() from error


def _crashed() -> InputError:
    return InputError(
        "The file crashed the process that read it; nothing was imported.",
        "Do not trust this file. Export it again from the camera or the program that made it.",
    )


def _too_long() -> InputError:
    return InputError(
        "The file kept the process that read it busy for too long; nothing was imported.",
        "Cut the video into shorter parts, or scale it down.",
    )
