"""Files that fuzzing found, as it found them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

FOUND: Mapping[str, tuple[str, Callable[[], bytes]]] = MappingProxyType({})
