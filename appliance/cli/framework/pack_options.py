"""The options that ask for an operator's packs, for the commands that swap."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click

from appliance.cli.framework.options import FILE, CommandFunction, StrengthType
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.pipeline.generator_engine.generation import GeneratorWish
from appliance.pipeline.networks.face_parser import FACE, PARTS, Part

_WHOLE = "face"
_PIXELS = ("128", "256", "512", "1024")


@dataclass(frozen=True, slots=True)
class PackRequest:
    """The folders of packs, and what is asked of them."""

    packs: tuple[Path, ...]
    wish: GeneratorWish


def pack_options(command: CommandFunction) -> CommandFunction:
    """``--pack`` and the options that go with it, as one argument ``asked``."""

    @click.option(
        "--pack",
        "packs",
        type=FILE,
        multiple=True,
        metavar="DIR",
        help="Folder of a signed pack: its generator draws the face in place of the mesh engine, "
        "its detector, landmarkers and upscaler are preferred. Give it again for more packs.",
    )
    @click.option(
        "--pixels",
        type=click.Choice(_PIXELS),
        help="With --pack: a side of the face it draws. [default: what it was made for]",
    )
    @click.option(
        "--restore",
        type=StrengthType(),
        metavar="0..1",
        help="With --pack: how far the restorer sharpens the result.",
    )
    @click.option(
        "--restorer-weight",
        type=StrengthType(),
        metavar="0..1",
        help="With --restore: CodeFormer's weight, 1 nearest to what it is given. [default: 0.5]",
    )
    @click.option(
        "--identity-weight",
        type=StrengthType(),
        metavar="0..1",
        help="With --pack: below 0.5 some of the target's identity stays. [default: 0.5]",
    )
    @click.option(
        "--occlusion",
        is_flag=True,
        help="With --pack: leave out what the occluder sees in front of the face.",
    )
    @click.option(
        "--part",
        "parts",
        type=click.Choice([_WHOLE, *PARTS]),
        multiple=True,
        help="With --pack: change only what the face parser takes for this part; give it again for "
        "more parts. face stands for all of them but glasses.",
    )
    @functools.wraps(command)
    def with_packs(
        *,
        packs: tuple[Path, ...],
        pixels: str | None,
        restore: float | None,
        restorer_weight: float | None,
        identity_weight: float | None,
        occlusion: bool,
        parts: tuple[str, ...],
        **others: Any,
    ) -> Any:
        if restorer_weight is not None and restore is None:
            raise PrivateUsageError("The option --restorer-weight needs --restore.")
        wish = GeneratorWish(
            pixels=int(pixels) if pixels else None,
            restore=restore,
            identity_weight=0.5 if identity_weight is None else identity_weight,
            restorer_weight=0.5 if restorer_weight is None else restorer_weight,
            occlusion=occlusion,
            parts=frozenset(cast("Part", part) for part in parts if part != _WHOLE)
            | (FACE if _WHOLE in parts else frozenset()),
        )
        if not packs and wish != GeneratorWish():
            raise PrivateUsageError(
                "The options --pixels, --restore, --identity-weight, --occlusion and --part "
                "need --pack."
            )
        return command(asked=PackRequest(packs, wish) if packs else None, **others)

    return with_packs  # type: ignore[return-value]
