"""A person as a generator takes them: an embedding, converted, or an aligned picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliance.errors import ModelError
from appliance.inference.batch_scheduler import InferenceTask, run_batched
from appliance.inference.batcher import Batcher
from appliance.inference.contract import ImageInput, Latent
from appliance.inference.session import Tensor
from appliance.pipeline.imaging.geometry import aligned
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.networks.recogniser import Recogniser, unit


class SourceEncoder:
    """Makes a generator's source input from photos of a person.

    ``recogniser``: the one that the generator was trained with. ``converter``: from its embedding
    to that of another. Both are needed only where the generator's contract asks for them.
    """

    def __init__(
        self, generator: Batcher, recogniser: Recogniser | None, converter: Batcher | None
    ) -> None:
        self._generator = generator
        self._recogniser = recogniser
        self._converter = converter

    def encode(self, photos: Sequence[tuple[Image, Float]]) -> Tensor:
        """The generator's source input: the mean embedding of the photos, or the first picture.

        ``photos``: (h, w, 3) each with the (5, 2) points of the face. Raises ModelError where the
        packs lack what the generator needs for it.
        """
        source = self._generator.contract.inputs[1]
        if isinstance(source, ImageInput):
            return source.tensor(aligned(*photos[0], source))
        if self._recogniser is None:
            raise _missing("identity")
        features = run_batched([self._recogniser.feature(image, five) for image, five in photos])
        mean = np.stack(features).mean(axis=0, keepdims=True)
        return latent(source.latent, mean, self._convert, self._generator.tensors.matrix)

    def rebalanced(
        self, source: Tensor, image: Image, five: Float, weight: float
    ) -> InferenceTask[Tensor]:
        """``source`` moved away from the person in the target, or toward them; see :func:`moved`.

        ``five``: (5, 2) points of the target's face in ``image``. A picture stays as it is, and so
        does an embedding at the weight 0.5.
        """
        wanted = self._generator.contract.inputs[1]
        if weight == 0.5 or isinstance(wanted, ImageInput) or self._recogniser is None:
            return source
        target = (yield from self._recogniser.feature(image, five))[None]
        return moved(source, target if wanted.latent is Latent.CONVERTED else unit(target), weight)

    def _convert(self, embedding: Float) -> Float:
        if self._converter is None:
            raise _missing("embedding-converter")
        return self._converter.run(embedding)[0]


def latent(
    kind: Latent | None, embedding: Float, convert: Callable[[Float], Float], matrix: Float | None
) -> Float:
    """An (1, n) embedding as ``kind`` says; see :class:`Latent` for the formulas.

    Inswapper's is not normalised again after the matrix, as FaceFusion has it; InsightFace does.
    """
    match kind:
        case Latent.CONVERTED:
            return convert(embedding)
        case Latent.CONVERTED_UNIT:
            return unit(convert(embedding))
        case Latent.MATRIX:
            if matrix is None:
                raise ValueError("the generator's matrix is not there")
            return np.asarray(embedding @ matrix / np.linalg.norm(embedding), np.float32)
        case _:
            return unit(embedding)


def moved(source: Float, target: Float, weight: float) -> Float:
    """(1 - a)·source + a·target, a from 0.35 at the weight 0 to -0.35 at 1 (FaceFusion)."""
    share = np.float32(0.35 - 0.7 * weight)
    return np.asarray(source * (1 - share) + target * share, np.float32)


def _missing(role: str) -> ModelError:
    return ModelError(
        f"The generator's pack holds nothing for the role {role!r}, which the generator needs.",
        "Import the pack again with that file; models/README.md says which goes with which.",
    )
