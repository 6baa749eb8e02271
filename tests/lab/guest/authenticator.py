"""What a FIDO2 security key knows and does, in software: CTAP 2.0, ES256, with a PIN.

It answers what libfido2 asks: makeCredential, getAssertion, getInfo, clientPIN with protocol 1
(CTAP 2.1, sections 6.1, 6.2, 6.4, 6.5). How the bytes come and go is ``ctaphid.py``'s.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.lab.guest import cbor

_AAGUID = b"APPLIANCE-LAB-01"
_PIN_RETRIES = 8


class RefusedError(Exception):
    """A status code of CTAP2 other than success."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


_NO_CREDENTIALS, _NOT_ALLOWED, _ACTION_TIMEOUT = 0x2E, 0x30, 0x2F
_PIN_INVALID, _PIN_BLOCKED, _PIN_AUTH_INVALID, _PIN_REQUIRED = 0x31, 0x32, 0x33, 0x36


class Authenticator:
    """A key whose credentials are kept in the file ``state``; ``touched`` waits for the finger."""

    def __init__(self, pin: str, touched: Callable[[], bool], state: Path) -> None:
        self._pin_hash = hashlib.sha256(pin.encode()).digest()[:16]
        self._touched = touched
        self._retries = _PIN_RETRIES
        self._agreement = ec.generate_private_key(ec.SECP256R1())
        self._pin_token = os.urandom(32)
        self._counter = int(time.time())
        self._keys: dict[bytes, tuple[bytes, ec.EllipticCurvePrivateKey]] = {}
        self._state = state
        for line in state.read_text().splitlines() if state.exists() else []:
            identifier, rp, secret = line.split()
            key = ec.derive_private_key(int(secret, 16), ec.SECP256R1())
            self._keys[bytes.fromhex(identifier)] = (bytes.fromhex(rp), key)

    def answer(self, request: bytes) -> bytes:
        """Status byte and CBOR of one command."""
        command = request[0]
        asked = cbor.decode(request[1:]) if len(request) > 1 else {}
        handlers = {1: self._make, 2: self._assert, 6: self._client_pin}
        if command == 4:
            return b"\0" + cbor.encode(self._info())
        if command not in handlers:
            return b"\x01"
        try:
            reply = handlers[command](asked)
        except RefusedError as refused:
            return bytes([refused.status])
        return b"\0" + (cbor.encode(reply) if reply else b"")

    def registered(self, user: str, relying_party: str) -> str:
        """A new credential, as the line of pam_u2f's file that ``pamu2fcfg -N`` prints."""
        rp = hashlib.sha256(relying_party.encode()).digest()
        identifier, key = self._new_key(rp)
        point = key.public_key().public_numbers()
        public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        handle, public_key = (base64.b64encode(part).decode() for part in (identifier, public))
        return f"{user}:{handle},{public_key},es256,+presence+pin"

    def _new_key(self, rp: bytes) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
        key, identifier = ec.generate_private_key(ec.SECP256R1()), os.urandom(32)
        self._keys[identifier] = (rp, key)
        with self._state.open("a") as file:
            secret = key.private_numbers().private_value
            file.write(f"{identifier.hex()} {rp.hex()} {secret:x}\n")
        return identifier, key

    def _info(self) -> dict[int, Any]:
        options = {"rk": False, "up": True, "plat": False, "clientPin": True}
        return {1: ["FIDO_2_0"], 3: _AAGUID, 4: options, 5: 1200, 6: [1]}

    def _client_pin(self, asked: dict[int, Any]) -> dict[int, Any]:
        what = asked[2]
        if what == 1:
            return {3: self._retries}
        if what == 2:
            return {1: self._agreement_key()}
        if what == 5:
            return {2: self._give_pin_token(asked)}
        raise RefusedError(0x01)

    def _agreement_key(self) -> dict[int, Any]:
        point = self._agreement.public_key().public_numbers()
        return {
            1: 2, 3: -25, -1: 1,
            -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big"),
        }  # fmt: skip

    def _give_pin_token(self, asked: dict[int, Any]) -> bytes:
        if not self._retries:
            raise RefusedError(_PIN_BLOCKED)
        peer = ec.EllipticCurvePublicNumbers(
            int.from_bytes(asked[3][-2], "big"), int.from_bytes(asked[3][-3], "big"),
            ec.SECP256R1(),
        ).public_key()  # fmt: skip
        shared = hashlib.sha256(self._agreement.exchange(ec.ECDH(), peer)).digest()
        cipher = Cipher(algorithms.AES(shared), modes.CBC(bytes(16)))
        decryptor = cipher.decryptor()
        given = decryptor.update(asked[6]) + decryptor.finalize()
        self._agreement = ec.generate_private_key(ec.SECP256R1())
        if not hmac.compare_digest(given, self._pin_hash):
            self._retries -= 1
            raise RefusedError(_PIN_INVALID if self._retries else _PIN_BLOCKED)
        self._retries = _PIN_RETRIES
        encryptor = cipher.encryptor()
        return encryptor.update(self._pin_token) + encryptor.finalize()

    def _verified(self, data: bytes, proof: bytes | None) -> bool:
        if proof is None:
            return False
        expected = hmac.digest(self._pin_token, data, "sha256")[:16]
        if not hmac.compare_digest(expected, proof):
            raise RefusedError(_PIN_AUTH_INVALID)
        return True

    def _finger(self) -> None:
        if not self._touched():
            raise RefusedError(_ACTION_TIMEOUT)

    def _make(self, asked: dict[int, Any]) -> dict[int, Any]:
        if not self._verified(asked[1], asked.get(8)):
            raise RefusedError(_PIN_REQUIRED)
        self._finger()
        rp = hashlib.sha256(asked[2]["id"].encode()).digest()
        identifier, key = self._new_key(rp)
        point = key.public_key().public_numbers()
        cose = cbor.encode({
            1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big"),
        })  # fmt: skip
        attested = _AAGUID + struct.pack(">H", len(identifier)) + identifier + cose
        data = self._authenticator_data(rp, 0x45) + attested
        signature = key.sign(data + asked[1], ec.ECDSA(hashes.SHA256()))
        return {1: "packed", 2: data, 3: {"alg": -7, "sig": signature}}

    def _assert(self, asked: dict[int, Any]) -> dict[int, Any]:
        rp = hashlib.sha256(asked[1].encode()).digest()
        verified = self._verified(asked[2], asked.get(6))
        for wanted in asked.get(3, []):
            known = self._keys.get(wanted["id"])
            if known is None or known[0] != rp:
                continue
            present = asked.get(5, {}).get("up", True)
            if present:
                self._finger()
            data = self._authenticator_data(rp, present * 0x01 | verified * 0x04)
            signature = known[1].sign(data + asked[2], ec.ECDSA(hashes.SHA256()))
            return {1: {"id": wanted["id"], "type": "public-key"}, 2: data, 3: signature}
        raise RefusedError(_NO_CREDENTIALS)

    def _authenticator_data(self, rp: bytes, flags: int) -> bytes:
        self._counter += 1
        return rp + bytes([flags]) + struct.pack(">I", self._counter)
