"""Upscaling networks. They take pictures of any size and are run tile by tile."""

from __future__ import annotations

from appliance.inference.contract import UNIT, Contract, ImageInput, ImageOutput, Tiling, Triple

_BYTES: Triple = (1.0, 1.0, 1.0)  # as std: pixels stay 0..255

_SLIM = Tiling(192, 12)
# 256² px a run, the usual size for these. Their 23 dense blocks depend on pixels further away than
# 8, but not visibly.
_ESRGAN = Tiling(240, 8)
_ESRGAN_X2 = Tiling(240, 8, multiple=2)  # it begins by folding 2 x 2 pixels into one


def _upscaler(
    family: str, scale: int, tiling: Tiling, names: tuple[str, str | None], std: Triple = UNIT
) -> Contract:
    """``names``: of the input and the output, which have the same value range."""
    taken, given = names
    return Contract(
        family,
        f"upscaler-x{scale}",
        (ImageInput(taken, None, std=std),),
        (ImageOutput(given, (1, 3, None, None), std=std[0]),),
        scale,
        tiling,
    )


FAMILIES = (
    _upscaler("esrgan-slim-x2", 2, _SLIM, ("LR", "SR"), _BYTES),
    _upscaler("esrgan-slim-x4", 4, _SLIM, ("LR", "SR"), _BYTES),
    _upscaler("realesrgan-x4plus", 4, _ESRGAN, ("data", "output")),
    _upscaler("real-esrgan-x2", 2, _ESRGAN_X2, ("input", None)),
    _upscaler("real-esrgan-x4", 4, _ESRGAN, ("input", None)),
)
