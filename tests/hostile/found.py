"""Files of the kinds that fuzzing found."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType

from PIL import Image, ImageCms


def _profile_length() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile[:24] + bytes(12) + profile[36:]  # without the time at which it was made
    buffer = io.BytesIO()
    Image.new("RGB", (16, 12), "orange").save(
        buffer, "JPEG", icc_profile=b"\xff\xff\xff\xff" + profile[4:]
    )
    return buffer.getvalue()


FOUND: Mapping[str, tuple[str, Callable[[], bytes]]] = MappingProxyType(
    {
        "mpg-code.mpg": (
            "a start code that no packet has follows a pack",
            lambda: b"\0\0\1\xba\x44" + bytes(9) + b"\0\0\1\x26" + bytes(range(64)),
        ),
        "jpeg-profile-length.jpg": ("its profile states another length", _profile_length),
    }
)
