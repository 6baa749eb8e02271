"""Larger pictures by super-resolution: ESRGAN-slim ×2 and ×4."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from appliance.inference.session import Network
from appliance.pipeline.face import Image

TILE = 192  # pixels of the picture a tile shows for itself
OVERLAP = 12  # … and beyond, on every side: more than the network's reach, so that no seam shows


class Upscaler:
    """Enlarges RGB pictures tile by tile, in memory that depends on the result alone."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.scale = network.contract.scale

    def enlarge(self, image: Image, progress: Callable[[int, int], None] | None = None) -> Image:
        """An (h, w, 3) picture as (scale·h, scale·w, 3). ``progress``: tiles done, tiles in all."""
        height, width = image.shape[:2]
        scale = self.scale
        result = np.empty((height * scale, width * scale, 3), np.uint8)
        padded = np.pad(image, ((OVERLAP, OVERLAP), (OVERLAP, OVERLAP), (0, 0)), mode="edge")
        corners = [(y, x) for y in range(0, height, TILE) for x in range(0, width, TILE)]
        for done, (y, x) in enumerate(corners, start=1):
            rows, columns = min(TILE, height - y), min(TILE, width - x)
            tile = padded[y : y + rows + 2 * OVERLAP, x : x + columns + 2 * OVERLAP]
            (output,) = self._network.run(self._network.tensor(tile))
            large = np.clip(np.rint(output[0].transpose(1, 2, 0)), 0, 255).astype(np.uint8)
            inner = large[
                OVERLAP * scale : (OVERLAP + rows) * scale,
                OVERLAP * scale : (OVERLAP + columns) * scale,
            ]
            result[y * scale : (y + rows) * scale, x * scale : (x + columns) * scale] = inner
            if progress is not None:
                progress(done, len(corners))
        return result
