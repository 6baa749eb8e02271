"""Networks that redraw a face more sharply. The detail they add is invented."""

from __future__ import annotations

from appliance.inference.contract import HALF, Contract, ImageInput, ImageOutput, VectorInput
from appliance.inference.templates import ARCFACE_128, FFHQ_512, Template

ROLE = "restorer"
# CodeFormer's w (Zhou et al., NeurIPS 2022): 0 gives the best quality, 1 the most fidelity.
WEIGHT = "weight"


def _restorer(
    family: str, side: int, template: Template = FFHQ_512, *others: VectorInput
) -> Contract:
    image = ImageInput("input", (side, side), mean=HALF, std=HALF, template=template)
    output = ImageOutput(None, (1, 3, side, side), 127.5, 127.5)
    return Contract(family, ROLE, (image, *others), (output,))


def _weight(*, optional: bool) -> VectorInput:
    return VectorInput(WEIGHT, (1,), "float64", optional=optional)


FAMILIES = (
    _restorer("gfpgan", 512, FFHQ_512, _weight(optional=True)),  # 1.2, 1.3 and 1.4 alike
    _restorer("codeformer", 512, FFHQ_512, _weight(optional=False)),
    _restorer("restoreformer-plus-plus", 512),
    _restorer("gpen-256", 256, ARCFACE_128),
    _restorer("gpen-512", 512),
    _restorer("gpen-1024", 1024),
    _restorer("gpen-2048", 2048),
)
