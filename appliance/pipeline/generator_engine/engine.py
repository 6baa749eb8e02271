"""The generator engine: a generator of an operator's packs draws the face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from appliance.inference.batch_scheduler import run_one
from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import Models
from appliance.inference.session import Tensor
from appliance.pipeline.engine import StartShot
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.turn import TurnLimits
from appliance.pipeline.generator_engine.networks import GeneratorNetworks
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.generator_engine.shot import GeneratorShot
from appliance.pipeline.imaging.types import Float, Image

# The mesh's angle for heads turned by 52 and by 63 degrees: there the aligned crop is off by a
# twentieth and by a tenth of its side (tests.bench.profiles). What a published
# generator makes of such crops was not seen.
TURN_LIMITS = TurnLimits(full=42.0, none=49.0)


@dataclass(frozen=True, slots=True)
class PreparedGeneratorSource:
    """A person as the generator takes them: an embedding or a picture, ``tensor``."""

    networks: GeneratorNetworks
    canonical: Canonical
    tensor: Tensor

    def shots(self, strength: Float, *, video: bool) -> StartShot:
        """See :class:`appliance.pipeline.engine.PreparedSource`; a video is changed as photos."""
        return lambda: GeneratorShot(self.networks, self.canonical, self.tensor, strength)


@dataclass(frozen=True, slots=True)
class GeneratorEngine:
    """See :class:`appliance.pipeline.engine.Engine`."""

    networks: GeneratorNetworks
    canonical: Canonical
    source_margin: float = 0.5
    """What the widest alignment of a face shows around it."""
    turn_limits: TurnLimits = TURN_LIMITS

    @classmethod
    def load(
        cls, models: Models, runtime: NetworkLoader, options: GeneratorOptions, canonical: Canonical
    ) -> Self:
        """From the packs that hold a generator and what ``options`` ask for.

        Raises ``ModelError`` where no pack holds it, or ``ProviderError``.
        """
        return cls(GeneratorNetworks.load(models, runtime, options), canonical)

    @property
    def name(self) -> str:
        """See :class:`appliance.pipeline.engine.Engine`."""
        return f"generator {self.networks.family}"

    @property
    def provider(self) -> str:
        """See :class:`appliance.pipeline.engine.Engine`."""
        return self.networks.provider

    @property
    def batch(self) -> int:
        """See :class:`appliance.pipeline.engine.Engine`."""
        return self.networks.batch

    def prepare(self, photos: Sequence[tuple[Image, Face]]) -> PreparedGeneratorSource:
        """See :class:`appliance.pipeline.engine.Engine`."""
        networks = self.networks
        aligned = [
            (image, run_one(networks.five_points.find(image, face))) for image, face in photos
        ]
        return PreparedGeneratorSource(networks, self.canonical, networks.encoder.encode(aligned))
