"""``appliance disc take``: photos and videos of a disc, decoded and encoded again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

import click
import cv2

from appliance.cli.framework.options import FILE, policy_option
from appliance.cli.framework.usage_errors import PrivateParamType
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.sealing import current_sealing
from appliance.disc_reader.contents import copy_file
from appliance.disc_reader.lister import list_disc
from appliance.disc_reader.listing import MAX_FILES, DiscFile
from appliance.disc_reader.medium import Medium
from appliance.errors import InputError, OutputError
from appliance.files.output import PendingOutput, as_output_error
from appliance.files.reasons import reason_of
from appliance.pipeline.media.kind import read_head, video_family
from appliance.pipeline.media.preload import load_media_libraries
from appliance.policy.policy import Policy
from appliance.worker.sanitiser import MediaSanitiser
from appliance.worker.sealing import WorkerSealing

MAX_TAKEN: Final = 200
"""Files of one call: each has its descriptors open before the process is sealed."""

_SUFFIXES = {"mov": ".mp4", "matroska": ".mkv", "avi": ".avi"}


class NumbersType(PrivateParamType):
    """A number of `disc list`, or two with a dash between them."""

    name = "numbers"
    wanted = "a number as `appliance disc list` counts the files, or two such as 3-7"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> range:
        """Parse ``value``. Raises ``click.BadParameter``."""
        first, _, last = str(value).partition("-")
        words = (first, last or first)
        if not all(word.isascii() and word.isdecimal() and len(word) < 6 for word in words):
            self.fail(self.wanted, param, ctx)
        start, end = map(int, words)
        if not 1 <= start <= end <= MAX_FILES:
            self.fail(self.wanted, param, ctx)
        return range(start, end + 1)


@click.command("take")
@click.argument("disc", type=FILE, metavar="DISC")
@click.argument("numbers", type=NumbersType(), nargs=-1, required=True, metavar="NUMBER…")
@click.option(
    "--output",
    type=FILE,
    required=True,
    metavar="DIR",
    help="Folder for the files, which are named by their numbers: disc-00012.png.",
)
@policy_option
def take_files(*, disc: Path, numbers: Sequence[range], output: Path, policy: Policy) -> None:
    """Take the files with these numbers from DISC, a drive or an image.

    Each is decoded in a process that is discarded afterwards, and encoded again without anything
    but its picture and sound: photos as PNG, videos in their own container. Names on the disc may
    tell who is shown, and are not taken along.
    """
    wanted = sorted({number for some in numbers for number in some})
    if len(wanted) > MAX_TAKEN:
        raise InputError(
            "These are more files than are taken at once.",
            f"Take at most {MAX_TAKEN} with one command.",
        )
    _check_folder(output)
    with JobLog(policy) as job, ExitStack() as opened:
        medium = opened.enter_context(Medium.open(disc))
        files = list_disc(medium)
        chosen = [(number, _file(files, number)) for number in wanted]
        load_media_libraries()
        cv2.setNumThreads(1)  # its children are forked, which must happen before there are threads
        sanitiser = opened.enter_context(closing(MediaSanitiser(WorkerSealing(policy))))
        outputs = [opened.enter_context(PendingOutput(output / _stem(n))) for n in wanted]
        scratch = opened.enter_context(_scratch(output))
        sealing = current_sealing(policy)
        sealing.confine([], [output / _stem(0)])
        sealing.seal("cpu", serving=True)
        refused = 0
        for (number, file), pending in zip(chosen, outputs, strict=True):
            try:
                _copy(medium, file, scratch[0])
                done = sanitiser.rewrite(
                    scratch[1], pending.file.fileno(), lambda: False, job.escaped
                )
                pending.commit(_suffix(pending))
            except InputError as error:
                refused += 1
                click.echo(f"{number}: not taken. {error.message} {error.hint}")
                pending.discard()
            else:
                click.echo(f"{number}: {done.media}, {done.width}×{done.height}")
        if refused:
            raise InputError(
                f"{refused} of {len(chosen)} files were not taken.", "The lines above say why."
            )


def _stem(number: int) -> str:
    return f"disc-{number:05}"


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise OutputError("The output is not a folder.", "Create it, or name another.")


def _file(files: Sequence[DiscFile], number: int) -> DiscFile:
    if number > len(files):
        raise InputError(
            "The disc has no file with this number.", "`appliance disc list` counts them."
        )
    return files[number - 1]


@contextmanager
def _scratch(folder: Path) -> Iterator[tuple[int, int]]:
    """A nameless file in ``folder``: a descriptor to write it, and one to read it."""
    with PendingOutput(folder / _stem(0)) as pending:
        writer = pending.file.fileno()
        try:
            reader = os.open(f"/proc/self/fd/{writer}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            reason = reason_of(error)
            raise OutputError(f"The folder cannot be used: {reason.why}.", reason.hint) from error
        try:
            yield writer, reader
        finally:
            os.close(reader)


def _copy(medium: Medium, file: DiscFile, scratch: int) -> None:
    """The bytes of ``file`` into ``scratch``, in the place of what it held."""
    try:
        os.ftruncate(scratch, 0)
        os.lseek(scratch, 0, os.SEEK_SET)
        copy_file(medium, file, scratch)
    except OSError as error:
        raise as_output_error(error) from error


def _suffix(pending: PendingOutput) -> str:
    """By the first bytes of what the child wrote: a photo is a PNG."""
    pending.file.seek(0)
    head = read_head(pending.file)
    family = video_family(head)
    if family == "mov" and head[8:12] == b"qt  ":
        return ".mov"
    if family == "matroska" and b"webm" in head[:64]:
        return ".webm"
    return _SUFFIXES.get(family or "", ".png")
