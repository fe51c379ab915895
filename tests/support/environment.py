"""Settings of the application under test. Every secret in them is random, recognisable and in the canaries."""

import base64
import secrets

from tests.support.canaries import Canaries

# A port on which nothing listens: tests in one process that never reach Pagero need an address all the same.
NOWHERE = "http://127.0.0.1:9"


def encryption_key(canaries: Canaries, key_id: str = "test-1") -> str:
    """`id:base64` of a new key; the key itself is a canary as base64 and as hex."""
    raw = secrets.token_bytes(32)
    canaries.add("encryption key", base64.b64encode(raw).decode())
    canaries.add("encryption key in hex", raw.hex())
    return f"{key_id}:{base64.b64encode(raw).decode()}"


def settings_for(
    public_url: str, database_url: str, keys: str, pagero: dict[str, str] | None = None, **changes: str
) -> dict[str, str]:
    """A complete environment for the application; `changes` win."""
    return {
        "PUBLIC_URL": public_url,
        "DATABASE_URL": database_url,
        "ENCRYPTION_KEYS": keys,
        "LOG_LEVEL": "DEBUG",
        "WEB_WORKERS": "2",
        "WEB_THREADS": "32",
        **(pagero or nowhere()),
        **{name.upper(): value for name, value in changes.items()},
    }


def nowhere() -> dict[str, str]:
    """Settings of a Pagero that cannot be reached."""
    return {
        "PAGERO_CLIENT_ID": "sandbox-client",
        "PAGERO_CLIENT_SECRET": f"client-secret-{secrets.token_hex(16)}",
        "PAGERO_AUTHORIZE_URL": f"{NOWHERE}/oauth/v2/oauth-authorize",
        "PAGERO_TOKEN_URL": f"{NOWHERE}/oauth/v2/oauth-token",
        "PAGERO_REVOKE_URL": f"{NOWHERE}/oauth/v2/oauth-revoke",
        "PAGERO_API_URL": NOWHERE,
    }
