"""Signs by a key on a PKCS #11 token, in a child.

The vendor's module is foreign code that opens files, devices or sockets as it likes. It runs in a
child (``python -m appliance.release.provenance.token_signer``), which is started before its parent
is sealed and gets nothing but the PIN and what is to be signed; neither the module nor the PIN stay
in the process that has the pictures. The child ends when its parent does.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final, Literal

import msgspec

from appliance.errors import ReleaseError

_HEAD: Final = 4  # bytes of the length in front of each message
_LARGEST: Final = 1 << 20  # bytes of a message
_LONGEST_SIGNATURE: Final = 64  # bytes, of Ed25519 and of ECDSA with P-256
_FAILED: Final = b""


class TokenKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a key is: the PKCS #11 ``module``'s path, and the labels of ``token`` and ``key``."""

    module: str
    token: str
    key: str


class TokenSigner:
    """The child, and the connection to it. It lives as long as this object."""

    def __init__(self, place: TokenKey, pin: str, algorithm: Literal["ed25519", "es256"]) -> None:
        """Log in to the token of ``place``. Raises ``ReleaseError`` if that is not possible."""
        self._connection, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            self._child = os.posix_spawn(
                sys.executable,
                (sys.executable, "-I", "-m", "appliance.release.provenance.token_signer"),
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, number, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_RDWR, 0),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_RDWR, 0),
                ],
                setsid=True,
            )
        wanted = {**msgspec.to_builtins(place), "pin": pin, "algorithm": algorithm}
        if self._ask(json.dumps(wanted).encode()) == _FAILED:
            self.close()
            raise ReleaseError(
                "The token with the key for releases cannot be used.",
                "Check that it is plugged in, its module, the labels, and the PIN: some wrong PINs "
                "block a token.",
            )

    def __del__(self) -> None:
        """End the child."""
        self.close()

    def sign(self, data: bytes) -> bytes:
        """The signature of ``data``, of 64 bytes. Raises ``ReleaseError`` if there is none."""
        if not data or len(signature := self._ask(data)) != _LONGEST_SIGNATURE:
            raise ReleaseError(
                "The token did not sign.", "Plug it in again, and release the result again."
            )
        return signature

    def close(self) -> None:
        """End the child; may be repeated."""
        if self._connection.fileno() < 0:
            return
        self._connection.close()
        with suppress(OSError):  # a sealed process may not wait
            os.waitpid(self._child, 0)

    def _ask(self, message: bytes) -> bytes:
        try:
            _send(self._connection.fileno(), message)
            return _received(self._connection.fileno()) or _FAILED
        except OSError:
            return _FAILED


def _send(descriptor: int, message: bytes) -> None:
    rest = memoryview(len(message).to_bytes(_HEAD, "big") + message)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _received(descriptor: int) -> bytes | None:
    """The next message; ``None`` at the end."""
    head = _exactly(descriptor, _HEAD)
    length = int.from_bytes(head, "big")
    if len(head) < _HEAD or length > _LARGEST:
        return None
    message = _exactly(descriptor, length)
    return message if len(message) == length else None


def _exactly(descriptor: int, length: int) -> bytes:
    """``length`` bytes, or fewer at the end."""
    parts = bytearray()
    while len(parts) < length and (part := os.read(descriptor, length - len(parts))):
        parts += part
    return bytes(parts)


def _serve(descriptor: int) -> None:
    """In the child: log in once, then sign what comes, until the parent is gone."""
    import pkcs11  # noqa: PLC0415 - only the child loads it
    from pkcs11.exceptions import PKCS11Error  # noqa: PLC0415

    first = _received(descriptor)
    if first is None:
        return
    wanted: dict[str, str] = json.loads(first)
    hashed = wanted["algorithm"] == "es256"  # not every token hashes by itself
    mechanism = pkcs11.Mechanism.ECDSA if hashed else pkcs11.Mechanism.EDDSA
    try:
        token = pkcs11.lib(wanted["module"]).get_token(token_label=wanted["token"])
        with token.open(user_pin=wanted["pin"]) as session:
            key: Any = session.get_key(
                object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=wanted["key"]
            )
            _send(descriptor, b"ready")
            while data := _received(descriptor):
                message = sha256(data).digest() if hashed else data
                _send(descriptor, bytes(key.sign(message, mechanism=mechanism)))
    except (PKCS11Error, RuntimeError):  # python-pkcs11 raises the latter for a module
        _send(descriptor, _FAILED)


if __name__ == "__main__":
    with suppress(OSError):
        _serve(0)
