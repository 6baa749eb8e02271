"""How good a lossy result is to look: words, and what they mean to each encoder."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

QualityWord: TypeAlias = Literal["low", "medium", "high", "best", "lossless"]
"""``high``, the default, looks like the source; ``best`` survives further editing; ``medium`` and
``low`` are for files to be sent. ``lossless`` keeps every sample that reaches the encoder."""

DEFAULT_QUALITY: QualityWord = "high"

# Constant rate factors, lower is better. FFmpeg's guides call 18 visually lossless for x264, whose
# default is 23; defaults or advice for the others are 28, 31 and 35. At ``high`` a noisy film of
# 1080p and 10 bits has 38 dB in HEVC and AV1 and 39 in H.264, which spends three times the bytes.
CRF: Mapping[str, Mapping[QualityWord, int]] = MappingProxyType(
    {
        "libx264": {"low": 28, "medium": 23, "high": 18, "best": 12},
        "libx265": {"low": 28, "medium": 23, "high": 18, "best": 12},
        "libvpx-vp9": {"low": 40, "medium": 32, "high": 24, "best": 14},
        "libsvtav1": {"low": 45, "medium": 35, "high": 24, "best": 14},
    }
)

MAX_CRF: Mapping[str, int] = MappingProxyType(
    {"libx264": 51, "libx265": 51, "libvpx-vp9": 63, "libsvtav1": 63}
)
"""By encoder, the largest constant rate factor, which looks worst; the least one used is 1."""

PHOTO_QUALITY: Mapping[QualityWord, int] = MappingProxyType(
    {"low": 70, "medium": 85, "high": 95, "best": 98}
)
"""libjpeg's and libwebp's quality, 1 to 100, higher is better."""
