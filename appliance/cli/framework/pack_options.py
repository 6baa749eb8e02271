"""The options that ask for the networks of an operator's packs."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click

from appliance.cli.framework.options import FILE, CommandFunction, StrengthType
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.networks.face_parser import FACE, PARTS, Part

_WHOLE = "face"
_PIXELS = ("128", "256", "512", "1024")
_DEFAULT_WEIGHT = 0.5

_OPTIONS = (
    click.option(
        "--pack",
        "packs",
        type=FILE,
        multiple=True,
        metavar="DIR",
        help="Folder of a signed pack; repeatable. Its generator replaces the mesh engine; its "
        "detector, landmark networks and upscaler replace those of the base pack.",
    ),
    click.option(
        "--pixels",
        type=click.Choice(_PIXELS),
        help="With --pack: side in pixels of the generated face. [default: the generator's own]",
    ),
    click.option(
        "--restore",
        type=StrengthType(),
        metavar="0..1",
        help="With --pack: how strongly the restorer sharpens the generated face.",
    ),
    click.option(
        "--restorer-weight",
        type=StrengthType(),
        metavar="0..1",
        help="With --restore: CodeFormer's fidelity weight; 1 stays closest to its input. "
        "[default: 0.5]",
    ),
    click.option(
        "--identity-weight",
        type=StrengthType(),
        metavar="0..1",
        help="With --pack: below 0.5 part of the target's identity is kept. [default: 0.5]",
    ),
    click.option(
        "--occlusion",
        is_flag=True,
        help="With --pack: leave objects in front of the face unchanged, as the occluder finds "
        "them.",
    ),
    click.option(
        "--part",
        "parts",
        type=click.Choice([_WHOLE, *PARTS]),
        multiple=True,
        metavar="PART",
        help="With --pack: change only this part of the face, as the face parser finds it; "
        f"repeatable. One of {', '.join(PARTS)}, or face for all of them except glasses.",
    ),
)
_NAMES = (
    *("packs", "pixels", "restore", "restorer_weight"),
    *("identity_weight", "occlusion", "parts"),
)


@dataclass(frozen=True, slots=True)
class PackRequest:
    """``folders``: those of the packs; ``generator``: what is asked of their generator."""

    folders: tuple[Path, ...]
    generator: GeneratorOptions


def pack_options(command: CommandFunction) -> CommandFunction:
    """``--pack`` and the options that need it, as one argument ``pack_request``."""

    @functools.wraps(command)
    def with_packs(**arguments: Any) -> Any:
        request = _request(**{name: arguments.pop(name) for name in _NAMES})
        return command(pack_request=request, **arguments)

    for option in reversed(_OPTIONS):
        option(with_packs)
    return with_packs  # type: ignore[return-value]


def _request(
    *,
    packs: tuple[Path, ...],
    pixels: str | None,
    restore: float | None,
    restorer_weight: float | None,
    identity_weight: float | None,
    occlusion: bool,
    parts: tuple[str, ...],
) -> PackRequest | None:
    """What the options ask for, if anything. Raises ``PrivateUsageError``."""
    if restorer_weight is not None and restore is None:
        raise PrivateUsageError("The option --restorer-weight needs --restore.")
    generator = GeneratorOptions(
        pixels=int(pixels) if pixels else None,
        restore=restore,
        identity_weight=_DEFAULT_WEIGHT if identity_weight is None else identity_weight,
        restorer_weight=_DEFAULT_WEIGHT if restorer_weight is None else restorer_weight,
        occlusion=occlusion,
        parts=frozenset(cast("Part", part) for part in parts if part != _WHOLE)
        | (FACE if _WHOLE in parts else frozenset()),
    )
    if packs:
        return PackRequest(packs, generator)
    if generator != GeneratorOptions():
        raise PrivateUsageError(
            "The options --pixels, --restore, --identity-weight, --occlusion and --part "
            "need --pack."
        )
    return None
