"""A passkey in a few lines, for tests that need no browser: a P-256 key that answers what `navigator.credentials` would."""

from __future__ import annotations

import hashlib
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


class SoftPasskey:
    """One discoverable credential of one relying party."""

    def __init__(self, rp: str = "localhost", origin: str = "http://localhost") -> None:
        self.rp, self.origin = rp, origin
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = secrets.token_bytes(16)
        self._user = b""

    def create(self, options: str, flags: int = PRESENT | VERIFIED) -> str:
        """The answer to options for a new passkey."""
        asked = json.loads(options)["publicKey"]
        self._user = websafe_decode(asked["user"]["id"])
        public = AttestedCredentialData.create(Aaguid(bytes(16)), self._id, ES256.from_cryptography_key(self._key.public_key()))
        data = AuthenticatorData.create(self._rp_hash(), AuthenticatorData.FLAG(flags | HAS_KEY), 0, bytes(public))
        told = self._told("webauthn.create", asked["challenge"])
        return self._answer({"attestationObject": websafe_encode(bytes(AttestationObject.create("none", data, {}))), "clientDataJSON": websafe_encode(told)})

    def get(self, options: str, *, flags: int = PRESENT | VERIFIED, origin: str = "") -> str:
        """The answer to options for using it."""
        told = self._told("webauthn.get", json.loads(options)["publicKey"]["challenge"], origin)
        data = bytes(AuthenticatorData.create(self._rp_hash(), AuthenticatorData.FLAG(flags), 1))
        signature = self._key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "authenticatorData": websafe_encode(data), "clientDataJSON": websafe_encode(told), "signature": websafe_encode(signature),
                "userHandle": websafe_encode(self._user),
            }
        )

    def _told(self, sort: str, challenge: str, origin: str = "") -> bytes:
        return json.dumps({"type": sort, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": False}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        name = websafe_encode(self._id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": response})

    def _rp_hash(self) -> bytes:
        return hashlib.sha256(self.rp.encode()).digest()
