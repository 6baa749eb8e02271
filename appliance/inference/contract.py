"""The types that describe a model's inputs and outputs. ``families`` holds the descriptions.

Every tensor is float32 unless its input says otherwise. Shapes are for a batch of one; a graph
whose batch axis is dynamic takes more, see ``graph.Tensors.batched``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from appliance.errors import ModelError
from appliance.inference.templates import Template

Shape = tuple[int | None, ...]
"""Tensor dimensions; ``None`` is one that the caller chooses, or that follows from such a one."""

Triple = tuple[float, float, float]

Image = NDArray[np.uint8]
"""RGB, (h, w, 3), 0..255."""


class Layout(Enum):
    """Where the channels of an image tensor are."""

    NCHW = "NCHW"
    NHWC = "NHWC"


class Channels(Enum):
    """The order of the channels of an image tensor."""

    RGB = "RGB"
    BGR = "BGR"


class Latent(Enum):
    """How a generator's source vector is computed from the recogniser's embedding ``e``."""

    UNIT = "e / |e|"
    MATRIX = "e M / |e|, M the contract's matrix"
    CONVERTED = "c(e), c the pack's embedding converter"
    CONVERTED_UNIT = "c(e) / |c(e)|"


@dataclass(frozen=True, slots=True)
class ImageInput:
    """An input that takes a picture.

    ``size``: (height, width) in px, ``None`` if the model takes any. ``mean`` and ``std``: in pixel
    units (0..255) and in the tensor's channel order, t = (pixel - mean) / std. ``template``: where
    the features of an aligned face lie, for networks that take one.
    """

    name: str
    size: tuple[int, int] | None
    layout: Layout = Layout.NCHW
    channels: Channels = Channels.RGB
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)
    template: Template | None = None

    @property
    def shape(self) -> Shape:
        """The shape that the graph must declare: (1, 3, h, w), or (1, h, w, 3) for NHWC."""
        height, width = self.size or (None, None)
        return (1, 3, height, width) if self.layout is Layout.NCHW else (1, height, width, 3)

    @property
    def side(self) -> int:
        """Pixels along an edge of the square it takes. Raises ``ValueError`` if it takes any."""
        if self.size is None:
            raise ValueError(f"{self.name} takes any size")
        return self.size[0]

    def tensor(self, image: Image) -> NDArray[np.float32]:
        """``image``, uint8 RGB (h, w, 3), as a float32 batch of one, of the input's ``shape``.

        Plain numpy on purpose: cv2.dnn.blobFromImage took five times as long for 640 x 640.
        Raises ``ValueError`` for another dtype, channel count or size: a mistake of the caller.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise ValueError(f"need uint8 H x W x 3, got {image.dtype} {image.shape}")
        if self.size is not None and image.shape[:2] != self.size:
            raise ValueError(f"{self.name} takes {self.size}, got {image.shape[:2]}")
        planar = self.layout is Layout.NCHW
        view = image if self.channels is Channels.RGB else image[..., ::-1]
        if planar:
            view = view.transpose(2, 0, 1)
        axes = (3, 1, 1) if planar else (3,)
        scale = np.float32(1.0) / np.array(self.std, np.float32).reshape(axes)
        tensor: NDArray[np.float32] = np.multiply(view[None], scale, dtype=np.float32, order="C")
        if any(self.mean):
            tensor -= np.array(self.mean, np.float32).reshape(axes) * scale
        return tensor


@dataclass(frozen=True, slots=True)
class VectorInput:
    """An input that takes numbers. Some files of the family lack an ``optional`` one.

    ``latent``: how the numbers are computed, for a generator's source.
    """

    name: str
    shape: Shape
    dtype: Literal["float32", "float64"] = "float32"
    optional: bool = False
    latent: Latent | None = None


Input = ImageInput | VectorInput


@dataclass(frozen=True, slots=True)
class Output:
    """One output tensor. One without ``name`` is identified by its place among the outputs."""

    name: str | None
    shape: Shape


@dataclass(frozen=True, slots=True)
class ImageOutput(Output):
    """An RGB picture, (1, 3, h, w): pixel = t * std + mean, in pixel units (0..255)."""

    mean: float = 0.0
    std: float = 1.0

    def image(self, tensor: NDArray[np.float32]) -> Image:
        """A batch of one, (1, 3, h, w), as uint8 RGB (h, w, 3), rounded and clipped to 0..255."""
        pixels = tensor[0].transpose(1, 2, 0) * np.float32(self.std) + np.float32(self.mean)
        return np.asarray(np.clip(np.rint(pixels), 0, 255), np.uint8)


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a large picture is cut into tiles for a network that takes pictures of any size.

    ``size``: px along an edge of the part of a tile that is kept. ``overlap``: px around it on
    every side, so many that the tile's edge has no visible effect on the part that is kept.
    ``multiple``: the sides of what the network is given are multiples of it.
    """

    size: int
    overlap: int
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class Contract:
    """The tensors of a family of models and its role in the pipeline.

    The first of ``inputs`` is what the network works on. Outputs without a name are the first ones
    of the graph; any further outputs are ignored.
    """

    family: str
    role: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    scale: int = 1
    """Height and width of the output picture over those of the input, for upscalers."""
    tiling: Tiling | None = None
    matrix: tuple[int, int] | None = None
    """Shape of the graph's last initializer, if the caller needs its values and no node does."""

    @property
    def image(self) -> ImageInput:
        """The picture that the network works on. Raises ``ValueError`` if it takes none."""
        first = self.inputs[0]
        if not isinstance(first, ImageInput):
            raise ValueError(f"{self.family} takes no picture")  # noqa: TRY004 - not about a type
        return first

    @property
    def picture(self) -> ImageOutput:
        """The picture that is the first output. Raises ``ValueError`` if there is none."""
        first = self.outputs[0]
        if not isinstance(first, ImageOutput):
            raise ValueError(f"{self.family} gives no picture")  # noqa: TRY004 - not about a type
        return first


UNIT: Triple = (255.0, 255.0, 255.0)
"""As ``std``: pixels become 0..1."""

HALF: Triple = (127.5, 127.5, 127.5)
"""As ``mean`` and ``std``: pixels become -1..1."""

# The mean and deviation of ImageNet's pixels (Krizhevsky et al., 2012; as torchvision has them).
IMAGENET_MEAN: Triple = (0.485 * 255, 0.456 * 255, 0.406 * 255)
IMAGENET_STD: Triple = (0.229 * 255, 0.224 * 255, 0.225 * 255)


def refusal(file: str, why: str) -> ModelError:
    """The error for a file that is not a sound member of its family; ``file`` is its name."""
    return ModelError(
        f"{file} is refused: {why}.",
        "Use a file of the family that the manifest names, exported as one self-contained file.",
    )
