"""Which networks a generator's job loads, and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from appliance.inference.forms import Form
from appliance.inference.network import Network
from appliance.inference.pack import ModelPack, Models
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.generator_engine.networks import GeneratorNetworks
from appliance.pipeline.generator_engine.options import GeneratorOptions
from tests.inference.packs import write_standins


class Device:
    """A runtime whose networks say that they run on a device; it keeps the roles it was asked."""

    latency_mode = False

    def __init__(self, runtime: Runtime, provider: str) -> None:
        self._runtime, self._provider = runtime, provider
        self.loaded: set[str] = set()

    def load(
        self, models: Models, role: str, *, fixed: bool = False, form: Form | None = None
    ) -> Network:
        self.loaded.add(role)
        network = self._runtime.load(models, role, fixed=fixed, form=form)
        return replace(network, provider=self._provider)


@pytest.mark.parametrize(
    ("job", "identity"),
    [
        (("inswapper", "directml", 0.5), set()),
        (("inswapper", "directml", 0.3), {"identity"}),
        (("inswapper", "cpu", 0.5), {"identity"}),
        (("uniface", "directml", 0.3), set()),
        (("uniface", "cpu", 0.3), set()),
    ],
)
def test_a_device_loads_the_identity_network_only_where_frames_need_it(
    job: tuple[str, str, float], identity: set[str], tmp_path: Path, runtime: Runtime
) -> None:
    family, provider, weight = job
    pack = ModelPack.open(write_standins(tmp_path, family, "arcface"), INSPECTION)
    device = Device(runtime, provider)
    options = GeneratorOptions(identity_weight=weight)
    networks = GeneratorNetworks.load(pack, device, options)
    assert device.loaded == {"generator"} | identity
    face = np.random.default_rng(2).integers(0, 255, (160, 160, 3), np.uint8)
    five = np.array([[60, 70], [100, 70], [80, 90], [65, 110], [95, 110]], np.float32)
    plain = GeneratorNetworks.load(pack, runtime, options)
    wanted = plain.encoder.encode([(face, five)])
    np.testing.assert_array_equal(networks.encoder.encode([(face, five)]), wanted)
