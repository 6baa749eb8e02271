"""The arrays that everything here is made of."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Float: TypeAlias = NDArray[np.float32]
"""Points, matrices, planes and embeddings; each docstring names the shape and the unit."""

Image: TypeAlias = NDArray[np.uint8]
"""(h, w, 3) RGB, 0-255, upright, addressed from the top left corner."""
