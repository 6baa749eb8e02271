"""Renders the photos of the training machine: a head that is nobody's, in the views of a series.

    python -m tools.training_samples FOLDER

Its skin is the mean of four sample portraits, on the shape of the canonical face with a hump on its
nose, so that there is something to simulate. No photo of a person is altered.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.mesh_engine.source import MeshSource
from appliance.pipeline.run import read_source
from tests.paths import PORTRAITS
from tests.pipeline import heads
from tests.pipeline.pictures import mesh_source
from tests.pipeline.simulation.shapes import SHAPES

VIEWS = {
    "front": 0.0,
    "oblique-right": 40.0,
    "oblique-left": -40.0,
    "profile-right": 85.0,
    "profile-left": -85.0,
}
"""Degrees of yaw; the side is the patient's that is seen."""

_PEOPLE = ("a_2", "b_2", "c_1", "e_1")  # one portrait of each, those in the public domain
_SIDE, _SCALE, _DISTANCE = 1200, 36.0, 150.0
_SHOWN = 1060  # rows: below, the neck goes into the clothes without a collar
_QUALITY = 92


def main(folder: Path) -> None:
    """Write one JPEG for each view into ``folder``."""
    pipeline = Pipeline.load(ModelPack.open(), Runtime(("cpu",), threads=1))
    heads.SIDE, heads.SCALE, heads.DISTANCE = _SIDE, _SCALE, _DISTANCE
    head = heads.Head(pipeline.analyser.canonical, mean_source(pipeline))
    for name, yaw in VIEWS.items():
        photo = Photo(np.ascontiguousarray(head.render(yaw, noise=1).image[:_SHOWN]))
        (folder / f"{name}.jpg").write_bytes(encode_photo(photo, "jpeg", _QUALITY))


def mean_source(pipeline: Pipeline) -> MeshSource:
    """Skin of all people alike, in the mean of its logarithms, on a shape of none of them."""
    sources = [
        mesh_source(read_source(pipeline, [read_photo(path.read_bytes())]))
        for name in _PEOPLE
        for path in PORTRAITS.glob(f"person_{name}.*")
    ]
    side = max(one.texture.shape[0] for one in sources)
    skins = [np.log(np.maximum(cv2.resize(one.texture, (side, side)), 1)) for one in sources]
    rest = pipeline.analyser.canonical.xyz
    shape = rest + SHAPES["humped"](rest)
    return replace(
        sources[0],
        texture=_float(np.exp(np.mean(skins, axis=0))),
        tone=_float(np.mean([one.tone for one in sources], axis=0)),
        cover=_float(np.min([one.cover for one in sources], axis=0)),
        shape=_float(shape),
    )


def _float(values: Sequence[float] | Float) -> Float:
    return np.asarray(values, np.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
