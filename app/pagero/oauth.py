"""Pagero's sign-on host: the address of its login page, the token and revocation endpoints, userinfo and keys.

Authlib builds the requests (RFC 6749, 7009, 7636); pagero.wire sends each once, on a connection of its own, and never
repeats one. Refuses to fall back: neither to the other client authentication nor to a flow without the proof key.
"""

import logging
import re
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote_plus, urlsplit

import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7009 import prepare_revoke_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from app.errors import ClientRefused, PageroError, PageroGarbled, PageroRefusedRequest
from app.pagero.keys import PublicKeys
from app.pagero.records import TokenAnswer
from app.pagero.token_answers import Grant, error_code, read_object, read_token_answer, token_fault
from app.pagero.wire import Reply, Wire
from app.settings import Settings

ANSWER_BYTES = 64 * 1024
BASIC = "client_secret_basic"
_FORM = "application/x-www-form-urlencoded"
_CODE = re.compile(r"[a-z_]{1,64}")

log = structlog.get_logger(__name__)
logging.getLogger("authlib").setLevel(logging.WARNING)  # at DEBUG its client would write the verifier; we use no client


class TokenEndpoint:
    """Calls to the sign-on host. Methods raise only PageroError subclasses, as in catalogue D2."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = _client(settings, settings.pagero_token_auth_method)
        # Pagero's page on revoking has the Basic header only, whatever the token endpoint is told to take.
        self._revoking_client = _client(settings, BASIC)
        self._wires: dict[str, Wire] = {}
        self._keys = PublicKeys(self._fetch_keys)

    def authorize_url(
        self,
        state: str,
        nonce: str | None,
        verifier: str | None,
        prompt: str | None = None,
        ui_locales: str | None = None,
    ) -> str:
        """Where to send the browser (pagero-api.md, 2.1). None leaves a parameter out; `verifier` itself stays here."""
        settings = self._settings
        challenge = create_s256_code_challenge(verifier) if verifier is not None else None
        url: str = prepare_grant_uri(
            settings.pagero_authorize_url,
            settings.pagero_client_id,
            "code",
            redirect_uri=settings.redirect_uri,
            scope=settings.pagero_scope,
            state=state,
            nonce=nonce,
            code_challenge=challenge,
            code_challenge_method="S256" if challenge else None,
            prompt=prompt,
            ui_locales=ui_locales,
        )
        return url

    def exchange_code(self, code: str, verifier: str | None) -> TokenAnswer:
        """The tokens for a code (RFC 6749, 4.1.3). GrantRefused: the code is spent, expired or not for us."""
        body = prepare_token_request(
            "authorization_code", redirect_uri=self._settings.redirect_uri, code=code, code_verifier=verifier
        )
        return self._token("exchange code", "authorization_code", body)

    def refresh(self, refresh_token: str) -> TokenAnswer:
        """New tokens for a refresh token, which is spent by it (RFC 6749, 6). GrantRefused: Pagero ended the grant."""
        return self._token(
            "refresh", "refresh_token", prepare_token_request("refresh_token", refresh_token=refresh_token)
        )

    def revoke(self, token: str, hint: Literal["refresh_token", "access_token"]) -> None:
        """End a token at Pagero (RFC 7009). Returns only if Pagero confirmed; a token it does not know is confirmed."""
        body, _ = prepare_revoke_token_request(token, hint)
        reply = self._post(self._settings.pagero_revoke_url, body, "revoke", self._revoking_client)
        if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            fault = token_fault("revoke", reply.status, reply.headers, reply.body)
            self._report(fault, reply)
            raise fault

    def userinfo(self, access_token: str) -> dict[str, Any]:
        """The claims of PAGERO_USERINFO_URL (OIDC Core, 5.3). Only when it is set."""
        return self._read(self._settings.pagero_userinfo_url, "userinfo", {"Authorization": f"Bearer {access_token}"})

    def jwks(self, refetch: bool = False) -> KeySet:
        """The keys of PAGERO_JWKS_URL, kept for an hour; `refetch` has effect once a minute. Only when it is set."""
        return self._keys.get(refetch)

    def _fetch_keys(self) -> dict[str, Any]:
        return self._read(self._settings.pagero_jwks_url, "fetch keys", {})

    def _token(self, operation: str, grant: Grant, body: str) -> TokenAnswer:
        reply = self._post(self._settings.pagero_token_url, body, operation, self._client)
        try:
            return read_token_answer(operation, grant, reply.status, reply.headers, reply.body)
        except PageroError as fault:
            self._report(fault, reply)
            raise

    def _post(self, url: str, body: str, operation: str, client: ClientAuth) -> Reply:
        headers = {"Content-Type": _FORM, "Accept": "application/json", "Cache-Control": "no-store"}
        _, headers, body = client.prepare("POST", url, headers, body)
        wire, path = self._wire(url)
        return wire.exchange(
            "POST", path, operation=operation, headers=headers, body=body.encode("ascii"), new_connection=True
        )

    def _read(self, url: str | None, operation: str, headers: dict[str, str]) -> dict[str, Any]:
        if url is None:
            raise PageroRefusedRequest(operation)
        wire, path = self._wire(url)
        sent = {"Accept": "application/json", "Cache-Control": "no-store", **headers}
        reply = wire.exchange("GET", path, operation=operation, headers=sent, new_connection=True)
        if reply.status != HTTPStatus.OK:
            raise token_fault(operation, reply.status, reply.headers, b"")
        try:
            return read_object(reply.body)
        except ValueError:
            raise PageroGarbled(operation, reply.status) from None

    def _wire(self, url: str) -> tuple[Wire, str]:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._wires:
            settings = self._settings
            self._wires[origin] = Wire(
                origin, settings.pagero_connect_seconds, settings.pagero_token_seconds, ANSWER_BYTES
            )
        return self._wires[origin], parts.path

    def _report(self, fault: PageroError, reply: Reply) -> None:
        """Log what Pagero said. The body's own words are not logged: they may hold what we sent."""
        error = error_code(reply.body) or ""
        log.log(
            logging.ERROR if isinstance(fault, ClientRefused | PageroRefusedRequest) else logging.WARNING,
            "pagero.token_endpoint",
            operation=fault.operation,
            fault=fault.reason,
            status=reply.status,
            error=error if _CODE.fullmatch(error) else "",
        )


def _client(settings: Settings, method: str) -> ClientAuth:
    client_id, secret = settings.pagero_client_id, settings.pagero_client_secret.get_secret_value()
    if method == BASIC:
        # RFC 6749, 2.3.1 has each half form-encoded before they are joined; Authlib joins them as they are.
        client_id, secret = quote_plus(client_id), quote_plus(secret)
    return ClientAuth(client_id, secret, method)
