"""The types of an event's fields: numbers, hashes and enumerations, none of them free text."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

# RFC 8785 treats JSON numbers as doubles: a larger integer would lose its last digits.
MAX_INTEGER = 2**53 - 1

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
ReleaseNumber: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)]
SignedCount: TypeAlias = Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Milliseconds: TypeAlias = Count
Percent: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=100)]
# \Z, not $, which would let a newline follow.
Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Pseudonym: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
"""HMAC-SHA-256 of what must not be named, truncated to 128 bits."""
SessionId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
"""64 random bits."""
Version: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,4}(\.[0-9]{1,4}){1,3}\Z")]

Role: TypeAlias = Literal[
    "audit", "broker", "keeper", "worker", "releaser", "attester", "embedded", "test"
]
"""The process that logs; the daemon derives it from the socket, not from the message."""

# Reserved, that is, nothing logs it yet: the image in "boot"; the layers "namespace", "nftables"
# and "telemetry"; the presets "clinic" and "studio"; the login method "password"; the medium "usb".

Engine: TypeAlias = Literal["mesh", "onnx", "simulation"]
RegionMode: TypeAlias = Literal["line", "region", "shape", "mean"]
"""What is done with a region of a face that was drawn by hand."""
Layer: TypeAlias = Literal[
    "namespace", "seccomp", "landlock", "nftables", "guard", "rlimits", "telemetry"
]
ClosingReason: TypeAlias = Literal[
    "user", "idle", "lock", "token-removed", "time-limit", "power-loss", "crash", "ledger"
]
WipeStep: TypeAlias = Literal["kill", "unmount", "close", "header", "discard", "probe"]
Measured: TypeAlias = Literal[
    "image", "policy", "packs", "attestation-key",
    "pcr-0", "pcr-1", "pcr-2", "pcr-3", "pcr-4", "pcr-5", "pcr-6", "pcr-7", "pcr-11", "pcr-12",
]  # fmt: skip
"""What is recorded at a boot; see ``events.BootMeasured``."""
Media: TypeAlias = Literal["photo", "video"]
Medium: TypeAlias = Literal["disc", "usb", "folder"]
RefusalReason: TypeAlias = Literal[
    "input",
    "no-face",
    "model",
    "provider",
    "output",
    "policy",
    "seal",
    "not-same-person",
    "handle",
    "release",
    "stopped",
    "bug",
]
