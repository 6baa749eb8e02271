"""The policy of a site: every key, its type, its bounds and its strict default.

The bounds are part of the types, so that no :class:`Policy` exists outside them, and the JSON
Schema for editors says the same. A value marked "fixed" may be written down but not changed.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from appliance.policy.handles import LONGEST_DRAG, WIDEST, HandleName

Layer = Literal["seccomp", "landlock", "guard", "rlimits"]
Role = Literal["clinician", "approver", "auditor", "administrator"]
Provider = Literal["tensorrt", "cuda", "openvino", "directml", "cpu"]
Name = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,31}\Z")]
Clock = Annotated[str, Meta(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
Licence = Annotated[str, Meta(min_length=1, max_length=100)]
# minisign's public key: 2 bytes of algorithm, 8 of key id, 32 of Ed25519, in base64.
PublicKey = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/]{56}\Z")]
Device = Annotated[str, Meta(pattern=r"\A/dev/[A-Za-z0-9/_-]+\Z")]

# How the JSON Schema states a fixed value; appliance.policy.load refuses any other.
Never = Annotated[bool, Meta(extra_json_schema={"const": False})]
Always = Annotated[bool, Meta(extra_json_schema={"const": True})]

# Each key is read by the code that enforces it, which a test holds; these two marks say of a key
# why it is not. See appliance.policy.enforcement.
NotYet = Meta(
    description="Not enforced yet: nothing reads this key.", extra={"enforced": "not yet"}
)
Anyway = Meta(extra={"enforced": "anyway"})  # whatever the policy says, so nothing needs to ask

# Regulation (EU) 2024/1689, Article 26(6): logs are kept for at least six months.
LEGAL_FLOOR_DAYS = 183


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of keys; a missing key has its default, an unknown one is an error."""


class System(Section, frozen=True):
    """The machine. ``allow_network`` is fixed to false."""

    allow_network: Annotated[Never, Anyway] = False
    log_level: Literal["warning", "error", "critical"] = "warning"


class Seal(Section, frozen=True):
    """How a process gives up network and disk.

    ``minimum``: the layers without which no work is done; the lack of any other is only reported.
    ``seccomp`` is always among them.
    """

    minimum: Annotated[tuple[Layer, ...], Meta(min_length=1)] = ("seccomp", "landlock", "rlimits")


class Engine(Section, frozen=True):
    """Where networks run. ``providers``: tried in order. ``gpu``: whether one may be opened."""

    providers: Annotated[tuple[Provider, ...], Meta(min_length=1)] = ("cpu",)
    gpu: bool = False


class Models(Section, frozen=True):
    """Which packs are used.

    ``keys``: minisign public keys that may sign one; the starter pack needs no signature.
    ``licences``: SPDX expressions that are accepted; a pack with any other is refused.
    """

    keys: tuple[PublicKey, ...] = ()
    licences: tuple[Licence, ...] = ("Apache-2.0", "BSD-3-Clause", "MIT")


MOST_SLOTS = 8
"""The number of users and sockets for workers: see ``hardening/sysusers``."""


class Workspace(Section, frozen=True):
    """The storage of a session.

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
    """How long a session lasts: idle until it locks, in total, and locked until it is wiped.

    All in seconds. It is also wiped at the end of ``absolute_seconds``.
    """

    idle_seconds: Annotated[int, Meta(ge=30, le=3_600)] = 600
    absolute_seconds: Annotated[int, Meta(ge=300, le=86_400)] = 8 * 3_600
    grace_seconds: Annotated[int, Meta(ge=0, le=3_600)] = 300


class Token(Section, frozen=True):
    """How a person authenticates; there are no passwords.

    After ``attempts`` wrong PINs for a name its logins wait ``back_off_seconds``, doubled each
    time. An hour without a try takes one off. A PIV card usually blocks itself at the third, so
    the default waits before that.
    """

    method: Literal["fido2", "smart-card"] = "fido2"
    attempts: Annotated[int, Meta(ge=1, le=10)] = 2
    back_off_seconds: Annotated[int, Meta(ge=1, le=3_600)] = 30


class Wipe(Section, frozen=True):
    """How a session is erased: its key is always destroyed, its blocks are discarded by default.

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
    """How a result leaves: on a disc, labelled, released by a second person. All fixed.

    There is no other way out than a disc, and what makes copies makes none without a label.
    """

    medium: Annotated[Literal["disc"], Anyway] = "disc"
    second_person: Always = True
    label: Annotated[Always, Anyway] = True


class Roles(Section, frozen=True):
    """Which roles may do what; who has which is in root's file of roles.

    ``work``: open and reopen sessions. ``request``: ask for the release of a result. ``approve``:
    look at one and decide, of another person's session. ``audit``: look at the ledger, and take a
    part of it away on a disc. ``administer``: see how the machine is. ``unassigned`` is who is in
    no line of that file: such people may work, and nothing else.
    """

    work: tuple[Role | Literal["unassigned"], ...] = ("clinician", "unassigned")
    request: tuple[Role, ...] = ("clinician",)
    approve: tuple[Role, ...] = ("approver",)
    audit: tuple[Role, ...] = ("auditor",)
    administer: tuple[Role, ...] = ("administrator",)


class Release(Section, frozen=True):
    """The release of a result by a second person.

    ``valid_seconds``: how long a request stands. ``view``: whether the second person may be shown
    a picture of the result, at its full size and with words all over it. ``stills``: the format
    that photos leave in; one that JPEG would take transparency or depth from leaves as PNG.
    ``producer``: the code of the producer in the label of GB 45438-2025. ``corner_mark``: whether a
    film keeps a short mark in its corner to the end; its label is shown for two seconds.
    """

    valid_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 900
    view: bool = False
    stills: Literal["jpeg", "png", "webp", "tiff"] = "jpeg"
    producer: Annotated[str, Meta(max_length=64, pattern=r"\A[ !#-&(-\[\]-~]*\Z")] = ""
    corner_mark: bool = False


class Gate(Section, frozen=True):
    """What must be true before a face is applied.

    ``same_person``: source and target are one person, by ``likeness``, the SFace cosine from which
    two faces count as one person's (OpenCV Zoo: 0.363). ``consent``: a reference to it is required.
    """

    same_person: bool = True
    likeness: Annotated[float, Meta(ge=0.2, le=1.0)] = 0.363
    consent: bool = True


class Simulation(Section, frozen=True):
    """What a simulation may move, and how far. A site narrows it; nothing here widens it.

    ``handles``: those that may be used. ``bounds``: of a handle, the least and the most that may be
    asked for, in its unit, around 0; one that is not named keeps its own. ``drag_mm``: how far a
    place may be dragged by hand, where 0 forbids it. ``regions``: whether regions that are drawn by
    hand may be changed.
    """

    handles: tuple[HandleName, ...] = tuple(WIDEST)
    bounds: dict[HandleName, tuple[float, float]] = msgspec.field(default_factory=dict)
    drag_mm: Annotated[float, Meta(ge=0, le=LONGEST_DRAG)] = LONGEST_DRAG
    regions: bool = True

    @property
    def is_narrower(self) -> bool:
        """Whether all bounds hold 0, where nothing moves, and leave none of the handles' own."""
        return all(
            WIDEST[name][0] <= low <= 0 <= high <= WIDEST[name][1]
            for name, (low, high) in self.bounds.items()
        )


class Project(Section, frozen=True):
    """A studio's project: who works on it, and for how many days its workspace is kept."""

    name: Name
    members: Annotated[tuple[Name, ...], Meta(min_length=1)]
    days: Annotated[int, Meta(ge=1, le=366)] = 1


class Policy(Section, frozen=True):
    """All settings of a site.

    ``training``: to practise with samples. No result leaves, and all that is made says so.
    """

    training: bool = False
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
    roles: Roles = Roles()
    release: Release = Release()
    gate: Gate = Gate()
    simulation: Simulation = Simulation()
    projects: tuple[Project, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of :attr:`canonical`: how signed records name the policy.

        It is of the values and not of the file: a comment does not change it, a new default does.
        """
        return hashlib.sha256(self.canonical).hexdigest()

    @property
    def canonical(self) -> bytes:
        """Every key with its value, as JSON with sorted keys and no spaces."""
        return msgspec.json.encode(self, order="sorted")


# The policy of `appliance swap` on a person's own laptop: there is no second person to release a
# result or to obtain consent, and the machine offers no more than the sandbox of its kernel.
EMBEDDED = Policy(
    seal=Seal(minimum=("seccomp",)),
    engine=Engine(providers=("tensorrt", "cuda", "openvino", "directml", "cpu"), gpu=True),
    workspace=Workspace(backend="memory"),
    gate=Gate(same_person=False, consent=False),
)
