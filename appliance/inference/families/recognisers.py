"""Face recognition networks. Their embeddings are not normalised."""

from __future__ import annotations

from appliance.inference.contract import HALF, Contract, ImageInput, Output, VectorInput
from appliance.inference.templates import ARCFACE_112_V2

ROLE = "identity"

FAMILIES = (
    Contract(
        "sface",
        ROLE,
        (ImageInput("data", (112, 112), template=ARCFACE_112_V2),),
        (Output("fc1", (1, 128)),),
    ),
    Contract(
        "arcface",
        ROLE,
        (ImageInput("input", (112, 112), mean=HALF, std=HALF, template=ARCFACE_112_V2),),
        (Output(None, (1, 512)),),
    ),
    # Converts ArcFace's embedding, not normalised, to that of the recogniser that a generator was
    # trained with: one file for SimSwap, one for GHOST, one for HifiFace.
    Contract(
        "crossface",
        "embedding-converter",
        (VectorInput("input", (1, 512)),),
        (Output(None, (1, 512)),),
    ),
)
