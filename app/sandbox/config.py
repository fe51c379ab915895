"""What the sandbox is started with: addresses, the one client it knows, whom else it trusts. Nothing here changes."""

from dataclasses import dataclass, field
from pathlib import Path

SCOPES = frozenset({"openid", "all"})


@dataclass(frozen=True)
class Trust:
    """Another authorization server whose JWT access tokens the API accepts: its keys, name, and subject → person."""

    jwks_url: str
    issuer: str
    people: dict[str, str]


@dataclass(frozen=True)
class Config:
    """Start-up facts. `base_url` has no trailing slash; redirect URIs are compared byte for byte."""

    base_url: str = "http://127.0.0.1:9400"
    client_id: str = "sandbox-client"
    client_secret: str = field(default="", repr=False)
    redirect_uris: tuple[str, ...] = ("http://127.0.0.1:8000/auth/callback",)
    ledger: Path | None = None
    trust: Trust | None = None

    @property
    def issuer(self) -> str:
        """The issuer identifier; Curity's default place below the base (pagero-api section 1)."""
        return f"{self.base_url}/oauth/v2/oauth-anonymous"
