from __future__ import annotations

from collections.abc import Mapping

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.series.judgement import BRIDGE
from appliance.pipeline.series.spectacle_bridge import BridgeFinder
from tests.pipeline.pictures import pixels_of
from tests.pipeline.series.altered import exposed, with_half_rims


def test_noses_have_no_dark_lines_across(
    canonical: Canonical, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    finder = BridgeFinder(canonical)
    for name, photo in photos.items():
        assert finder.share(pixels_of(photo), faces[name]) < BRIDGE / 2


def test_a_bridge_is_found_on_light_and_dark_skin_and_in_little_light(
    canonical: Canonical, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    finder = BridgeFinder(canonical)
    for name in ("a_2", "b_1", "c_1", "d_1"):
        worn = with_half_rims(pixels_of(photos[name]), faces[name])
        for stops in (0, -1):
            assert finder.share(exposed(worn, stops), faces[name]) > BRIDGE
