"""The sign-on host: exact requests, one attempt each, and nothing secret in what is logged or raised."""

import base64
import json
import logging
import secrets
import threading
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import pytest
from structlog.testing import capture_logs

from app.errors import (
    ClientRefused,
    GrantRefused,
    PageroBusy,
    PageroError,
    PageroFailed,
    PageroGarbled,
    PageroRefusedRequest,
    PageroTimedOut,
    PageroUnreachable,
)
from app.pagero.oauth import TokenEndpoint
from app.settings import Settings
from tests.unit.pagero.raw_peer import RawPeer, Script, hang_up, raw, reply, reset, say_nothing

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
TOKENS = json.dumps(
    {"token_type": "bearer", "access_token": "a", "refresh_token": "r", "scope": "", "expires_in": 600}
).encode()
SettingsAt = Callable[..., Settings]


@pytest.fixture
def endpoint(settings_at: SettingsAt, peer: RawPeer) -> TokenEndpoint:
    return TokenEndpoint(settings_at(peer.origin))


def query_of(url: str) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len({name for name, _ in pairs}) == len(pairs), "a parameter stands twice"
    return dict(pairs)


def form_of(peer: RawPeer) -> dict[str, str]:
    pairs = parse_qsl(peer.requests[-1].body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert len({name for name, _ in pairs}) == len(pairs), "a parameter stands twice"
    return dict(pairs)


def test_the_login_address_has_each_parameter_once(settings_at: SettingsAt) -> None:
    url = TokenEndpoint(settings_at("https://sso.example")).authorize_url("s t&", "n", VERIFIER, "login", "sv")
    assert url.startswith("https://sso.example/oauth/v2/oauth-authorize?")
    assert query_of(url) == {
        "response_type": "code",
        "client_id": "sandbox-client",
        "redirect_uri": "http://localhost:8000/auth/callback",
        "scope": "openid all",
        "state": "s t&",
        "nonce": "n",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "prompt": "login",
        "ui_locales": "sv",
    }
    assert VERIFIER not in url
    assert "a-secret" not in url


def test_the_plain_flow_has_no_challenge(settings_at: SettingsAt) -> None:
    endpoint = TokenEndpoint(settings_at("https://sso.example", pagero_pkce="false", pagero_scope="all"))
    query = query_of(endpoint.authorize_url("s", None, None, None, None))
    assert set(query) == {"response_type", "client_id", "redirect_uri", "scope", "state"}


def test_challenges_equal_an_independent_implementation(settings_at: SettingsAt) -> None:
    from cryptography.hazmat.primitives.hashes import SHA256, Hash  # noqa: PLC0415  # only the reference needs it

    endpoint = TokenEndpoint(settings_at("https://sso.example"))
    for _ in range(50):
        verifier = secrets.token_urlsafe(48)
        digest = Hash(SHA256())
        digest.update(verifier.encode("ascii"))
        expected = base64.urlsafe_b64encode(digest.finalize()).decode().rstrip("=")
        assert query_of(endpoint.authorize_url("s", None, verifier))["code_challenge"] == expected


def test_the_code_is_exchanged_as_documented(endpoint: TokenEndpoint, peer: RawPeer) -> None:
    peer.will(reply(200, TOKENS))
    answer = endpoint.exchange_code("the-code", VERIFIER)
    assert (answer.access_token, answer.refresh_token, answer.expires_in_seconds) == ("a", "r", 600)
    (request,) = peer.requests
    assert (request.method, request.target) == ("POST", "/oauth/v2/oauth-token")
    assert form_of(peer) == {
        "grant_type": "authorization_code",
        "redirect_uri": "http://localhost:8000/auth/callback",
        "code": "the-code",
        "code_verifier": VERIFIER,
    }
    assert request.header("Content-Type") == "application/x-www-form-urlencoded"
    assert request.header("Accept") == "application/json"
    assert request.header("Cache-Control") == "no-store"
    assert (
        request.header("Authorization")
        == "Basic " + base64.b64encode(b"sandbox-client:a-secret-of-some-length").decode()
    )


def test_without_a_verifier_none_is_sent(endpoint: TokenEndpoint, peer: RawPeer) -> None:
    peer.will(reply(200, TOKENS))
    endpoint.exchange_code("the-code", None)
    assert "code_verifier" not in form_of(peer)


def test_a_refresh_sends_the_refresh_token_and_nothing_else(endpoint: TokenEndpoint, peer: RawPeer) -> None:
    peer.will(reply(200, TOKENS))
    endpoint.refresh("old+/=& token")
    assert form_of(peer) == {"grant_type": "refresh_token", "refresh_token": "old+/=& token"}


def test_basic_credentials_are_form_encoded_before_they_are_joined(settings_at: SettingsAt, peer: RawPeer) -> None:
    settings = settings_at(peer.origin, pagero_client_id="a:b c", pagero_client_secret="p%+&=/ü:x")
    peer.will(reply(200, TOKENS))
    TokenEndpoint(settings).refresh("r")
    sent = peer.requests[0].header("Authorization") or ""
    client_id, _, secret = base64.b64decode(sent.removeprefix("Basic ")).decode("ascii").partition(":")
    assert (unquote_plus(client_id), unquote_plus(secret)) == ("a:b c", "p%+&=/ü:x")
    assert not {"client_id", "client_secret"} & set(form_of(peer))


def test_credentials_in_the_body_are_nowhere_else(settings_at: SettingsAt, peer: RawPeer) -> None:
    settings = settings_at(
        peer.origin,
        pagero_client_id="a:b c",
        pagero_client_secret="p%+&=/ü",
        pagero_token_auth_method="client_secret_post",
    )
    peer.will(reply(200, TOKENS))
    TokenEndpoint(settings).refresh("r")
    form = form_of(peer)
    assert (form["client_id"], form["client_secret"]) == ("a:b c", "p%+&=/ü")
    assert peer.requests[0].header("Authorization") is None


def test_every_call_has_a_connection_of_its_own(endpoint: TokenEndpoint, peer: RawPeer) -> None:
    peer.will(*[reply(200, TOKENS)] * 3)
    for _ in range(3):
        endpoint.refresh("r")
    assert peer.connections == 3


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_refused_credentials_are_not_tried_the_other_way(settings_at: SettingsAt, peer: RawPeer, method: str) -> None:
    peer.will(reply(401, b'{"error":"invalid_client"}', "WWW-Authenticate: Basic"))
    with pytest.raises(ClientRefused):
        TokenEndpoint(settings_at(peer.origin, pagero_token_auth_method=method)).refresh("r")
    assert len(peer.requests) == 1


def test_a_refused_challenge_is_not_tried_without(endpoint: TokenEndpoint, peer: RawPeer) -> None:
    peer.will(reply(400, b'{"error":"invalid_request"}'))
    with pytest.raises(PageroRefusedRequest):
        endpoint.exchange_code("c", VERIFIER)
    assert len(peer.requests) == 1


CALLS: dict[str, Callable[[TokenEndpoint], object]] = {
    "code": lambda endpoint: endpoint.exchange_code("c", VERIFIER),
    "refresh": lambda endpoint: endpoint.refresh("r"),
    "revoke": lambda endpoint: endpoint.revoke("r", "refresh_token"),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
FAULTS: dict[str, tuple[Script, type[PageroError], bool]] = {
    "reset (TK-41)": (reset, PageroTimedOut, True),
    "hung up": (hang_up, PageroTimedOut, True),
    "cut short (TK-40)": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nConnection: close\r\n\r\n{"),
        PageroTimedOut,
        True,
    ),
    "huge (TK-38)": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"), PageroGarbled, True),
    "gzip (TK-39)": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"),
        PageroGarbled,
        True,
    ),
    "redirect (TK-34)": (reply(307, b"", "Location: https://evil.example/"), PageroRefusedRequest, False),
    "500 (TK-32)": (reply(500, b"invalid_grant"), PageroFailed, True),
    "503 with a hint": (reply(503, b"", "Retry-After: 5"), PageroBusy, False),
    "429 (TK-33)": (reply(429, b"", "Retry-After: 5"), PageroBusy, False),
}


@every_call
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_one_attempt_and_one_exception(
    endpoint: TokenEndpoint,
    peer: RawPeer,
    call: Callable[[TokenEndpoint], object],
    fault: tuple[Script, type[PageroError], bool],
) -> None:
    script, expected, maybe = fault
    peer.will(lambda sock: (script(sock), sock.close())[1])
    with pytest.raises(expected) as failure:
        call(endpoint)
    assert failure.value.maybe_processed is maybe
    assert len(peer.requests) == 1


@every_call
def test_a_silent_endpoint_is_given_up_in_time(
    settings_at: SettingsAt, peer: RawPeer, call: Callable[[TokenEndpoint], object]
) -> None:
    settings = settings_at(peer.origin, pagero_connect_seconds="0.2", pagero_token_seconds="0.4")
    peer.will(say_nothing)
    with pytest.raises(PageroTimedOut):
        call(TokenEndpoint(settings))


@every_call
def test_a_closed_port_is_certainly_not_processed(
    settings_at: SettingsAt, call: Callable[[TokenEndpoint], object]
) -> None:
    with pytest.raises(PageroUnreachable) as failure:
        call(TokenEndpoint(settings_at("http://127.0.0.1:9")))
    assert not failure.value.maybe_processed


def test_a_refused_grant_is_told_apart(endpoint: TokenEndpoint, peer: RawPeer) -> None:
    peer.will(reply(400, b'{"error":"invalid_grant"}'))
    with pytest.raises(GrantRefused):
        endpoint.refresh("r")


@pytest.mark.parametrize("status", [200, 202, 204])
def test_revoking_sends_the_token_in_the_body_and_any_success_confirms(
    endpoint: TokenEndpoint, peer: RawPeer, status: int
) -> None:
    peer.will(reply(status))
    endpoint.revoke("tok/+en", "refresh_token")
    assert peer.requests[0].target == "/oauth/v2/oauth-revoke"
    assert form_of(peer) == {"token": "tok/+en", "token_type_hint": "refresh_token"}
    assert (peer.requests[0].header("Authorization") or "").startswith("Basic ")


def test_revoking_takes_the_basic_header_even_where_the_token_endpoint_takes_the_body(
    settings_at: SettingsAt, peer: RawPeer
) -> None:
    endpoint = TokenEndpoint(settings_at(peer.origin, pagero_token_auth_method="client_secret_post"))
    peer.will(reply(200))
    endpoint.revoke("t", "refresh_token")
    assert (peer.requests[0].header("Authorization") or "").startswith("Basic ")
    assert form_of(peer) == {"token": "t", "token_type_hint": "refresh_token"}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b'{"error":"unsupported_token_type"}', PageroRefusedRequest),
        (401, b'{"error":"invalid_client"}', ClientRefused),
        (302, b"", PageroRefusedRequest),
        (503, b"", PageroFailed),
    ],
)
def test_a_revocation_that_is_not_confirmed_says_so(
    endpoint: TokenEndpoint, peer: RawPeer, status: int, body: bytes, expected: type[PageroError]
) -> None:
    peer.will(reply(status, body))
    with pytest.raises(expected):
        endpoint.revoke("t", "access_token")


def test_userinfo_is_asked_with_the_bearer(settings_at: SettingsAt, peer: RawPeer) -> None:
    endpoint = TokenEndpoint(settings_at(peer.origin, pagero_userinfo_url=f"{peer.origin}/oauth/v2/oauth-userinfo"))
    peer.will(reply(200, b'{"sub":"anna"}'))
    assert endpoint.userinfo("tok") == {"sub": "anna"}
    assert peer.requests[0].header("Authorization") == "Bearer tok"
    assert (peer.requests[0].method, peer.requests[0].target) == ("GET", "/oauth/v2/oauth-userinfo")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (reply(200, b"[]"), PageroGarbled),
        (reply(200, b"eyJ.eyJ.sig", "Content-Type: application/jwt"), PageroGarbled),
        (reply(401, b""), ClientRefused),
        (reply(403, b""), PageroRefusedRequest),
        (reply(500, b""), PageroFailed),
    ],
)
def test_unusable_userinfo_fails(
    settings_at: SettingsAt, peer: RawPeer, script: Script, expected: type[PageroError]
) -> None:
    endpoint = TokenEndpoint(settings_at(peer.origin, pagero_userinfo_url=f"{peer.origin}/userinfo"))
    peer.will(script)
    with pytest.raises(expected):
        endpoint.userinfo("tok")


def test_userinfo_and_keys_without_an_address_are_refused(endpoint: TokenEndpoint) -> None:
    with pytest.raises(PageroRefusedRequest):
        endpoint.userinfo("tok")
    with pytest.raises(PageroRefusedRequest):
        endpoint.jwks()


def test_nothing_secret_is_logged_or_raised(
    settings_at: SettingsAt, peer: RawPeer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger().setLevel(logging.DEBUG)
    echo = b'{"error":"invalid_scope","error_description":"code-canary refresh-canary\\r\\n<script>"}'
    odd = b'{"error":"x\\n2026 INFO refresh-canary signed in"}'
    peer.will(reply(400, echo), reply(400, odd), reply(200, b"access-canary"), reset)
    endpoint = TokenEndpoint(settings_at(peer.origin, pagero_client_secret="secret-canary"))
    raised: list[str] = []
    with capture_logs() as logs:
        for _ in range(2):
            for call in (
                lambda: endpoint.exchange_code("code-canary", f"{VERIFIER}-canary"),
                lambda: endpoint.refresh("refresh-canary"),
            ):
                with pytest.raises(PageroError) as failure:
                    call()
                raised.append(f"{failure.value!s} {failure.value!r} {failure.value.__dict__}")
    everything = f"{logs} {raised} {caplog.text} {endpoint!r}"
    assert "canary" not in everything
    assert logs[0]["error"] == "invalid_scope"
    assert logs[0]["log_level"] == "error"
    assert logs[1]["error"] == ""


def test_authlib_cannot_log_a_verifier() -> None:
    assert not logging.getLogger("authlib.oauth2.client").isEnabledFor(logging.DEBUG)


def test_many_threads_may_use_one_endpoint(endpoint: TokenEndpoint, peer: RawPeer) -> None:
    peer.will(*[reply(200, TOKENS)] * 8)
    threads = [threading.Thread(target=endpoint.refresh, args=("r",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert peer.connections == 8
