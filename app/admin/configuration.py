"""What administrators see of the settings: what Pagero must know, and what is on. A secret is only ever `present`."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from app.settings import Settings


@dataclass(frozen=True)
class Configuration:
    """The settings that matter between this application and Pagero."""

    client_id: str
    redirect_uri: str
    sign_on_host: str
    api_host: str
    scope: str
    pkce: bool
    token_auth_method: str
    pinned_issuer: str | None
    seen_issuers: tuple[str, ...]
    jwks: bool
    userinfo: bool
    secret_present: bool

    @property
    def unexpected_issuers(self) -> tuple[str, ...]:
        """Issuers accounts came from that are not the pinned one; empty while none is pinned."""
        if self.pinned_issuer is None:
            return ()
        return tuple(issuer for issuer in self.seen_issuers if issuer != self.pinned_issuer)


def configuration(settings: Settings, seen_issuers: list[str]) -> Configuration:
    """The settings as they may be shown."""
    return Configuration(
        client_id=settings.pagero_client_id,
        redirect_uri=settings.redirect_uri,
        sign_on_host=urlsplit(settings.pagero_token_url).netloc,
        api_host=urlsplit(settings.pagero_api_url).netloc,
        scope=settings.pagero_scope,
        pkce=settings.pagero_pkce,
        token_auth_method=settings.pagero_token_auth_method,
        pinned_issuer=settings.pagero_issuer,
        seen_issuers=tuple(seen_issuers),
        jwks=settings.pagero_jwks_url is not None,
        userinfo=settings.pagero_userinfo_url is not None,
        secret_present=bool(settings.pagero_client_secret.get_secret_value()),
    )
