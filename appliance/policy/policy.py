"""The policy of a site: every key, its type, its bounds and its strict default.

The bounds are part of the types, so that no :class:`Policy` exists outside them, and the JSON
Schema for editors says the same. A value marked "fixed" may be written down but not changed.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Layer = Literal["seccomp", "landlock", "guard", "rlimits"]
Provider = Literal["tensorrt", "cuda", "openvino", "directml", "cpu"]
Number = Annotated[int, Meta(ge=1)]
Name = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,31}\Z")]
Clock = Annotated[str, Meta(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
Licence = Annotated[str, Meta(min_length=1, max_length=100)]
# minisign's public key: 2 bytes of algorithm, 8 of key id, 32 of Ed25519, in base64.
PublicKey = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/]{56}\Z")]
Device = Annotated[str, Meta(pattern=r"\A/dev/[A-Za-z0-9/_-]+\Z")]

# The Schema's way to say that a value is fixed; appliance.policy.load refuses the other one.
Never = Annotated[bool, Meta(extra_json_schema={"const": False})]
Always = Annotated[bool, Meta(extra_json_schema={"const": True})]

# Regulation (EU) 2024/1689, Article 26(6): logs are kept for at least six months.
LEGAL_FLOOR_DAYS = 183


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of keys; a key that is not named has its default, an unknown one is an error."""


class System(Section, frozen=True):
    """The machine. ``allow_network`` is fixed to false."""

    allow_network: Never = False
    log_level: Literal["warning", "error", "critical"] = "warning"


class Seal(Section, frozen=True):
    """How a process gives up network and disk.

    ``minimum``: the layers without which no work is done; a kernel that lacks another is reported
    and used. ``seccomp`` is fixed to be among them.
    """

    minimum: Annotated[tuple[Layer, ...], Meta(min_length=1)] = ("seccomp", "landlock", "rlimits")


class Engine(Section, frozen=True):
    """What computes. ``providers``: tried in order. ``gpu``: whether its devices are opened."""

    providers: Annotated[tuple[Provider, ...], Meta(min_length=1)] = ("cpu",)
    gpu: bool = False


class Models(Section, frozen=True):
    """Which packs are used.

    ``keys``: minisign public keys of those who may sign one; nobody has to for the starter pack.
    ``licences``: SPDX expressions that are accepted; a pack with any other is refused.
    """

    keys: tuple[PublicKey, ...] = ()
    licences: tuple[Licence, ...] = ("Apache-2.0", "BSD-3-Clause", "MIT")


MOST_SLOTS = 8
"""As many as there are users and sockets for: see ``hardening/sysusers``."""


class Workspace(Section, frozen=True):
    """Where a session works.

    ``backend``: ``luks`` on ``backing``, or ``memory``, a private tmpfs where there is no
    device-mapper. ``backing``: ``file``, a sparse file, or ``device``, the partition or logical
    volume that is named. ``size_mib`` and ``inodes`` bound it; ``slots`` is how many may be open.
    """

    backend: Literal["luks", "memory"] = "luks"
    backing: Literal["file", "device"] = "file"
    device: Device | None = None
    size_mib: Annotated[int, Meta(ge=64, le=64 << 20)] = 20 << 10
    inodes: Annotated[int, Meta(ge=1_000, le=100_000_000)] = 100_000
    slots: Annotated[int, Meta(ge=1, le=MOST_SLOTS)] = MOST_SLOTS


class Session(Section, frozen=True):
    """How long a visit lasts: without a touch, in all, and locked without its token.

    Seconds; when the last two are over the session is wiped.
    """

    idle_seconds: Annotated[int, Meta(ge=30, le=3_600)] = 600
    absolute_seconds: Annotated[int, Meta(ge=300, le=86_400)] = 8 * 3_600
    grace_seconds: Annotated[int, Meta(ge=0, le=3_600)] = 300


class Token(Section, frozen=True):
    """How a person proves who it is; a password is no way.

    After ``attempts`` refusals in a row a login waits ``back_off_seconds``, doubled each time.
    """

    method: Literal["fido2", "smart-card"] = "fido2"
    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    back_off_seconds: Annotated[int, Meta(ge=1, le=3_600)] = 30


class Wipe(Section, frozen=True):
    """How a session ends: its key is destroyed always, its blocks are discarded too if asked for.

    Terms of NIST SP 800-88 r2. ``daily``: when caches of studio projects are wiped, local time.
    """

    method: Literal["cryptographic-erase", "cryptographic-erase-and-discard"] = (
        "cryptographic-erase-and-discard"
    )
    daily: Clock = "03:00"


class Audit(Section, frozen=True):
    """The ledger, and how long it is kept."""

    retention_days: Annotated[int, Meta(ge=LEGAL_FLOOR_DAYS, le=36_525)] = LEGAL_FLOOR_DAYS


class Export(Section, frozen=True):
    """How a result leaves: on a disc, labelled, released by another person. All fixed."""

    medium: Literal["disc"] = "disc"
    second_person: Always = True
    label: Always = True


class Gate(Section, frozen=True):
    """What must be true before a face is applied.

    ``same_person``: source and target are one person, by ``likeness``, the SFace cosine from which
    two faces count as one person's (OpenCV Zoo: 0.363). ``consent``: its reference is asked for.
    """

    same_person: bool = True
    likeness: Annotated[float, Meta(ge=0.2, le=1.0)] = 0.363
    consent: bool = True


class Project(Section, frozen=True):
    """A studio's project: who works on it, and for how many days its workspace is kept."""

    name: Name
    members: Annotated[tuple[Name, ...], Meta(min_length=1)]
    days: Annotated[int, Meta(ge=1, le=366)] = 1


class Policy(Section, frozen=True):
    """All that a site decides."""

    system: System = System()
    seal: Seal = Seal()
    engine: Engine = Engine()
    models: Models = Models()
    workspace: Workspace = Workspace()
    session: Session = Session()
    token: Token = Token()
    wipe: Wipe = Wipe()
    audit: Audit = Audit()
    export: Export = Export()
    gate: Gate = Gate()
    projects: tuple[Project, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of :attr:`canonical`: what signed records name.

        Of the values and not of the file: a comment does not change it, a new default does.
        """
        return hashlib.sha256(self.canonical).hexdigest()

    @property
    def canonical(self) -> bytes:
        """Every key with its value, as JSON with sorted keys and no blanks."""
        return msgspec.json.encode(self, order="sorted")


# What a person's own `appliance swap` on a laptop follows: nobody else is there to release a
# result or to ask for consent, and nothing is asked of the machine but the walls of the kernel.
EMBEDDED = Policy(
    seal=Seal(minimum=("seccomp",)),
    engine=Engine(providers=("tensorrt", "cuda", "openvino", "directml", "cpu"), gpu=True),
    workspace=Workspace(backend="memory"),
    gate=Gate(same_person=False, consent=False),
)
