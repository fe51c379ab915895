"""The keys that sign the sandbox's tokens, and their public half as JWKS. Made anew at every start; can be rotated."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from threading import Lock
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import RSAKey

PUBLIC_MEMBERS = ("kty", "n", "e", "kid", "x5t", "use", "alg")


class SigningKey:
    """One RSA key with its `kid` and `x5t`; having no certificate, `x5t` is a thumbprint of the key."""

    def __init__(self) -> None:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.x5t = _base64(hashlib.sha1(der, usedforsecurity=False).digest())
        self.kid = str(int.from_bytes(hashlib.sha256(der).digest()[:4], "big"))  # Curity's kids are decimal
        self.key = RSAKey.import_key(private)

    def public(self) -> dict[str, Any]:
        """The JWK for the world."""
        members = self.key.as_dict(private=False) | {"kid": self.kid, "x5t": self.x5t, "use": "sig", "alg": "RS256"}
        return {name: members[name] for name in PUBLIC_MEMBERS}

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT with RS256 and the header Pagero's tokens have."""
        return jwt.encode({"alg": "RS256", "kid": self.kid, "x5t": self.x5t}, claims, self.key)


class Keys:
    """The current signing key and the older ones still announced."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys = [SigningKey()]

    @property
    def current(self) -> SigningKey:
        """The key that signs now."""
        return self._keys[0]

    def rotate(self, *, keep_old: bool) -> str:
        """Sign with a new key from now on; answers its kid."""
        with self._lock:
            self._keys = [SigningKey(), *(self._keys if keep_old else [])]
            return self.current.kid

    def jwks(self) -> dict[str, Any]:
        """The document at the JWKS URL."""
        return {"keys": [key.public() for key in self._keys]}

    def sign_badly(self, claims: dict[str, Any], manner: str) -> str:
        """A JWT with a wrong signature, as the knob id_token_signature says. ValueError: unknown manner."""
        now = self.current
        if manner == "wrong_key":
            return jwt.encode({"alg": "RS256", "kid": now.kid, "x5t": now.x5t}, claims, SigningKey().key)
        if manner == "no_kid":
            return jwt.encode({"alg": "RS256"}, claims, now.key)
        if manner == "unknown_kid":
            return jwt.encode({"alg": "RS256", "kid": "4711"}, claims, now.key)
        if manner == "none":
            return f"{_part({'alg': 'none'})}.{_part(claims)}."
        if manner == "hs256":  # the public key used as an HMAC secret: CVE-2024-37568 and its relatives
            signed = f"{_part({'alg': 'HS256', 'kid': now.kid})}.{_part(claims)}"
            return f"{signed}.{_base64(hmac.digest(now.pem, signed.encode(), 'sha256'))}"
        raise ValueError(manner)


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _part(members: dict[str, Any]) -> str:
    return _base64(json.dumps(members).encode())
