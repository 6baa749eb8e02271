"""Enlarges pictures by super-resolution: ESRGAN-slim, Real-ESRGAN."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from appliance.inference.network import Network
from appliance.pipeline.imaging.types import Image


class Upscaler:
    """Enlarges RGB pictures tile by tile; needs little memory beyond the result.

    Raises ValueError for a network without a tiling.
    """

    def __init__(self, network: Network) -> None:
        tiling = network.contract.tiling
        if tiling is None:
            raise ValueError(f"{network.contract.family} enlarges nothing")
        self._network = network
        self.scale = network.contract.scale
        self.tiling = tiling

    def enlarge(self, image: Image, progress: Callable[[int, int], None] | None = None) -> Image:
        """An (h, w, 3) picture as (scale·h, scale·w, 3). ``progress``: tiles done, tiles in all."""
        height, width = image.shape[:2]
        scale, size, overlap = self.scale, self.tiling.size, self.tiling.overlap
        result = np.empty((height * scale, width * scale, 3), np.uint8)
        # At the far edges also what rounds a tile's sides up to the network's multiple.
        around = (overlap, overlap + self.tiling.multiple - 1)
        padded = np.pad(image, (around, around, (0, 0)), mode="edge")
        corners = [(y, x) for y in range(0, height, size) for x in range(0, width, size)]
        for done, (y, x) in enumerate(corners, start=1):
            rows, columns = min(size, height - y), min(size, width - x)
            tile = padded[y : y + self._fed(rows), x : x + self._fed(columns)]
            (output,) = self._network.run(self._network.tensor(tile))
            large = self._network.contract.picture.image(output)
            inner = large[
                overlap * scale : (overlap + rows) * scale,
                overlap * scale : (overlap + columns) * scale,
            ]
            result[y * scale : (y + rows) * scale, x * scale : (x + columns) * scale] = inner
            if progress is not None:
                progress(done, len(corners))
        return result

    def _fed(self, shown: int) -> int:
        """Pixels fed to the network along a side that yields ``shown`` pixels, with overlap."""
        multiple = self.tiling.multiple
        return -(-(shown + 2 * self.tiling.overlap) // multiple) * multiple
