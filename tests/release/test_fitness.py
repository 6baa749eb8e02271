"""What cannot leave is known before it is asked for, and by the same measure as in the end."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pytest

from appliance.errors import InputError, OutputError, ReleaseError
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.film import mark_film
from appliance.release.fitness import refusal_of, unfit_film, unfit_photo
from appliance.release.still import marked_still
from appliance.release.watermark import mark
from appliance.release.watermark.mark import SMALLEST_SIDE, WIDEST
from tests.pipeline.media.clips import Clip, make
from tests.release.signed import FACTS, WATERMARK_KEY

SMALL, NARROW = "picture-too-small", "picture-too-narrow"


def photo(width: int, height: int, aspect: Fraction = Fraction(1)) -> Photo:
    return Photo(np.full((height, width, 3), 90, np.uint8), pixel_aspect=aspect)


@pytest.mark.parametrize(
    ("size", "unfit"),
    [
        ((204, 244), SMALL),
        ((319, 320), SMALL),
        ((320, 319), SMALL),
        ((320, 320), None),
        ((320, 2560), None),
        ((320, 2561), NARROW),
        ((2561, 320), NARROW),
        ((300, 4000), SMALL),
    ],
)
@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(2), Fraction(1, 3)])
def test_a_photo_fits_if_its_copy_can_be_made_and_else_does_not(
    size: tuple[int, int], unfit: str | None, aspect: Fraction
) -> None:
    made = photo(*size, aspect)
    assert unfit_photo(made) == unfit
    if unfit is None:
        assert marked_still(made, "png", FACTS.number, WATERMARK_KEY)
    else:
        with pytest.raises((OutputError, ReleaseError)):
            marked_still(made, "png", FACTS.number, WATERMARK_KEY)


@pytest.mark.parametrize(
    ("clip", "unfit"),
    [
        (Clip(size=(320, 320), frames=2), None),
        (Clip(size=(318, 400), frames=2), SMALL),
        (Clip(size=(400, 318), frames=2, rotation=90), SMALL),
        (Clip(size=(640, 318), frames=2, aspect=Fraction(1, 2)), SMALL),
        (Clip(size=(320, 400), frames=2, rotation=90, aspect=Fraction(1, 2)), None),
        (Clip(size=(320, 2562), frames=2), NARROW),
    ],
)
def test_a_film_fits_if_its_copy_can_be_made_and_else_does_not(
    clip: Clip, unfit: str | None
) -> None:
    film = make(clip)
    assert unfit_film(io.BytesIO(film)) == unfit
    try:
        mark_film(io.BytesIO(film), io.BytesIO(), "mp4", FACTS, WATERMARK_KEY)
    except (OutputError, ReleaseError):
        assert unfit is not None
    else:
        assert unfit is None


def test_the_label_counts_as_well_as_the_watermark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mark, "SMALLEST_SIDE", 10)
    assert unfit_photo(photo(60, 60)) == SMALL
    assert unfit_photo(photo(200, 240)) is None


def test_what_is_no_film_is_not_judged() -> None:
    with pytest.raises(InputError):
        unfit_film(io.BytesIO(b"no film" * 100))


def test_the_refusal_says_what_the_least_is() -> None:
    assert str(SMALLEST_SIDE) in refusal_of("picture-too-small").hint
    assert str(WIDEST) in refusal_of("picture-too-narrow").hint
