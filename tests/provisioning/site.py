"""A site with people, keys and bundles, and a machine that they are applied to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from appliance.policy.policy import Role
from appliance.provisioning.applying import Provisioning
from appliance.provisioning.bundle import Bundle
from appliance.provisioning.document import Document, Person, ReleaseFiles, Signer
from appliance.provisioning.numbers import Numbers
from appliance.provisioning.place import Place
from appliance.release.provenance.identity import make_identity
from appliance.signatures.minisign import SecretKey
from tests.paths import REPOSITORY

POLICY = (REPOSITORY / "policies/clinic.yaml").read_text()
ANNA, BEN, CLEO, MALLORY, OSCAR = (SecretKey.generate() for _ in range(5))


def token(letter: str) -> str:
    """As pamu2fcfg prints it after the name."""
    return f"{letter * 128},{letter.lower() * 88},es256,+presence+pin"


def person(name: str, *roles: Role) -> Person:
    return Person(name, roles, token(name[0].upper()))


PEOPLE = (person("dora", "clinician"), person("emil", "approver", "auditor"))


def document(number: int = 1, **changes: object) -> Document:
    """A sound document; ``changes``: other values of its fields."""
    sound = Document(
        appliance="ward-3",
        number=number,
        policy=POLICY,
        signers=(Signer("anna", ANNA.public.line), Signer("ben", BEN.public.line)),
        people=PEOPLE,
    )
    return msgspec.structs.replace(sound, **changes)


def bundle(
    made: Document | None = None, keys: Sequence[SecretKey] = (ANNA, BEN), **changes: object
) -> bytes:
    """The bytes of a bundle that ``keys`` signed."""
    unsigned = Bundle((made or document(**changes)).encoded())  # type: ignore[arg-type]
    for key in keys:
        unsigned = unsigned.with_signature(key)
    return unsigned.encoded()


def release_files() -> ReleaseFiles:
    made = make_identity("Clinic")
    return ReleaseFiles(made.chain.decode(), made.key.decode(), bytes(32), made.anchor.decode())


def sealed(name: str, data: bytes) -> bytes:
    """Stands for systemd-creds."""
    return f"sealed {name} ".encode() + data[::-1]


@dataclass
class Machine:
    """Its disk below ``folder``, and its TPM if it has one."""

    folder: Path
    numbers: Numbers | None = None
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "keys").mkdir(parents=True)
        self.place = Place(self.folder / "site", self.folder / "keys", os.getgid())

    @property
    def provisioning(self) -> Provisioning:
        return Provisioning(self.place, self.numbers, sealed)

    def restart(self) -> int | None:
        """The number of the bundle that is in force afterwards."""
        present = self.provisioning.recover()
        return present.number if present else None

    def start_with(self, data: bytes) -> None:
        """As a machine does that finds a bundle on a disc."""
        self.provisioning.recover()
        self.provisioning.apply(data)

    def files(self) -> dict[str, bytes | str]:
        """What is in force: contents, or where links lead."""
        return {
            str(path.relative_to(self.place.site)): (
                str(path.readlink()) if path.is_symlink() else path.read_bytes()
            )
            for path in self.place.site.rglob("*")
            if path.is_symlink() or path.is_file()
        }
