"""A video frame as a canvas: boxes are converted to RGB, the frame never is."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Interpolation
from numpy.typing import NDArray

from appliance.pipeline.media.canvas import (
    Box,
    Canvas,
    Gray,
    Mask,
    Rgb,
    check_box,
    check_patch,
    thumbnail_size,
    whole_blocks,
)
from appliance.pipeline.media.orientation import UPRIGHT, Orientation
from appliance.pipeline.media.pixel_aspect import SQUARE
from appliance.pipeline.media.square_canvas import in_square_pixels
from appliance.pipeline.media.video import colour
from appliance.pipeline.media.video.pixel_layout import (
    Component,
    Samples,
    channel_view,
    layout_of,
)

# Pixels across and down that one pixel of the brightness is taken from.
_TAPS = 8


class VideoCanvas:
    """A frame in its own pixel format, presented upright.

    Pixels outside of the support keep their samples exactly, and so do pixels that are written with
    the value that they read as: deep colour and values above white survive where nothing changes.
    A chroma sample is read as it is for each pixel that it covers, and written as their mean, so
    writing what was read changes nothing. Other values read back within two codes of 0-255, as far
    as pixels that share a chroma sample have the same colour.

    ``write`` first makes the frame writable, so a decoder's reference picture never changes.
    """

    def __init__(
        self,
        frame: av.VideoFrame,
        orientation: Orientation = UPRIGHT,
        pixel_aspect: Fraction = SQUARE,
    ) -> None:
        """``pixel_aspect``: width of a stored pixel over its height, as it is shown.

        Raises ``ValueError`` for a pixel format that cannot be edited in place.
        """
        layout = layout_of(frame.format.name)
        if layout is None:
            raise ValueError(f"{frame.format.name} cannot be edited in place")
        self._frame = frame
        self._layout = layout
        self._orientation = orientation
        self._pixel_aspect = pixel_aspect
        self.width, self.height = orientation.size(frame.width, frame.height)
        self._to_rgb, self._from_rgb = _matrices(
            layout.kind, colour.matrix_code(frame), colour.is_full_range(frame), layout.depth
        )

    @property
    def frame(self) -> av.VideoFrame:
        """The frame, for the encoder."""
        return self._frame

    @property
    def orientation(self) -> Orientation:
        """How the stored frame becomes upright."""
        return self._orientation

    @property
    def pixel_aspect(self) -> Fraction:
        """Width of a stored pixel over its height, as it is shown."""
        return self._pixel_aspect

    @property
    def square(self) -> Canvas:
        """The picture as people see it: this canvas, or one on it if pixels are not square."""
        return in_square_pixels(self, self._orientation.aspect(self._pixel_aspect))

    def thumbnail(self, max_side: int) -> Rgb:
        """See ``Canvas.thumbnail``; straight from YUV by area averaging."""
        width, height = self._orientation.size(*thumbnail_size(self.width, self.height, max_side))
        full = colour.is_full_range(self._frame)
        matrix = colour.swscale_matrix(self._frame)
        small = self._frame.reformat(
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA,
            threads=1,
        )
        rgb = np.frombuffer(memoryview(small.planes[0]), np.uint8).reshape(height, -1)[
            :, : width * 3
        ]
        return self._orientation.upright(rgb.reshape(height, width, 3)).copy()

    def brightness(self, max_side: int) -> Gray:
        """See ``Canvas.brightness``; from the luma, if there is one."""
        if self._layout.kind == "rgb" or self._from_rgb is None:
            grey: Any = cv2.cvtColor(self.thumbnail(max_side), cv2.COLOR_RGB2GRAY)
            return np.asarray(grey, np.uint8)
        luma = channel_view(self._frame, self._layout, self._layout.components[0])
        height, width = luma.shape
        step = max(1, max(width, height) // (_TAPS * max_side))
        some: Any = np.ascontiguousarray(luma[::step, ::step])
        small: Any = cv2.resize(
            some, thumbnail_size(width, height, max_side), interpolation=cv2.INTER_AREA
        )
        *white, black = self._from_rgb[0]
        grey = np.clip((small - black) / sum(white), 0, 255).astype(np.uint8)
        return np.asarray(self._orientation.upright(grey), np.uint8)

    def read(self, box: Box, factor: int = 1) -> Rgb:
        """See ``Canvas.read``. Raises ``ValueError`` for a box outside the picture.

        Means are those of samples. Of a chroma sample that lies half outside of ``box`` the whole
        counts.
        """
        check_box(box, self.width, self.height)
        whole = whole_blocks(box, factor)
        inner = self._orientation.stored_box(whole, self.width, self.height)
        return np.ascontiguousarray(self._orientation.upright(self._read_stored(inner, factor)))

    def write(self, box: Box, rgb: Rgb, support: Mask, known: Rgb | None = None) -> None:
        """See ``Canvas.write``. Raises ``ValueError`` for a box or a patch that does not fit."""
        check_box(box, self.width, self.height)
        check_patch(box, rgb, support)
        inner = self._orientation.stored_box(box, self.width, self.height)
        patch = np.ascontiguousarray(self._orientation.stored(rgb))
        before = self._read_stored(inner) if known is None else self._orientation.stored(known)
        red, green, blue = cv2.split(cv2.absdiff(patch, before))
        differs = cv2.bitwise_or(cv2.bitwise_or(red, green), blue) > 0
        wanted = np.ascontiguousarray(self._orientation.stored(support), np.bool_)
        mask = wanted & differs
        if not mask.any():
            return
        if self._layout.depth > 8:
            patch = patch.astype(np.uint16)
        native: Any = cv2.split(_map(patch, self._from_rgb))
        self._frame.make_writable()
        for part, channel in zip(self._layout.components, native, strict=False):
            self._write_channel(part, inner, channel, mask)

    def _read_stored(self, inner: Box, factor: int = 1) -> Rgb:
        read = self._read_channel if factor == 1 else partial(self._means, factor=factor)
        channels = [read(part, inner) for part in self._layout.components]
        stored: Any = cv2.merge(channels if len(channels) > 1 else channels * 3)
        rgb = _map(stored, self._to_rgb)
        if rgb.dtype == np.uint16:
            np.minimum(rgb, 255, out=rgb)
        return rgb.astype(np.uint8, copy=False)

    def _read_channel(self, part: Component, box: Box) -> Samples:
        plane = channel_view(self._frame, self._layout, part)
        if not part.is_subsampled:
            return plane[box.y : box.y + box.h, box.x : box.x + box.w]
        cover = _cover(box, part)
        coarse = plane[cover.y : cover.y + cover.h, cover.x : cover.x + cover.w]
        x, y = box.x - (cover.x << part.shift_w), box.y - (cover.y << part.shift_h)
        return _repeat(coarse, part)[y : y + box.h, x : x + box.w]

    def _means(self, part: Component, box: Box, factor: int) -> Samples:
        plane = channel_view(self._frame, self._layout, part)
        cover = _cover(box, part)
        samples = plane[cover.y : cover.y + cover.h, cover.x : cover.x + cover.w]
        size = (box.w // factor, box.h // factor)
        # An interpolation gives about the means of fewer than two samples, in a quarter of the
        # time.
        way = cv2.INTER_AREA if cover.w >= 2 * size[0] else cv2.INTER_LINEAR
        means: Any = cv2.resize(np.ascontiguousarray(samples), size, interpolation=way)
        return means  # type: ignore[no-any-return]

    def _write_channel(
        self, part: Component, box: Box, channel: Samples, mask: NDArray[np.bool_]
    ) -> None:
        plane = channel_view(self._frame, self._layout, part)
        if not part.is_subsampled:
            _copy(channel, mask, plane[box.y : box.y + box.h, box.x : box.x + box.w])
            return
        cover = _cover(box, part)
        coarse = plane[cover.y : cover.y + cover.h, cover.x : cover.x + cover.w]
        fine = _repeat(coarse, part)
        x, y = box.x - (cover.x << part.shift_w), box.y - (cover.y << part.shift_h)
        _copy(channel, mask, fine[y : y + box.h, x : x + box.w])
        # At an odd edge a sample covers pixels beyond the picture. They count as their neighbours
        # do; otherwise the last column would change by half.
        beyond_x = self._frame.width - (cover.x << part.shift_w)
        beyond_y = self._frame.height - (cover.y << part.shift_h)
        fine[:, beyond_x:] = fine[:, beyond_x - 1 : beyond_x]
        fine[beyond_y:] = fine[beyond_y - 1 : beyond_y]
        coarse[:] = cv2.resize(fine, (cover.w, cover.h), interpolation=cv2.INTER_AREA)


def _copy(channel: Samples, mask: NDArray[np.bool_], target: Samples) -> None:
    """The (h, w) samples of a ``channel`` into ``target`` where the ``mask`` is set."""
    step, pixel = target.strides
    if step > 0 and pixel == target.itemsize:  # ten times as fast
        cv2.copyTo(channel, mask.view(np.uint8), target)
    else:
        np.copyto(target, channel, where=mask)


def _cover(box: Box, part: Component) -> Box:
    """The samples of a subsampled channel that cover ``box``, as a box in samples."""
    x, y = box.x >> part.shift_w, box.y >> part.shift_h
    right, bottom = -(-(box.x + box.w) >> part.shift_w), -(-(box.y + box.h) >> part.shift_h)
    return Box(x, y, right - x, bottom - y)


def _repeat(coarse: Samples, part: Component) -> Samples:
    """(rows, columns): every sample of ``coarse`` once for each pixel that it covers."""
    height, width = coarse.shape
    across, down = 1 << part.shift_w, 1 << part.shift_h
    # Interleaving a channel with itself repeats its columns, five times as fast as a resize.
    wide: Any = cv2.merge([np.ascontiguousarray(coarse)] * across)
    fine = np.empty((height, down, width * across), coarse.dtype)
    fine[:] = wide.reshape(height, 1, -1)
    return fine.reshape(height * down, -1)


def _map(pixels: Samples, affine: NDArray[np.float32] | None) -> Samples:
    """``pixels``, (h, w, 3), by an affine map, (3, 4); ``None`` is the identity."""
    mapped: Any = pixels if affine is None else cv2.transform(pixels, affine)
    return mapped  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _matrices(
    kind: str, code: int, full: bool, depth: int
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
    """Affine maps, (3, 4), from samples to RGB 0-255 and back; ``None`` for the identity."""
    if kind == "rgb":
        if depth == 8:
            return None, None
        forth = np.column_stack([np.eye(3) * ((1 << depth) - 1) / 255, np.zeros(3)])
        back = colour.invert_affine(forth)
    elif kind == "gray":
        forth = colour.rgb_to_ycbcr_matrix(code, full, depth)
        forth[1:] = 0  # only the first row, the luma, has a plane
        grey = colour.invert_affine(colour.rgb_to_ycbcr_matrix(code, full, depth))[:, [0, 3]]
        slope = grey[0, 0]
        back = np.column_stack([np.eye(3) * slope, np.full(3, -slope * forth[0, 3])])
    else:
        forth = colour.rgb_to_ycbcr_matrix(code, full, depth)
        back = colour.invert_affine(forth)
    return back.astype(np.float32), forth.astype(np.float32)
