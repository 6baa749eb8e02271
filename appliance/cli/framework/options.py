"""Options that several commands share, and the types of their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from appliance.cli.framework.basic_options import FILE, CommandFunction, json_option
from appliance.cli.framework.usage_errors import PrivateParamType
from appliance.errors import PolicyError
from appliance.inference.session import PROVIDERS
from appliance.pipeline.face_model.regions import REGIONS, WHOLE_FACE
from appliance.pipeline.selection import FaceRule, WhichFace
from appliance.policy.load import load
from appliance.policy.policy import EMBEDDED, Policy

__all__ = ["FILE", "CommandFunction", "json_option"]  # re-exported

_LIKE = "like:"
MOST_FACES = 9999  # a number that is longer is a mistake


@dataclass(frozen=True, slots=True)
class FaceArgument:
    """Which faces: a rule by ``name``, or those of the person in the photo ``like``."""

    name: str
    like: Path | None = None


class FacesType(PrivateParamType):
    """``largest``, ``all``, ``left``, ``right`` or ``like:PHOTO``."""

    name = "faces"
    names = ("largest", "all", "left", "right")
    wanted = f"{', '.join(names)}, or like: followed by the name of a photo"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> FaceArgument:
        """Parse ``value``. Raises ``click.BadParameter``."""
        if isinstance(value, FaceArgument):
            return value
        text = str(value)
        if text.startswith(_LIKE) and len(text) > len(_LIKE):
            return FaceArgument("like", Path(text.removeprefix(_LIKE)))
        if text not in self.names:
            self.fail(self.wanted, param, ctx)
        return FaceArgument(text)


class WhichFaceType(PrivateParamType):
    """``largest``, ``left``, ``right``, or a number from 1, largest first."""

    name = "face"
    names = (FaceRule.LARGEST, FaceRule.LEFT, FaceRule.RIGHT)
    wanted = f"{', '.join(names)}, or a face's number as `appliance inspect` counts them"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> WhichFace:
        """Parse ``value``. Raises ``click.BadParameter``."""
        text = str(value)
        if text in self.names:
            return FaceRule(text)
        if not (text.isascii() and text.isdecimal() and 0 < int(text) <= MOST_FACES):
            self.fail(self.wanted, param, ctx)
        return int(text)


def which_face_option(name: str, photo: str) -> Callable[[CommandFunction], CommandFunction]:
    """An option that says which face of ``photo`` is meant, if it shows several."""
    return click.option(
        name,
        type=WhichFaceType(),
        metavar="WHICH",
        help=f"The face that is meant where {photo} shows several: largest, left, right, or its "
        "number as `appliance inspect` counts them. [default: refuse]",
    )


def which_face_hint(name: str) -> str:
    """What to do about a photo of several people; ``name``: the option that chooses one."""
    return f"Choose one with {name} (largest, left, right or a number), or cut the photo."


class StrengthType(PrivateParamType):
    """A number from 0 to 1."""

    name = "strength"
    wanted = "a number from 0 to 1"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse ``value``. Raises ``click.BadParameter``."""
        strength = _strength(str(value))
        if strength is None:
            self.fail(self.wanted, param, ctx)
        return strength


class RegionType(PrivateParamType):
    """``NAME=STRENGTH``."""

    name = "region"
    wanted = (
        f"NAME=STRENGTH, where NAME is one of {', '.join((*REGIONS, WHOLE_FACE))} and STRENGTH is "
        "a number from 0 to 1"
    )

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Parse ``value`` into the region and its strength. Raises ``click.BadParameter``."""
        name, _, number = str(value).partition("=")
        strength = _strength(number)
        if name not in (*REGIONS, WHOLE_FACE) or strength is None:
            self.fail(self.wanted, param, ctx)
        return name, strength


class DevicesType(PrivateParamType):
    """``0,1``: numbers of GPUs, each at most once."""

    name = "devices"
    wanted = "numbers separated by commas, each at most once"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Parse ``value``. Raises ``click.BadParameter``."""
        if isinstance(value, tuple):
            return value
        items = str(value).split(",")
        numbers = tuple(int(item) for item in items if item.isdecimal())
        if len({*numbers}) < len(items):
            self.fail(self.wanted, param, ctx)
        return numbers


def _strength(text: str) -> float | None:
    """``None`` for anything outside 0 to 1; click's own range lets "nan" through."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None


def models_option(command: CommandFunction) -> CommandFunction:
    """``--models``."""
    return click.option(
        "--models",
        type=FILE,
        metavar="DIR",
        help="Folder of the model pack. [default: the starter pack]",
    )(command)


def policy_option(command: CommandFunction) -> CommandFunction:
    """``--policy``, as a loaded ``policy``, which is not one of training."""
    return _policy_option(_for_work)(command)


def any_policy_option(command: CommandFunction) -> CommandFunction:
    """As ``policy_option``, for a command that makes nothing."""
    return _policy_option(load)(command)


def _policy_option(read: Callable[[Path], Policy]) -> Callable[[CommandFunction], CommandFunction]:
    return click.option(
        "--policy",
        type=FILE,
        metavar="FILE",
        callback=lambda _context, _option, path: EMBEDDED if path is None else read(path),
        help="Policy to follow: trusted keys, licences, providers. [default: see `policy show`]",
    )


def _for_work(path: Path) -> Policy:
    """The policy in a file. Raises ``PolicyError``, also if it is for training.

    What is made in training says so in its pixels, which only a session's worker sees to.
    """
    policy = load(path)
    if policy.training:
        raise PolicyError(
            "This policy is for training, which is for sessions alone.",
            "Practise with `appliance kiosk`, or name the policy of a site.",
        )
    return policy


def provider_option(command: CommandFunction) -> CommandFunction:
    """``--provider``."""
    return click.option(
        "--provider",
        type=click.Choice(list(PROVIDERS)),
        help="Execution provider; an error if it does not work on this machine. "
        "[default: the best that works]",
    )(command)


def overwrite_option(command: CommandFunction) -> CommandFunction:
    """``--overwrite``."""
    return click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")(
        command
    )
