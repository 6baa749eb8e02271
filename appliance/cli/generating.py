"""The options that ask for a generator, for the commands that swap."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from appliance.cli.options import FILE, Command, Strength
from appliance.cli.usage import PlainUsageError
from appliance.pipeline.generation import GeneratorWish

_PIXELS = ("128", "256", "512", "1024")


@dataclass(frozen=True, slots=True)
class Generating:
    """The folder of a generator's pack, and what is asked of it."""

    pack: Path
    wish: GeneratorWish


def generator_options(command: Command) -> Command:
    """``--generator`` and those that go with it, as one argument ``generating``."""

    @click.option(
        "--generator",
        type=FILE,
        metavar="DIR",
        help="Folder of a pack with a face generator, used in place of the mesh engine.",
    )
    @click.option(
        "--pixels",
        type=click.Choice(_PIXELS),
        help="With --generator: a side of the face it draws. [default: what it was made for]",
    )
    @click.option(
        "--restore",
        type=Strength(),
        metavar="0..1",
        help="With --generator: how far the pack's restorer sharpens the result.",
    )
    @click.option(
        "--restorer-weight",
        type=Strength(),
        metavar="0..1",
        help="With --restore: CodeFormer's weight, 1 nearest to what it is given. [default: 0.5]",
    )
    @click.option(
        "--occlusion",
        is_flag=True,
        help="With --generator: leave out what the pack's occluder sees in front of the face.",
    )
    @click.option(
        "--parts",
        is_flag=True,
        help="With --generator: change only what the pack's face parser takes for the face.",
    )
    @functools.wraps(command)
    def with_generator(
        *,
        generator: Path | None,
        pixels: str | None,
        restore: float | None,
        restorer_weight: float | None,
        occlusion: bool,
        parts: bool,
        **others: Any,
    ) -> Any:
        if restorer_weight is not None and restore is None:
            raise PlainUsageError("The option --restorer-weight needs --restore.")
        wish = GeneratorWish(
            pixels=int(pixels) if pixels else None,
            restore=restore,
            restorer_weight=0.5 if restorer_weight is None else restorer_weight,
            occlusion=occlusion,
            parts=parts,
        )
        if generator is None and wish != GeneratorWish():
            raise PlainUsageError(
                "The options --pixels, --restore, --occlusion and --parts need --generator."
            )
        generating = None if generator is None else Generating(generator, wish)
        return command(generating=generating, **others)

    return with_generator  # type: ignore[return-value]
