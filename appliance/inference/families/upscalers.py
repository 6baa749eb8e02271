"""Networks that make a picture larger, of any size, tile by tile."""

from __future__ import annotations

from appliance.inference.contract import UNIT, Contract, ImageInput, ImageOutput, Tiling, Triple

_BYTES: Triple = (1.0, 1.0, 1.0)  # as std: pixels stay 0..255

_SLIM = Tiling(192, 12)
# 256² pixels a run, as these are usually given. 23 dense blocks see further than 8 pixels, but
# what they make of it is no longer visible.
_ESRGAN = Tiling(240, 8)
_ESRGAN_X2 = Tiling(240, 8, multiple=2)  # it begins by folding 2 x 2 pixels into one


def _upscaler(
    family: str, scale: int, tiling: Tiling, names: tuple[str, str | None], std: Triple = UNIT
) -> Contract:
    """The output has the input's value range."""
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
