"""Takes secrets out of log events, whatever put them there. The last processor before a line is written.

Three nets: names that mean a secret, the exact secrets of this installation, and text that looks like a token. The last
one masks too much rather than too little; ids of ours (UUIDs, request ids) are let through.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from pydantic import SecretStr

from app.settings import Settings

MASK = "[hidden]"
SECRET_NAMES = re.compile(
    r"(^|[_-])(token|code|state|nonce|verifier|challenge|secret|password|passwd|authorization|cookie|assertion|"
    r"credential|credentials|csrf)$",
    re.IGNORECASE,
)
PARAMETER = re.compile(
    r"\b((?:access_|refresh_|id_|csrf_)?token|code|state|nonce|code_verifier|code_challenge|client_secret|password|"
    r"assertion|id_token_hint|__Host-[\w-]+|session|signin-[0-9a-f]+)(=|%3D|['\"]?: ?['\"])([^&\s'\",;]+)",
    re.IGNORECASE,
)
BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9\-._~+/]{6,}=*", re.IGNORECASE)
ADDRESS_PASSWORD = re.compile(r"(\w+://[^:/@\s]+:)[^@/\s]+@")
JWT = re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)*")
SHORTEST_RUN = 24
LONG_RUN = re.compile(rf"[A-Za-z0-9_\-]{{{SHORTEST_RUN},}}")
NEEDS_A_LOOK = re.compile(r"[=:%\s]")  # without these a short text has neither a parameter nor a header in it
OURS = re.compile(  # UUIDs, and words in their usual spellings
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z_\-]+|[A-Z_\-]+|([A-Z][a-z]+)+|[a-z_]+_[0-9]{1,4}"
)
WORD = re.compile(r"[a-z_]{1,40}")
LEAST_SECRET = 6  # shorter settings would mask half of every line


class Redaction:
    """A structlog processor that knows this installation's secrets."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._secrets = secrets_of(settings) if settings else ()

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The event without secrets."""
        for name, value in event.items():
            event[name] = self._named(name, value)
        return event

    def text(self, text: str) -> str:
        """`text` without secrets."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return masked(text)

    def _named(self, name: str, value: Any) -> Any:
        if not SECRET_NAMES.search(name) or isinstance(value, int | float | None):
            return self._value(value)
        is_word = name in ("state", "code") and isinstance(value, str) and WORD.fullmatch(value)
        return value if is_word else MASK  # state="reconnect_needed" is a connection's

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, int | float):
            return value
        if isinstance(value, Mapping):
            return {str(name): self._named(str(name), item) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item) for item in value]
        return self.text(value if isinstance(value, str) else str(value))


def masked(text: str) -> str:
    """`text` with everything that looks like a token hidden."""
    if len(text) < SHORTEST_RUN and not NEEDS_A_LOOK.search(text):
        return text
    text = JWT.sub(MASK, text)
    text = BEARER.sub(rf"\1 {MASK}", text)
    text = PARAMETER.sub(rf"\1\2{MASK}", text)
    text = ADDRESS_PASSWORD.sub(rf"\1{MASK}@", text)
    return LONG_RUN.sub(lambda run: run[0] if OURS.fullmatch(run[0]) else MASK, text)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret setting as it could appear in text, keys and database password singly."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.add(value.get_secret_value())
    found.update(item.partition(":")[2] for item in settings.encryption_keys.get_secret_value().split(","))
    found.update(match[1] for match in re.finditer(r"://[^:/@]+:([^@]+)@", settings.database_address))
    return tuple(sorted((secret for secret in found if len(secret) >= LEAST_SECRET), key=len, reverse=True))
