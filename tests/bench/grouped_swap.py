"""Detector, landmarks, recogniser and generator over the frames of a video, in groups."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TypeVar

import numpy as np

from appliance.inference.batch import Batcher
from appliance.inference.contract import ImageInput
from appliance.inference.session import Tensor
from appliance.pipeline.face import Float, Image
from appliance.pipeline.geometry import similarity_matrix, square_crop, warp
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.paste import box_mask, pasted
from appliance.pipeline.region import around, crop_box

SIDE = 640  # of the detector's picture
ROLES = ("detector", "landmarks-68", "identity", "generator")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class GroupedSwap:
    """One face a frame; several groups may be at work, each network takes one group at a time."""

    def __init__(self, networks: dict[str, Batcher], source: Tensor, threads: int) -> None:
        self.seconds: dict[str, float] = {}
        self._networks = networks
        self._locks = {role: threading.Lock() for role in networks}
        self._source = source
        self._pool = ThreadPoolExecutor(threads)
        self._stacks: dict[str, Tensor] = {}
        self._masks: dict[int, Float] = {}
        self._clock = threading.Lock()

    def edit(self, canvases: Sequence[Canvas], _infos: object = None) -> None:
        """Change the face of every frame, in place."""
        taker = self._taker("detector")
        thumbs = self._each("shrink", lambda canvas: taker.tensor(_letterboxed(canvas)), canvases)
        (found,) = self._run("detector", thumbs)
        regions = self._each("crop", self._region, list(zip(canvases, found, strict=True)))
        self._run("landmarks-68", [region.crop(self._taker("landmarks-68")) for region in regions])
        self._run("identity", [region.crop(self._taker("identity")) for region in regions])
        taker = self._taker("generator")
        (faces,) = self._run("generator", [region.crop(taker) for region in regions])
        self._each("paste", self._paste, list(zip(canvases, regions, faces, strict=True)))

    def _taker(self, role: str) -> ImageInput:
        return self._networks[role].network.contract.image

    def _run(self, role: str, tensors: list[Tensor]) -> tuple[Tensor, ...]:
        others = {"source": self._source} if role == "generator" else {}
        with self._locks[role]:
            started = perf_counter()
            results = self._networks[role].run(self._stacked(role, tensors), **others)
            self._count(role, perf_counter() - started)
        return results

    def _stacked(self, role: str, tensors: list[Tensor]) -> Tensor:
        """In one place for good: fresh memory costs as much as what is copied into it."""
        place = self._stacks.get(role)
        if place is None or len(place) != len(tensors):
            place = self._stacks[role] = np.concatenate(tensors)
            return place
        return np.concatenate(tensors, out=place)

    def _each(
        self, what: str, action: Callable[[_Item], _Result], items: Sequence[_Item]
    ) -> list[_Result]:
        def timed(item: _Item) -> _Result:
            started = perf_counter()
            result = action(item)
            self._count(what, perf_counter() - started)
            return result

        return list(self._pool.map(timed, items))

    def _count(self, what: str, seconds: float) -> None:
        with self._clock:
            self.seconds[what] = self.seconds.get(what, 0.0) + seconds

    def _region(self, of: tuple[Canvas, Tensor]) -> Region:
        canvas, rows = of
        best = rows[:, rows[4].argmax()]  # cx, cy, w, h, score, 5 x (x, y, score)
        scale = max(canvas.width, canvas.height) / SIDE
        five = best[5:].reshape(5, 3)[:, :2] * scale
        centre, side = best[:2] * scale, float(best[2:4].max() * scale)
        return Region(canvas, five.astype(np.float32), centre, side * 256 / 195, self._networks)

    def _paste(self, of: tuple[Canvas, Region, Tensor]) -> None:
        canvas, region, face = of
        picture = self._networks["generator"].network.contract.picture
        crop = picture.image(face[None])
        matrix = region.matrix(self._taker("generator")).copy()
        mask = self._masks.setdefault(crop.shape[0], box_mask(crop.shape[0]))
        image, support = pasted(region.image, crop, mask, matrix)
        canvas.write(region.box, image, support)


class Region:
    """The pixels around one face, and its crops."""

    def __init__(
        self, canvas: Canvas, five: Float, centre: Float, side: float, networks: dict[str, Batcher]
    ) -> None:
        self._five, self._centre, self._side = five, centre, side
        takers = [networks[role].network.contract.image for role in ROLES[1:]]
        boxes = [crop_box(self._whole(taker), _pixels(taker), canvas) for taker in takers]
        self.box: Box = around([box for box in boxes if box is not None])
        self.image: Image = canvas.read(self.box)

    def matrix(self, taker: ImageInput) -> Float:
        """From ``image`` to the crop that ``taker`` wants."""
        whole = self._whole(taker).copy()
        whole[:, 2] += whole[:, :2] @ np.array([self.box.x, self.box.y], np.float32)
        return whole

    def crop(self, taker: ImageInput) -> Tensor:
        return taker.tensor(warp(self.image, self.matrix(taker), _pixels(taker)))

    def _whole(self, taker: ImageInput) -> Float:
        if taker.template is None:
            return square_crop(self._centre, self._side, 0.0, _pixels(taker))
        return similarity_matrix(self._five, taker.template.points(_pixels(taker)))


def _pixels(taker: ImageInput) -> int:
    return (taker.size or (0, 0))[0]


def _letterboxed(canvas: Canvas) -> Image:
    small = canvas.thumbnail(SIDE)
    box = np.zeros((SIDE, SIDE, 3), np.uint8)
    box[: small.shape[0], : small.shape[1]] = small
    return box
