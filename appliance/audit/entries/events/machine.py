"""What happens to the machine and its processes."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from appliance.audit.entries.events.root import Strict
from appliance.audit.entries.fields import (
    MAX_INTEGER,
    Count,
    Layer,
    Measured,
    SessionId,
    Sha256,
    Version,
)

ProvisioningReason: TypeAlias = Literal[
    "malformed",
    "signatures",
    "number",
    "step",
    "appliance",
    "policy",
    "people",
    "keys",
    "rolled-back",
    "unreadable",
]
"""Why a bundle was refused: ``number``: as low as one that was accepted, or lower; ``step``: higher
by more than is believed; ``appliance``: for another one; ``rolled-back``: the machine's own state
is older than the TPM knows; ``unreadable``: the disc or the credential."""


class Boot(Strict, frozen=True, tag="boot"):
    """The ledger was opened for the first time since the machine started."""

    version: Version
    image: Sha256 | None = None  # root hash of the verified system image, where there is one


class BootMeasured(Strict, frozen=True, tag="boot-measured"):
    """What the machine started with, one event for each thing; without ``digest``: it has none.

    ``image``: root hash of the verified system image, and its ``number``, which only rises.
    ``policy``: digest of the policy in force. ``packs``: SHA-256 over the SHA-256 of the manifest
    of each of ``number`` packs, in hex, sorted, each followed by a line feed. ``attestation-key``:
    fingerprint of the key by which the TPM vouches for its registers; without it no TPM answered,
    and no register is recorded. ``pcr-N``: the value of a register in the bank of SHA-256.
    """

    what: Measured
    digest: Sha256 | None = None
    number: Count | None = None


class SealResult(Strict, frozen=True, tag="seal-result"):
    """A process gave up network and disk and then tried to escape; it runs only if it failed."""

    result: Literal["sealed", "refused"]
    layers: tuple[Layer, ...]  # those in force
    landlock_abi: Annotated[int, msgspec.Meta(ge=0, le=100)]
    tried: Count  # escapes that the process attempted
    escaped: Count  # escapes that succeeded
    session: SessionId | None = None  # the daemon sets it for the worker of a session


class PolicyLoaded(Strict, frozen=True, tag="policy-loaded"):
    """This policy applies from here on."""

    policy: Sha256
    preset: Literal["clinic", "studio", "embedded", "own"]
    session: SessionId | None = None  # the daemon sets it for the worker of a session


class ModelPackLoaded(Strict, frozen=True, tag="model-pack-loaded"):
    """These models are used from here on. ``pack``: SHA-256 of the manifest."""

    pack: Sha256
    models: Count
    signature: Literal["valid", "absent"]
    session: SessionId | None = None  # the daemon sets it for the worker of a session


class EscapeAttempt(Strict, frozen=True, tag="escape-attempt"):
    """A sealed process tried something that a layer of the seal blocks."""

    layer: Layer
    what: Literal[
        "socket", "subprocess", "exec", "dlopen", "import", "file", "syscall", "packet", "device"
    ]
    times: Count
    session: SessionId | None = None


class DeviceRefused(Strict, frozen=True, tag="device-refused"):
    """A USB device was plugged in that is not allowed. ``device``: what it says it is."""

    device: Literal["storage", "keyboard", "pointer", "hub", "network", "radio", "camera", "other"]


class Provisioned(Strict, frozen=True, tag="provisioned"):
    """The site's settings, people and keys are those of a bundle from here on.

    ``number``: the bundle's. ``bundle``: SHA-256 of what was signed. ``trust``: two keys of the
    bundle before signed it, or, where there was none, two of its own.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)]
    bundle: Sha256
    trust: Literal["signers", "first-use"]


class ProvisioningRefused(Strict, frozen=True, tag="provisioning-refused"):
    """A bundle was refused, and nothing changed. ``bundle``: SHA-256 of the file."""

    reason: ProvisioningReason
    bundle: Sha256 | None = None


class UpdateInstalled(Strict, frozen=True, tag="update-installed"):
    """An update lies whole in the slot that is not running; it is started from the next boot on.

    ``number``: which image it is. ``image``: root hash of its verity tree. The entry is made last
    but one: after a power cut in between, the update is installed again.
    """

    number: Count
    image: Sha256


class UpdateRefused(Strict, frozen=True, tag="update-refused"):
    """An update was not installed; what runs, and what is started next, is as before.

    ``unreadable``: cut short, or no update. ``signature``: not by a key that the image trusts.
    ``foreign``: of another kind of image. ``older``: not newer than what this machine has run.
    ``too-large``: for its place on the disk. ``altered``: a part is not what was signed.
    ``unsteady``: read twice, it was not the same. ``slot``: the disk does not hold what was
    written. ``esp``: the boot partition is damaged or full. ``disk``: there is not one disk with
    the running image, or it fails. ``tpm``: it does not say which image was the newest. ``number``:
    of the update, where its signature was good.
    """

    reason: Literal[
        "unreadable",
        "signature",
        "foreign",
        "older",
        "too-large",
        "altered",
        "unsteady",
        "slot",
        "esp",
        "disk",
        "tpm",
    ]
    number: Count | None = None
