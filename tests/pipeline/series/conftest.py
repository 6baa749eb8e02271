"""What looks at the photos of a series, and photos that are as they should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import SourceIdentity
from appliance.pipeline.series.check import check_series
from appliance.pipeline.series.record import PhotoRecord
from appliance.pipeline.series.seen_photo import SeenPhoto, SeriesEye
from tests.pipeline.heads import Head
from tests.pipeline.pictures import mesh_source, pixels_of

Alone = Callable[[Image], PhotoRecord]


@pytest.fixture(scope="session")
def eye(pipeline: Pipeline) -> SeriesEye:
    return SeriesEye.of(pipeline)


@pytest.fixture(scope="session")
def alone(eye: SeriesEye) -> Alone:
    """The record of a picture by itself."""
    return lambda image: check_series([eye.look(Photo(image).canvas)]).photos[0]


@pytest.fixture(scope="session")
def head(pipeline: Pipeline, sources: Mapping[str, SourceIdentity]) -> Head:
    """Of a portrait with a closed mouth, in soft light."""
    return Head(pipeline.analyser.canonical, mesh_source(sources["a_2"]))


@pytest.fixture(scope="session")
def turned(eye: SeriesEye, head: Head) -> Callable[[float, float], SeenPhoto]:
    """The head by yaw and pitch, each looked at once."""
    seen: dict[tuple[float, float], SeenPhoto] = {}

    def look(yaw: float, pitch: float = 0.0) -> SeenPhoto:
        if (yaw, pitch) not in seen:
            image = head.render(yaw, pitch, noise=1).image
            seen[yaw, pitch] = eye.look(Photo(image).canvas)
        return seen[yaw, pitch]

    return look


@pytest.fixture(scope="session")
def close(photos: Mapping[str, Photo]) -> Image:
    """A portrait cut so that the face has half of its height: (h, w, 3) RGB."""
    return np.ascontiguousarray(pixels_of(photos["a_2"])[60:740, 60:680])
