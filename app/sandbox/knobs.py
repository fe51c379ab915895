"""The knobs: all that a test can change about the sandbox while it runs. Unknown names and wrong types are refused."""

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Knobs:
    """Values at start are those of the documented Pagero. Times are seconds."""

    # what tokens are like
    access_token_seconds: float = 600  # real life; `expires_in` says the same unless token_answer overrides it
    opaque_access_tokens: bool = False
    id_token: bool = True  # given when `openid` was asked
    refresh_token_on_login: bool = True
    refresh_token_on_refresh: bool = True  # False: none comes back and the old one stays good
    same_refresh_token: bool = False  # True: the old one comes back and stays good, as in Pagero's sample
    reuse_grace_seconds: float = 0  # a spent refresh token still works this long
    reuse_revokes_grant: bool = True
    code_seconds: float = 60
    revoke_basic_only: bool = True  # Pagero's page shows no other way (pagero-api section 2.5)
    token_answer: dict[str, Any] = field(default_factory=dict)  # members added to or put over the token answer
    token_answer_without: list[str] = field(default_factory=list)  # members left out of it
    token_answer_for: str = ""  # only for this grant_type; empty: for both
    access_token_claims: dict[str, Any] = field(default_factory=dict)
    access_token_claims_without: list[str] = field(default_factory=list)
    id_token_claims: dict[str, Any] = field(default_factory=dict)
    id_token_claims_without: list[str] = field(default_factory=list)
    id_token_signature: str = "good"  # good, none, hs256, wrong_key, no_kid, unknown_kid
    userinfo_claims: dict[str, Any] = field(default_factory=dict)
    userinfo_claims_without: list[str] = field(default_factory=list)
    # sign-in
    require_pkce: bool = False
    refuse_pkce: bool = False  # answers invalid_request to S256
    openid_allowed: bool = True
    sso: bool = True  # False: always asks for the password
    send_iss: bool = True
    callback_iss: str = ""  # another `iss` than the own one
    callback_extra: dict[str, str] = field(default_factory=dict)  # further parameters on the callback
    authorize_error: str = ""  # the next sign-ins come back with this error
    authorize_error_description: str = ""
    # time
    token_delay_seconds: float = 0  # after the grant is spent, before the answer
    token_delay_before: bool = False  # True: before the grant is looked at
    api_delay_seconds: float = 0
    delays: dict[str, float] = field(default_factory=dict)  # by endpoint name, on top
    clock_offset_seconds: float = 0  # the sandbox's time is this much ahead
    file_processing_seconds: float = 3
    # data
    hostile_names: bool = False
    documents_count: int = 0  # every list that is not empty has this many documents instead
    documents_meta: dict[str, Any] = field(default_factory=dict)  # members put over `meta` of lists
    documents_meta_without: list[str] = field(default_factory=list)
    target_bytes: int = 0  # target documents are padded to this many bytes, streamed
    target_lines: int = 0  # target documents have their first line this many times
    etags: bool = False
    upload_outcome: str = "auto"  # auto, document, error, awaiting
    # faults
    fault_rates: list[dict[str, Any]] = field(default_factory=list)  # faults with a `rate` between 0 and 1
    record_headers: bool = False

    def changed(self, wanted: dict[str, Any]) -> "Knobs":
        """A copy with `wanted` put in. Raises ValueError naming the first name or type that is wrong."""
        known = {item.name: item for item in fields(self)}
        values = {name: getattr(self, name) for name in known}
        for name, value in wanted.items():
            if name not in known:
                raise ValueError(f"there is no knob {name!r}")
            if not _fits(values[name], value):
                raise ValueError(f"knob {name!r} takes a {type(values[name]).__name__}")
            values[name] = value
        return Knobs(**values)


def _fits(present: Any, value: Any) -> bool:
    if isinstance(present, bool) or isinstance(value, bool):
        return isinstance(present, bool) and isinstance(value, bool)
    if isinstance(present, int | float):
        return isinstance(value, int | float)
    return isinstance(value, type(present))
