"""Networks that swap a face, and the form in which each takes the source person."""

from __future__ import annotations

from appliance.inference.contract import (
    HALF,
    IMAGENET_MEAN,
    IMAGENET_STD,
    UNIT,
    Contract,
    ImageInput,
    ImageOutput,
    Input,
    Latent,
    Triple,
    VectorInput,
)
from appliance.inference.templates import (
    ARCFACE_112_V1,
    ARCFACE_112_V2,
    ARCFACE_128,
    FFHQ_512,
    MTCNN_512,
    Template,
)

ROLE = "generator"
SOURCE = "source"  # the name of the input that takes the source person

_NONE: Triple = (0.0, 0.0, 0.0)
_UNIT_OUT = (0.0, 255.0)  # mean and std of a picture that comes out as 0..1
_HALF_OUT = (127.5, 127.5)  # … as -1..1


def _embedded(latent: Latent) -> VectorInput:
    return VectorInput(SOURCE, (1, 512), latent=latent)


def _portrait(side: int, template: Template) -> ImageInput:
    return ImageInput(SOURCE, (side, side), std=UNIT, template=template)


def _generator(
    family: str,
    side: int,
    template: Template,
    source: Input,
    *,
    mean: Triple = _NONE,
    std: Triple = UNIT,
    out: tuple[float, float] = _UNIT_OUT,
    matrix: tuple[int, int] | None = None,
) -> Contract:
    """The output is the target picture with the source's face; a mask some add is not used."""
    target = ImageInput("target", (side, side), mean=mean, std=std, template=template)
    output = ImageOutput(None, (1, 3, side, side), *out)
    return Contract(family, ROLE, (target, source), (output,), matrix=matrix)


FAMILIES = (
    _generator("inswapper", 128, ARCFACE_128, _embedded(Latent.MATRIX), matrix=(512, 512)),
    _generator(
        "hyperswap",
        256,
        ARCFACE_128,
        _embedded(Latent.UNIT),
        mean=HALF,
        std=HALF,
        out=_HALF_OUT,
    ),
    # Its output is 0..1, unlike its input.
    _generator(
        "simswap-256",
        256,
        ARCFACE_112_V1,
        _embedded(Latent.CONVERTED_UNIT),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
    ),
    _generator("simswap-512", 512, ARCFACE_112_V1, _embedded(Latent.CONVERTED_UNIT)),
    _generator(
        "hififace",
        256,
        MTCNN_512,
        _embedded(Latent.CONVERTED_UNIT),
        mean=HALF,
        std=HALF,
        out=_HALF_OUT,
    ),
    _generator(
        "ghost",
        256,
        ARCFACE_112_V1,
        _embedded(Latent.CONVERTED),
        mean=HALF,
        std=HALF,
        out=_HALF_OUT,
    ),
    _generator(
        "uniface",
        256,
        FFHQ_512,
        _portrait(256, FFHQ_512),
        mean=HALF,
        std=HALF,
        out=_HALF_OUT,
    ),
    _generator("blendswap", 256, FFHQ_512, _portrait(112, ARCFACE_112_V2)),
)
