"""What a bundle says: a frozen, bounded document with one form in bytes (RFC 8785).

JSON and not TOML: in RFC 8785 a document is one line, so that a bundle can be split without a
parser; and it has one form, so that a hash names what it says.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec
import rfc8785
from msgspec import Meta

from appliance.errors import PolicyError, ReleaseError
from appliance.policy.load import LIMIT as POLICY_LIMIT
from appliance.policy.load import parse
from appliance.policy.policy import Device, Policy, Role
from appliance.provisioning.refusal import RefusedError
from appliance.release.keys import check_anchor
from appliance.release.provenance.signing_key import SigningKey
from appliance.release.watermark.message import KEY_BYTES
from appliance.signatures.minisign import PublicKey, SignatureError

MOST_NUMBER: Final = 2**31 - 1
MOST_PEOPLE: Final = 256
MOST_SIGNERS: Final = 16
LEAST_SIGNERS: Final = 2
"""Two people sign a bundle, so no fewer may be named."""

_PEM_LIMIT = 1 << 16  # characters, as appliance.release.keys reads them

# As appliance.session.login takes names. Those of the system's own users are refused: PAM would
# take the person for one of them.
PersonName = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9._-]{0,31}\Z")]
_SYSTEMS_OWN = re.compile(r"\A(root|nobody|daemon|bin|sys|appliance(-.*)?|systemd-.*)\Z")
# As `pamu2fcfg -N` prints it after the name: handle, key, algorithm, options.
TokenLine = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9+/]{16,1400}={0,2},[A-Za-z0-9+/]{40,200}={0,2},"
        r"(es256|eddsa|rs256),(\+(presence|pin|verification)){1,3}\Z"
    ),
]
KeyLine = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/]{56}\Z")]
ApplianceId = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,63}\Z")]
Pem = Annotated[str, Meta(min_length=1, max_length=_PEM_LIMIT)]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Unknown fields are errors; what has its default is left out."""


class Signer(_Strict, frozen=True):
    """A person who may sign the next bundle. ``key``: the second line of a minisign ``.pub``."""

    name: PersonName
    key: KeyLine


class Person(_Strict, frozen=True):
    """A person who logs in. ``token``: a line of pam_u2f's file, without the name."""

    name: PersonName
    roles: Annotated[tuple[Role, ...], Meta(max_length=4)] = ()
    token: TokenLine | None = None


class ReleaseFiles(_Strict, frozen=True):
    """The keys that sign and mark releases, as ``appliance release keys`` writes them."""

    certificate: Pem
    key: Annotated[str, Meta(min_length=1, max_length=_PEM_LIMIT)]
    watermark: Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    anchor: Pem

    def files(self) -> dict[str, bytes]:
        """Their contents, by the names of ``appliance.release.keys``."""
        return {
            "release.pem": self.certificate.encode(),
            "release.key": self.key.encode(),
            "watermark.key": self.watermark,
            "anchor.pem": self.anchor.encode(),
        }


class Document(_Strict, frozen=True):
    """All that a site sets. Who is not in it any more can log in no more.

    ``number`` rises with each bundle. ``policy``: the text of the policy file.
    ``workspace_device``: the device that keepers may overwrite, if the policy names one.
    ``factory_reset``: all that a machine holds is erased first.
    """

    appliance: ApplianceId
    number: Annotated[int, Meta(ge=1, le=MOST_NUMBER)]
    policy: Annotated[str, Meta(min_length=1, max_length=POLICY_LIMIT)]
    signers: Annotated[tuple[Signer, ...], Meta(min_length=LEAST_SIGNERS, max_length=MOST_SIGNERS)]
    people: Annotated[tuple[Person, ...], Meta(max_length=MOST_PEOPLE)] = ()
    workspace_device: Device | None = None
    release: ReleaseFiles | None = None
    factory_reset: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether it holds a private key."""
        return self.release is not None

    def encoded(self) -> bytes:
        """Its one form in bytes: a line of RFC 8785, without the end of line."""
        return rfc8785.dumps(msgspec.to_builtins(self))

    @classmethod
    def decoded(cls, line: bytes) -> Document:
        """The document of a ``line``. Raises ``RefusedError`` if it is not the form of one."""
        try:
            document = msgspec.json.decode(line, type=cls, strict=True)
            canonical = document.encoded()
        except (msgspec.DecodeError, rfc8785.CanonicalizationError, ValueError) as error:
            raise _malformed() from error
        if canonical != line:
            raise _malformed()
        return document

    def check(self) -> Policy:
        """The policy, if all parts are sound and fit each other; raises ``RefusedError`` if not."""
        self.signer_keys()
        self._check_people()
        try:
            policy = parse(self.policy.encode())
        except PolicyError as error:
            raise RefusedError(error.message, error.hint, "policy") from error
        if policy.workspace.device != self.workspace_device:
            raise RefusedError(
                "The device for workspaces is not the one that the policy names.",
                "Name the same in both, or in neither.",
                "policy",
            )
        if policy.token.method == "fido2" and any(one.token is None for one in self.people):
            raise RefusedError(
                "The policy asks for FIDO2 tokens, and a person has none.",
                "Register a token for each person (pamu2fcfg).",
                "people",
            )
        if self.release is not None:
            _check_release(self.release)
        return policy

    def signer_keys(self) -> dict[str, PublicKey]:
        """The keys of the signers by their names.

        Raises ``RefusedError`` if two share a key or a name, or if a key is not sound.
        """
        try:
            keys = {one.name: PublicKey.parse(one.key) for one in self.signers}
        except SignatureError as error:
            raise RefusedError(error.message, error.hint, "signatures") from error
        ids, points = {key.id for key in keys.values()}, {key.key for key in keys.values()}
        if min(len(keys), len(ids), len(points)) < len(self.signers):
            raise RefusedError(
                "Two signers have one name or one key.",
                "Name different people, each with a key of their own.",
                "signatures",
            )
        return keys

    def _check_people(self) -> None:
        names = [one.name for one in self.people]
        if any(_SYSTEMS_OWN.match(name) for name in names):
            raise RefusedError(
                "A person has the name of a user of the system.", "Choose another.", "people"
            )
        if len({*names}) < len(names) or any(
            len({*one.roles}) < len(one.roles) for one in self.people
        ):
            raise RefusedError(
                "A person or a role of one is named twice.", "Name each once.", "people"
            )
        parts = [part for one in self.people for part in (one.token or "").split(",")[:2] if part]
        if len({*parts}) < len(parts):
            raise RefusedError(
                "Two people have the same token.", "Register a token for each person.", "people"
            )


def _check_release(release: ReleaseFiles) -> None:
    """Raise ``RefusedError`` unless key and certificate belong together."""
    try:
        signing = SigningKey.from_pem(release.certificate.encode(), release.key.encode())
        check_anchor(release.anchor.encode(), signing)
    except ReleaseError as error:
        raise RefusedError(error.message, error.hint, "keys") from error


def _malformed() -> RefusedError:
    return RefusedError(
        "The bundle is not one of this version's form.",
        "Make it again with `appliance provision make`.",
    )
