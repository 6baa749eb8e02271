"""What happens to the machine and its processes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.audit.entries.events.root import Strict
from appliance.audit.entries.fields import Count, Layer, SessionId, Sha256, Version


class Boot(Strict, frozen=True, tag="boot"):
    """The ledger was opened for the first time since the machine started."""

    version: Version
    image: Sha256 | None = None  # root hash of the verified system image, where there is one


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
