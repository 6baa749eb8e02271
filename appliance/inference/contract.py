"""What goes into a model and what comes out, by family, as data.

A new family is one entry in ``CONTRACTS``. Names and shapes are those of the graphs themselves
(``tests/inference/test_contract.py`` holds them against the files); value ranges and channel
orders are those their publishers' own code uses, see ``models/README.md``.

Every tensor of every family here is float32; every batch is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int | None, ...]
"""Tensor dimensions; ``None`` is one that the caller chooses (or that follows from such a one)."""

Triple = tuple[float, float, float]


class Layout(Enum):
    """Where the channels of an image tensor are."""

    NCHW = "NCHW"
    NHWC = "NHWC"


class Channels(Enum):
    """The order of the channels of an image tensor."""

    RGB = "RGB"
    BGR = "BGR"


@dataclass(frozen=True, slots=True)
class ImageInput:
    """The one input of a model that takes a picture.

    ``size`` is (height, width) in pixels, ``None`` when the model takes any. ``mean`` and ``std``
    are in pixel units (0..255) and in the tensor's channel order: t = (pixel - mean) / std.
    """

    name: str
    size: tuple[int, int] | None
    layout: Layout = Layout.NCHW
    channels: Channels = Channels.RGB
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)

    @property
    def shape(self) -> Shape:
        """The shape that the graph must declare."""
        height, width = self.size or (None, None)
        return (1, 3, height, width) if self.layout is Layout.NCHW else (1, height, width, 3)

    def tensor(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``image`` (uint8 RGB, height x width x 3) as a float32 batch of one.

        Plain numpy on purpose: cv2.dnn.blobFromImage took five times as long for 640 x 640.

        Raises:
            ValueError: another dtype, channel count or size than the contract's; a caller's bug.
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
class Output:
    """One output tensor."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Contract:
    """The tensors of a family of models and the role it plays in the pipeline."""

    family: str
    role: str
    image: ImageInput
    outputs: tuple[Output, ...]
    scale: int = 1
    """Height and width of the output picture over those of the input, for upscalers."""


_UNIT: Triple = (255.0, 255.0, 255.0)  # as std: pixels become 0..1

# One row a cell of the grid at strides 8, 16, 32; cls and obj are probabilities
# (score = sqrt(cls * obj)), bbox is 4 and kps 5 x 2 numbers in units of the stride.
_YUNET = Contract(
    family="yunet",
    role="detector",
    image=ImageInput("input", (640, 640), channels=Channels.BGR),
    outputs=tuple(
        Output(f"{kind}_{stride}", (1, (640 // stride) ** 2, width))
        for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
        for stride in (8, 16, 32)
    ),
)

# Points are in pixels of the crop: x, y, z for the 468 of the mesh, x, y for the refinements
# (80 lips, 71 an eye, 5 an iris). The last output is a logit: is this a face?
_FACE_MESH = Contract(
    family="mediapipe-face-mesh",
    role="mesh",
    image=ImageInput("input_1", (192, 192), layout=Layout.NHWC, std=_UNIT),
    outputs=tuple(
        Output(name, (1, 1, 1, width))
        for name, width in (
            ("output_mesh_identity", 468 * 3),
            ("output_lips", 80 * 2),
            ("output_left_eye", 71 * 2),
            ("output_right_eye", 71 * 2),
            ("output_left_iris", 5 * 2),
            ("output_right_iris", 5 * 2),
            ("conv_faceflag", 1),
        )
    ),
)

# A face aligned to the ArcFace five-point template; the embedding is not normalised.
_SFACE = Contract(
    family="sface",
    role="identity",
    image=ImageInput("data", (112, 112)),
    outputs=(Output("fc1", (1, 128)),),
)

# How surely each pixel belongs to a person, 0..1.
_SELFIE = Contract(
    family="mediapipe-selfie",
    role="person-mask",
    image=ImageInput("input_1", (256, 256), layout=Layout.NHWC, std=_UNIT),
    outputs=(Output("activation_10", (1, 256, 256, 1)),),
)


def _upscaler(family: str, scale: int, image: ImageInput, output: str) -> Contract:
    """A super-resolution network; the output has the input's layout, order and value range."""
    return Contract(
        family, f"upscaler-x{scale}", image, (Output(output, (1, 3, None, None)),), scale
    )


CONTRACTS: Mapping[str, Contract] = MappingProxyType(
    {
        contract.family: contract
        for contract in (
            _YUNET,
            _FACE_MESH,
            _SFACE,
            _SELFIE,
            _upscaler("esrgan-slim-x2", 2, ImageInput("LR", None), "SR"),
            _upscaler("esrgan-slim-x4", 4, ImageInput("LR", None), "SR"),
            _upscaler("realesrgan-x4plus", 4, ImageInput("data", None, std=_UNIT), "output"),
        )
    }
)
"""Tensor contracts by family."""

ROLES: Mapping[str, str] = MappingProxyType(
    {family: contract.role for family, contract in CONTRACTS.items()}
    | {"canonical-mesh": "canonical-mesh", "attention-subsets": "attention-subsets"}
)
"""The role of every known family: the networks above, and the data files that travel with them."""
