"""Reading JWTs that Pagero signed, with joserfc.

Refuses every algorithm but RS, PS and ES: `none`, and HS with which a public key could be used as a shared secret.
Refuses critical extensions, unencoded payloads, repeated members. Keys come from the configured JWKS only, never from
the token's own header.
"""

from collections.abc import Callable
from typing import Any

from joserfc import jws
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.util import urlsafe_b64decode

from app.pagero.token_answers import read_object

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
Keys = Callable[[bool], KeySet]
"""Gives the key set; True asks for a newer one."""


class NotSigned(ValueError):
    """The token is not a JWT, or not signed as it should be. The text is ours."""


class _Registry(jws.JWSRegistry):
    max_header_length = 8192  # certificates (x5c) may be in it


_registry = _Registry(algorithms=ALGORITHMS, strict_check_header=False)  # unknown header members are ignored


def read_jwt(token: str, keys: Keys | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims. Without `keys` the signature is not checked, but its algorithm is. Raises NotSigned."""
    try:
        seen = jws.extract_compact(token.encode("ascii"), registry=_registry)
        header = read_object(urlsafe_b64decode(seen.segments["header"]))
        claims = read_object(seen.payload or b"")
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise NotSigned("not a JWT") from None
    if header.get("alg") not in ALGORITHMS:
        raise NotSigned("its algorithm is not allowed")
    if "crit" in header or "b64" in header:
        raise NotSigned("it has a critical extension")
    if keys is not None:
        _verify(seen, keys)
    return header, claims


def _verify(seen: jws.CompactSignature, keys: Keys) -> None:
    fault = _fault(seen, keys(False))
    if fault is InvalidKeyIdError or (fault and not seen.headers().get("kid")):  # the keys may have changed
        fault = _fault(seen, keys(True))
    if fault is not None:
        raise NotSigned("no published key has its key id" if fault is InvalidKeyIdError else "its signature is wrong")


def _fault(seen: jws.CompactSignature, keys: KeySet) -> type[Exception] | None:
    try:
        return None if jws.validate_compact(seen, keys, registry=_registry) else ValueError
    except (JoseError, ValueError, TypeError) as error:
        return type(error)
