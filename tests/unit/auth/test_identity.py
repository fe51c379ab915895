"""Who signed in: every id_token check of TK-45 and TK-46, and the ways to an identity without one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, KeySet, RSAKey
from structlog.testing import capture_logs

from app.auth.identity import Identity, identify
from app.errors import PageroError, PageroFailed, SignInFailed
from app.pagero.keys import key_set
from app.pagero.records import TokenAnswer
from app.settings import Settings
from tests.support.canaries import Canaries
from tests.support.environment import encryption_key, settings_for

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://sso.example/oauth/v2/oauth-anonymous"
CLIENT = "sandbox-client"
NONCE = "the-nonce"
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "anna",
    "aud": CLIENT,
    "exp": SECONDS + 600,
    "nbf": SECONDS - 5,
    "iat": SECONDS - 5,
    "auth_time": SECONDS - 30,
    "azp": CLIENT,
    "nonce": NONCE,
    "name": "Anna Lund",
}
OPAQUE = "opaque"
OMIT = object()
ALL_ALGORITHMS = [*jws.JWSRegistry.algorithms]


def sign(
    claims: dict[str, Any] | bytes, key: Key = RSA, alg: str = "RS256", kid: str | None = "rsa", **header: Any
) -> str:
    payload = claims if isinstance(claims, bytes) else json.dumps(claims)
    protected = {"alg": alg, **({"kid": kid} if kid else {}), **header}
    registry = jws.JWSRegistry(algorithms=ALL_ALGORITHMS, strict_check_header=False)
    return jws.serialize_compact(protected, payload, key, registry=registry)


def in_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    return ".".join(in_base64(json.dumps(part).encode()) for part in (header, claims)) + "."


def with_header(header: bytes) -> str:
    return f"{in_base64(header)}.e30.x"


def with_mac(claims: dict[str, Any], secret: bytes) -> str:
    """HS256 by hand: joserfc rightly refuses a public key as a secret."""
    text = unsigned(claims, alg="HS256", kid="rsa").rstrip(".")
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{in_base64(mac)}"


def changed(**claims: Any) -> dict[str, Any]:
    return {name: value for name, value in {**CLAIMS, **claims}.items() if value is not OMIT}


class Endpoint:
    """Keys and userinfo, as given; refuses what the settings do not name."""

    def __init__(self, *key_sets: list[Key], userinfo: dict[str, Any] | PageroError | None = None) -> None:
        self._key_sets = list(key_sets)
        self._userinfo = userinfo
        self.refetches = 0
        self.asked_with: list[str] = []

    def jwks(self, refetch: bool = False) -> KeySet:
        if refetch:
            self.refetches += 1
            self._key_sets = self._key_sets[1:] or self._key_sets
        return key_set({"keys": [key.as_dict(private=False) for key in self._key_sets[0]]})

    def userinfo(self, access_token: str) -> dict[str, Any]:
        self.asked_with.append(access_token)
        assert self._userinfo is not None, "userinfo was asked although it is not configured"
        if isinstance(self._userinfo, PageroError):
            raise self._userinfo
        return self._userinfo


@pytest.fixture
def make(canaries: Canaries) -> Callable[..., Settings]:
    def settings(**changes: str) -> Settings:
        pagero = {
            "PAGERO_CLIENT_ID": CLIENT,
            "PAGERO_CLIENT_SECRET": "a-secret-of-some-length",
            "PAGERO_TOKEN_URL": "https://sso.example/oauth/v2/oauth-token",
        }
        keys = encryption_key(canaries)
        return Settings.from_environment(settings_for("http://localhost:8000", "", keys, pagero, **changes))

    return settings


JWKS = {"pagero_jwks_url": "https://sso.example/jwks"}
PINNED = {**JWKS, "pagero_issuer": ISSUER}
USERINFO = {"pagero_userinfo_url": "https://sso.example/userinfo"}


def answer(id_token: str | None = None, access_token: str = OPAQUE) -> TokenAnswer:
    return TokenAnswer(access_token, "r", 600, None, id_token)


def who(
    settings: Settings,
    tokens: TokenAnswer,
    endpoint: Endpoint | None = None,
    nonce: str | None = NONCE,
    callback_iss: str | None = None,
) -> Identity:
    return identify(
        tokens,
        nonce=nonce,
        settings=settings,
        endpoint=endpoint or Endpoint([RSA]),  # type: ignore[arg-type]
        now=NOW,
        callback_iss=callback_iss,
    )


def refusal(settings: Settings, tokens: TokenAnswer, endpoint: Endpoint | None = None) -> SignInFailed:
    with pytest.raises(SignInFailed) as failure:
        who(settings, tokens, endpoint)
    return failure.value


def test_a_valid_id_token_identifies(make: Callable[..., Settings]) -> None:
    assert who(make(**PINNED), answer(sign(CLAIMS))) == Identity(ISSUER, "anna", "id_token", "Anna Lund")


@pytest.mark.parametrize("settings", [{}, JWKS, {"pagero_issuer": ISSUER}])
def test_keys_and_issuer_are_optional(make: Callable[..., Settings], settings: dict[str, str]) -> None:
    assert who(make(**settings), answer(sign(CLAIMS))).subject == "anna"


@pytest.mark.parametrize(
    "claims",
    [
        changed(aud=[CLIENT]),
        changed(azp=OMIT),
        changed(nbf=OMIT, auth_time=OMIT),
        changed(exp=SECONDS - 50),
        changed(iat=SECONDS + 50, nbf=SECONDS + 50),
        changed(exp=SECONDS + 600.5),
        changed(amr=["pwd"], acr="x", s_hash="x", sid="y", delegation_id="z", purpose="id"),
    ],
    ids=["aud as list", "no azp", "least", "expired within leeway", "clock behind", "fraction", "Curity"],
)
@pytest.mark.parametrize("settings", [PINNED, {}])
def test_what_is_within_the_rules_is_accepted(
    make: Callable[..., Settings], claims: dict[str, Any], settings: dict[str, str]
) -> None:
    assert who(make(**settings), answer(sign(claims))).subject == "anna"


REFUSED: dict[str, dict[str, Any]] = {
    "no iss": changed(iss=OMIT),
    "empty iss": changed(iss=""),
    "iss is a number": changed(iss=7),
    "no sub": changed(sub=OMIT),
    "empty sub": changed(sub=""),
    "blank sub": changed(sub=" "),
    "sub is a number": changed(sub=7),
    "sub is null": changed(sub=None),
    "sub with a control": changed(sub="an\nna"),
    "sub too long": changed(sub="x" * 256),
    "sub that looks like a publicid": changed(sub="publicid:p-1"),
    "publicid instead of sub": changed(sub=OMIT, publicid="p-1"),
    "no aud": changed(aud=OMIT),
    "aud is somebody else": changed(aud="other"),
    "aud has somebody else too": changed(aud=[CLIENT, "other"]),
    "aud is empty": changed(aud=[]),
    "aud twice": changed(aud=[CLIENT, CLIENT]),
    "aud is an object": changed(aud={CLIENT: 1}),
    "azp is somebody else": changed(azp="other"),
    "azp is empty": changed(azp=""),
    "azp is null": changed(azp=None),
    "azp is a list": changed(azp=[CLIENT]),
    "no exp": changed(exp=OMIT),
    "expired": changed(exp=SECONDS - 61),
    "expired just beyond leeway": changed(exp=SECONDS - 60),
    "exp is text": changed(exp=str(SECONDS + 600)),
    "exp is true": changed(exp=True),
    "exp is null": changed(exp=None),
    "no iat": changed(iat=OMIT),
    "iat is null": changed(iat=None),
    "iat in the future": changed(iat=SECONDS + 61),
    "not yet valid": changed(nbf=SECONDS + 61),
    "no nonce": changed(nonce=OMIT),
    "nonce is another": changed(nonce="the-nonces"),
    "nonce is null": changed(nonce=None),
    "nonce is a list": changed(nonce=[NONCE]),
    "at_hash is wrong": changed(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "at_hash is empty": changed(at_hash=""),
    "at_hash is null": changed(at_hash=None),
    "at_hash is a number": changed(at_hash=7),
    "auth_time is text": changed(auth_time="now"),
}


@pytest.mark.parametrize("claims", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("settings", [PINNED, {}], ids=["pinned", "open"])
def test_a_claim_that_is_wrong_ends_the_sign_in(
    make: Callable[..., Settings], claims: dict[str, Any], settings: dict[str, str]
) -> None:
    assert refusal(make(**settings), answer(sign(claims))).reason == "id_token_invalid"


@pytest.mark.parametrize(
    "iss", [ISSUER + "/", ISSUER.upper(), "http" + ISSUER[5:], "https://sso.example:443/oauth/v2/oauth-anonymous"]
)
def test_the_issuer_is_compared_byte_for_byte(make: Callable[..., Settings], iss: str) -> None:
    assert refusal(make(**PINNED), answer(sign(changed(iss=iss)))).reason == "id_token_invalid"


def test_a_matching_at_hash_is_accepted(make: Callable[..., Settings]) -> None:
    half = hashlib.sha256(b"opaque").digest()[:16]
    assert who(make(**PINNED), answer(sign(changed(at_hash=in_base64(half))))).subject == "anna"


def test_without_openid_no_nonce_is_expected(make: Callable[..., Settings]) -> None:
    assert who(make(), answer(sign(changed(nonce=OMIT))), nonce=None).subject == "anna"


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_rsa_signatures_are_verified(make: Callable[..., Settings], alg: str) -> None:
    assert who(make(**PINNED), answer(sign(CLAIMS, alg=alg))).subject == "anna"
    assert refusal(make(**PINNED), answer(sign(CLAIMS, OTHER_RSA, alg))).reason == "id_token_invalid"


def test_elliptic_signatures_are_verified(make: Callable[..., Settings]) -> None:
    token = sign(CLAIMS, EC, "ES256", "ec")
    assert who(make(**PINNED), answer(token), Endpoint([RSA, EC])).subject == "anna"


PUBLIC_PEM = RSA.as_pem(private=False)
FORGED: dict[str, str] = {
    "none": unsigned(CLAIMS, alg="none"),
    "None": unsigned(CLAIMS, alg="None"),
    "none with a key id": unsigned(CLAIMS, alg="none", kid="rsa"),
    "no alg": unsigned(CLAIMS),
    "alg is a number": unsigned(CLAIMS, alg=7),
    "alg is a list": unsigned(CLAIMS, alg=["RS256"]),
    "HS256 with the public key": with_mac(CLAIMS, PUBLIC_PEM),
    "HS256 with the client secret": with_mac(CLAIMS, b"a-secret-of-some-length"),
    "critical extension": unsigned(CLAIMS, alg="RS256", crit=["x"], x=1),
    "empty crit": unsigned(CLAIMS, alg="RS256", crit=[]),
    "unencoded payload": unsigned(CLAIMS, alg="RS256", b64=False, crit=["b64"]),
    "not a JWT": "opaque",
    "two parts": "a.b",
    "five parts": "a.b.c.d.e",
    "empty parts": "..",
    "not ASCII": "å.å.å",
    "header is no object": with_header(b'["alg"]'),
    "header is text": with_header(b'"alg"'),
    "header is a number": "Nw.e30.x",
    "header repeats a member": with_header(b'{"alg":"none","alg":"RS256"}'),
    "header nested to the stack's end": with_header(b'{"alg":"RS256","x":' + b"[" * 5000),
    "huge header": unsigned(CLAIMS, alg="RS256", x5c=["x" * 9000]),
    "payload is no object": sign(b"[]"),
    "payload repeats a member": sign(b'{"sub":"anna","sub":"bjorn"}'),
    "payload is not JSON": sign(b"anna"),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("settings", [PINNED, {}], ids=["with keys", "without"])
def test_forged_and_broken_tokens_are_refused_with_and_without_keys(
    make: Callable[..., Settings], token: str, settings: dict[str, str]
) -> None:
    assert refusal(make(**settings), answer(token)).reason == "id_token_invalid"


FORGED_FOR_KEYS: dict[str, str] = {
    "another key": sign(CLAIMS, OTHER_RSA),
    "no signature": sign(CLAIMS).rpartition(".")[0] + ".",
    "signature of other claims": sign(CLAIMS).rpartition(".")[0] + "." + sign({}).rpartition(".")[2],
    "its own key in jwk": sign(CLAIMS, OTHER_RSA, jwk=OTHER_RSA.as_dict(private=False)),
    "its own key at jku": sign(CLAIMS, OTHER_RSA, jku="https://evil.example/jwks"),
    "its own certificate": sign(CLAIMS, OTHER_RSA, x5u="https://evil.example/cert"),
    "unknown key id": sign(CLAIMS, OTHER_RSA, kid="evil"),
    "key id is a path": sign(CLAIMS, OTHER_RSA, kid="../../dev/null"),
    "algorithm of another key type": sign(CLAIMS, EC, "ES256", "rsa"),
}


@pytest.mark.parametrize("token", FORGED_FOR_KEYS.values(), ids=FORGED_FOR_KEYS.keys())
def test_only_published_keys_count(make: Callable[..., Settings], token: str) -> None:
    failure = refusal(make(**PINNED), answer(token))
    assert failure.reason == "id_token_invalid"
    assert token not in failure.detail


def test_a_token_without_key_id_needs_a_single_key(make: Callable[..., Settings]) -> None:
    token = sign(CLAIMS, kid=None)
    assert who(make(**PINNED), answer(token)).subject == "anna"
    assert refusal(make(**PINNED), answer(token), Endpoint([RSA, EC])).reason == "id_token_invalid"


def test_new_keys_are_fetched_once_for_an_unknown_key_id(make: Callable[..., Settings]) -> None:
    endpoint = Endpoint([EC], [EC, RSA])
    assert who(make(**PINNED), answer(sign(CLAIMS)), endpoint).subject == "anna"
    assert endpoint.refetches == 1
    endpoint = Endpoint([EC])
    assert "key id" in refusal(make(**PINNED), answer(sign(CLAIMS)), endpoint).detail
    assert endpoint.refetches == 1


def test_new_keys_are_fetched_for_a_single_key_that_changed_without_ids(make: Callable[..., Settings]) -> None:
    endpoint = Endpoint([OTHER_RSA], [RSA])
    assert who(make(**PINNED), answer(sign(CLAIMS, kid=None)), endpoint).subject == "anna"


def test_a_wrong_signature_of_a_known_key_fetches_nothing(make: Callable[..., Settings]) -> None:
    endpoint = Endpoint([RSA])
    refusal(make(**PINNED), answer(sign(CLAIMS, OTHER_RSA)), endpoint)
    assert endpoint.refetches == 0


def test_an_id_token_that_fails_is_not_replaced_by_something_weaker(make: Callable[..., Settings]) -> None:
    endpoint = Endpoint([RSA], userinfo={"sub": "anna"})
    tokens = answer(sign(changed(nonce="x")), sign(CLAIMS))
    assert refusal(make(**PINNED, **USERINFO), tokens, endpoint).reason == "id_token_invalid"
    assert endpoint.asked_with == []


def test_a_nameless_id_token_is_named_by_userinfo(make: Callable[..., Settings]) -> None:
    endpoint = Endpoint([RSA], userinfo={"sub": "anna", "preferred_username": "anna.lund"})
    identity = who(make(**PINNED, **USERINFO), answer(sign(changed(name=OMIT)), "tok"), endpoint)
    assert identity == Identity(ISSUER, "anna", "id_token", "anna.lund")
    assert endpoint.asked_with == ["tok"]


def test_userinfo_of_somebody_else_ends_the_sign_in(make: Callable[..., Settings]) -> None:
    endpoint = Endpoint([RSA], userinfo={"sub": "bjorn"})
    tokens = answer(sign(changed(name=OMIT)))
    assert refusal(make(**PINNED, **USERINFO), tokens, endpoint).reason == "id_token_invalid"


def test_a_name_is_not_worth_a_failed_sign_in(make: Callable[..., Settings]) -> None:
    endpoint = Endpoint([RSA], userinfo=PageroFailed("userinfo", 500))
    identity = who(make(**PINNED, **USERINFO), answer(sign(changed(name=OMIT))), endpoint)
    assert (identity.subject, identity.display_name) == ("anna", None)
    assert who(make(**PINNED), answer(sign(changed(name=OMIT)))).display_name is None


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Anna", "email": "a@b"}, "Anna"),
        ({"name": "", "preferred_username": " ", "email": "a@b"}, "a@b"),
        ({"name": ["Anna"], "email": 7}, None),
        ({"name": 7}, None),
        ({"name": "An\x00na\u202e"}, "An na"),
        ({"name": "x" * 400}, "x" * 255),
    ],
)
def test_names_are_clean_text_or_none(make: Callable[..., Settings], claims: dict[str, Any], name: str | None) -> None:
    assert who(make(), answer(sign({**changed(name=OMIT), **claims}))).display_name == name


ACCESS: dict[str, Any] = {"iss": ISSUER, "sub": "anna", "aud": "api", "publicid": "p-1", "exp": SECONDS + 600}


@pytest.mark.parametrize("settings", [{}, JWKS, PINNED])
def test_without_id_token_the_access_token_identifies(make: Callable[..., Settings], settings: dict[str, str]) -> None:
    identity = who(make(**settings), answer(None, sign(ACCESS)))
    assert identity == Identity(ISSUER, "anna", "access_token", None)


@pytest.mark.parametrize(
    ("claims", "subject"),
    [
        ({"sub": "anna", "publicid": "p-1"}, "anna"),
        ({"publicid": "p-1"}, "publicid:p-1"),
        ({"publicid": 1234}, "publicid:1234"),
        ({"publicid": "publicid:1"}, "publicid:publicid:1"),
        ({"sub": "", "publicid": "p-1"}, "publicid:p-1"),
        ({"sub": None, "publicid": "p-1"}, "publicid:p-1"),
        ({"sub": "1234"}, "1234"),
    ],
)
def test_sub_comes_before_publicid(make: Callable[..., Settings], claims: dict[str, Any], subject: str) -> None:
    assert who(make(), answer(None, sign({"iss": ISSUER, **claims}))).subject == subject


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "publicid:1234"},
        {"sub": "publicid:1234", "publicid": "5"},
        {"publicid": " "},
        {"publicid": " 1"},
        {"publicid": "1\n2"},
        {"publicid": "x" * 250},
    ],
)
def test_nobody_has_anothers_publicid_as_their_name(make: Callable[..., Settings], claims: dict[str, Any]) -> None:
    with pytest.raises(SignInFailed) as failed:
        who(make(), answer(None, sign({"iss": ISSUER, **claims})))
    assert failed.value.reason == "identity_missing"


@pytest.mark.parametrize(("settings", "issuer"), [({}, "https://sso.example"), ({"pagero_issuer": ISSUER}, ISSUER)])
def test_an_access_token_without_iss_belongs_to_the_configured_issuer(
    make: Callable[..., Settings], settings: dict[str, str], issuer: str
) -> None:
    assert who(make(**settings), answer(None, sign({"sub": "anna"}))).issuer == issuer


def test_the_same_person_is_the_same_on_every_path(make: Callable[..., Settings]) -> None:
    settings = make(**PINNED, **USERINFO)
    endpoint = Endpoint([RSA], userinfo={"sub": "anna"})
    ways = [answer(sign(CLAIMS)), answer(None, sign(ACCESS)), answer(None, "opaque")]
    found = {(identity.issuer, identity.subject) for identity in (who(settings, way, endpoint) for way in ways)}
    assert found == {(ISSUER, "anna")}


@pytest.mark.parametrize(
    "access_token",
    [
        "opaque",
        "_0XBPWQQ_0a1b2c3d-1111-4222-8333-444455556666",
        unsigned(ACCESS, alg="none"),
        with_mac(ACCESS, PUBLIC_PEM),
        sign({"iss": ISSUER}),
        sign({"sub": 7, "publicid": True}),
        sign({"sub": "an\x00na"}),
        sign({"sub": "anna", "iss": "x" * 300}),
    ],
)
def test_an_access_token_that_names_nobody_leads_to_userinfo_or_to_the_operator(
    make: Callable[..., Settings], access_token: str
) -> None:
    failure = refusal(make(), answer(None, access_token))
    assert failure.reason == "identity_missing"
    assert "PAGERO_SCOPE" in failure.detail
    assert "PAGERO_USERINFO_URL" in failure.detail
    assert access_token not in failure.detail
    endpoint = Endpoint([RSA], userinfo={"sub": "anna", "name": "Anna"})
    identity = who(make(**USERINFO), answer(None, access_token), endpoint)
    assert identity == Identity("https://sso.example", "anna", "userinfo", "Anna")


@pytest.mark.parametrize(
    "access_token",
    [sign(ACCESS, OTHER_RSA), sign(ACCESS, kid="unknown"), sign({**ACCESS, "iss": "https://evil.example"})],
)
def test_an_access_token_is_verified_when_keys_and_issuer_are_known(
    make: Callable[..., Settings], access_token: str
) -> None:
    assert refusal(make(**PINNED), answer(None, access_token)).reason == "identity_missing"


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": ["anna"]}, {"name": "Anna", "email": "a@b"}])
def test_userinfo_that_names_nobody_identifies_nobody(make: Callable[..., Settings], claims: dict[str, Any]) -> None:
    failure = refusal(make(**USERINFO), answer(), Endpoint([], userinfo=claims))
    assert failure.reason == "identity_missing"
    assert "userinfo has neither" in failure.detail


def test_userinfo_that_cannot_be_had_is_pageros_fault(make: Callable[..., Settings]) -> None:
    with pytest.raises(PageroFailed):
        who(make(**USERINFO), answer(), Endpoint([], userinfo=PageroFailed("userinfo", 500)))


def test_a_callback_issuer_that_differs_is_told_to_the_operator(make: Callable[..., Settings]) -> None:
    with capture_logs() as logs:
        who(make(), answer(sign(CLAIMS)), callback_iss=ISSUER)
        assert logs == []
        who(make(), answer(sign(CLAIMS)), callback_iss="https://other.example\n" + "x" * 500)
    assert logs[0]["event"] == "sign_in.issuers_differ"
    assert "\n" not in logs[0]["callback"]
    assert len(logs[0]["callback"]) < 220
