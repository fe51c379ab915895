"""Settings: read once from the environment, frozen, and complaining about everything that is wrong at once.

Secrets may also come from files: NAME_FILE holds a path. No secret has a default. `.env` is read by ./dev, not here.
"""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    computed_field,
    field_validator,
    model_validator,
)

from app.errors import SettingsError

SIGN_ON = "https://sso.pageroonline.com/oauth/v2"
RETIRED_HOST = "auth.pageroonline.com"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECRETS = ("pagero_client_secret", "encryption_keys", "database_url", "metrics_token")
PLACEHOLDERS = ("changeme", "change-me", "secret", "password", "example", "xxx", "todo")
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
KEY_BYTES = 32
COMMIT_SECONDS = 4.0
"""How long a refreshed pair of tokens is tried to be saved within the request; then it goes to the journal."""
LEAST_DISTINCT_BYTES = 8  # 32 random bytes with fewer do not occur; typed-in keys do


@dataclass(frozen=True)
class Key:
    """An encryption key: its public id and 32 secret bytes."""

    id: str
    secret: bytes = field(repr=False)


class Settings(BaseModel):
    """What an operator decides. Names, defaults and meaning are public: README lists them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    public_url: str
    pagero_client_id: str = Field(min_length=1)
    pagero_client_secret: SecretStr
    pagero_authorize_url: str = f"{SIGN_ON}/oauth-authorize"
    pagero_token_url: str = f"{SIGN_ON}/oauth-token"
    pagero_revoke_url: str = f"{SIGN_ON}/oauth-revoke"
    pagero_api_url: str = "https://api.pageroonline.com"
    pagero_scope: str = "openid all"
    pagero_pkce: bool = True
    pagero_token_auth_method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"  # noqa: S105
    pagero_issuer: str | None = None
    pagero_jwks_url: str | None = None
    pagero_userinfo_url: str | None = None
    encryption_keys: SecretStr
    database_url: SecretStr = SecretStr("")
    trusted_hops: int = Field(0, ge=0, le=8)
    session_idle_minutes: int = Field(30, ge=1, le=1440)
    session_hours: int = Field(8, ge=1, le=168)
    metrics_token: SecretStr | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    web_threads: int = Field(128, ge=1, le=1024)
    reads_cache_seconds: float = Field(20.0, ge=0, le=300)
    upload_megabytes: int = Field(20, ge=1, le=100)
    pagero_connect_seconds: float = Field(3.0, gt=0, le=30)
    pagero_token_seconds: float = Field(8.0, gt=0, le=60)
    pagero_api_seconds: float = Field(15.0, gt=0, le=120)
    refresh_lease_seconds: float = Field(15.0, ge=1, le=120)
    refresh_wait_seconds: float = Field(10.0, gt=0, le=60)
    token_journal_dir: Path = Path("instance/token-journal")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read every setting. Raises SettingsError with all problems, none of which quotes a secret."""
        source = os.environ if environment is None else environment
        values, problems = _values(source)
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            problems += [_sentence(item) for item in error.errors(include_input=False, include_url=False)]
            raise SettingsError(problems) from None
        if problems:
            raise SettingsError(problems)
        return settings

    @field_validator("public_url")
    @classmethod
    def _bare_public_url(cls, value: str) -> str:
        parts = _parts(value)
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("must be an origin such as https://documents.example.com, without path or query")
        return _checked_url(value).rstrip("/")

    @field_validator(
        "pagero_authorize_url",
        "pagero_token_url",
        "pagero_revoke_url",
        "pagero_api_url",
        "pagero_jwks_url",
        "pagero_userinfo_url",
    )
    @classmethod
    def _pagero_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = _parts(value)
        if parts.hostname == RETIRED_HOST:
            raise ValueError(f"{RETIRED_HOST} was retired by Pagero in 2025; use sso.pageroonline.com")
        if parts.fragment or parts.query:
            raise ValueError("must not have a query or fragment")
        return _checked_url(value).rstrip("/")

    @field_validator("pagero_issuer")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        return _checked_url(value) if value is not None else None  # compared byte for byte: nothing is stripped

    @field_validator("pagero_scope")
    @classmethod
    def _scope(cls, value: str) -> str:
        if not re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*", value):
            raise ValueError("must be scope names with single spaces between them (RFC 6749, 3.3)")
        return value

    @field_validator("pagero_client_secret")
    @classmethod
    def _no_placeholder(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value() or value.get_secret_value().lower() in PLACEHOLDERS:
            raise ValueError("is empty or a placeholder")
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _readable_keys(cls, value: SecretStr) -> SecretStr:
        parse_keys(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _ladder(self) -> Self:
        if self.pagero_connect_seconds >= self.pagero_token_seconds:
            raise ValueError("PAGERO_CONNECT_SECONDS must be less than PAGERO_TOKEN_SECONDS")
        # Else a lease could end under a call whose heartbeat cannot reach the database, and two workers would send.
        if self.pagero_token_seconds + COMMIT_SECONDS >= self.refresh_lease_seconds:
            least = f"PAGERO_TOKEN_SECONDS and {COMMIT_SECONDS:g} seconds for storing"
            raise ValueError(f"REFRESH_LEASE_SECONDS must be more than {least}")
        if self.database_url.get_secret_value() and not re.match(
            r"sqlite:///|postgresql(\+psycopg)?://", self.database_url.get_secret_value()
        ):
            raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://")
        return self

    @computed_field(repr=False)  # type: ignore[prop-decorator]
    @property
    def redirect_uri(self) -> str:
        """The one redirect URI, byte for byte as registered with Pagero."""
        return f"{self.public_url}/auth/callback"

    @property
    def keys(self) -> tuple[Key, ...]:
        """The encryption keys; the first seals, all open."""
        return parse_keys(self.encryption_keys.get_secret_value())

    @property
    def is_https(self) -> bool:
        """Whether people reach the application over https: cookies then carry Secure and the __Host- prefix."""
        return self.public_url.startswith("https:")

    @property
    def database_address(self) -> str:
        """DATABASE_URL for SQLAlchemy: psycopg 3 named, SQLite in instance/ when unset."""
        url = self.database_url.get_secret_value()
        if not url:
            return f"sqlite:///{Path('instance').resolve() / 'pagero.sqlite3'}"
        return re.sub(r"^postgresql://", "postgresql+psycopg://", url)

    @property
    def wants_openid(self) -> bool:
        """Whether `openid` is asked for, so that a nonce is sent and an id_token may come back."""
        return "openid" in self.pagero_scope.split()


def parse_keys(text: str) -> tuple[Key, ...]:
    """`id:base64 of 32 bytes`, comma separated. Raises ValueError without quoting any of it."""
    keys = []
    for position, item in enumerate(text.split(","), start=1):
        name, _, encoded = item.strip().partition(":")
        if not KEY_ID.fullmatch(name):
            raise ValueError(f"key {position} must read id:base64, the id of letters, digits, _ and -")
        try:
            secret = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"key {position} is not base64") from None
        if len(secret) != KEY_BYTES or len(set(secret)) < LEAST_DISTINCT_BYTES:
            raise ValueError(f"key {position} must be {KEY_BYTES} random bytes")
        keys.append(Key(name, secret))
    if len({key.id for key in keys}) != len(keys):
        raise ValueError("two keys have the same id")
    return tuple(keys)


def _values(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    values, problems = {}, []
    for name in Settings.model_fields:
        variable = name.upper()
        if (text := environment.get(variable, "")) != "":
            values[name] = text.strip()
        if name in SECRETS and (path := environment.get(f"{variable}_FILE", "")) != "":
            if name in values:
                problems.append(f"{variable} and {variable}_FILE are both set: choose one")
                continue
            try:
                values[name] = Path(path).read_text(encoding="utf-8-sig").strip()
            except (OSError, UnicodeDecodeError):
                problems.append(f"{variable}_FILE cannot be read")
    return values, problems


def _sentence(item: Mapping[str, Any]) -> str:
    name = str(item["loc"][0]).upper() if item["loc"] else ""
    if item["type"] == "missing":
        return f"{name} is not set"
    text = str(item["msg"]).removeprefix("Value error, ")
    return f"{name}: {text}" if name else text


def _parts(value: str) -> Any:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or re.search(r"[\s\\]", value):
        raise ValueError("must be an address such as https://host/path")
    return parts


def _checked_url(value: str) -> str:
    parts = _parts(value)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must use https (http only on loopback)")
    return value
