"""What Pagero's redirect brought back: the callback's query, read strictly and believed in nothing.

Repeated or oversized values are faults, never "the first one wins" (RFC 6749, 3.1). Unknown parameters are ignored.
"""

import re
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

MOST_PARAMETERS = 50
LONGEST_CODE = 2048
LONGEST_ISS = 255  # as the column that remembers it
LONGEST_LOGGED = 64
READ_ONCE = ("state", "code", "iss", "error")
# Only other flows bring these (implicit, JARM); taking them for ours would mix flows up (RFC 9700, 2.1.2).
OTHER_FLOWS = ("access_token", "id_token", "response")
STATE = re.compile(r"[A-Za-z0-9_-]{43}")
CODE = re.compile(r"[\x20-\x7e]*")  # RFC 6749, appendix A.11
ISS = re.compile(r"[\x21-\x7e]*")
KNOWN_ERRORS = frozenset(
    {
        "access_denied",
        "server_error",
        "temporarily_unavailable",
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
    }
)


@dataclass(frozen=True)
class CallbackAnswer:
    """The callback's parameters. `fault` is a reason of errors.SIGN_IN_REASONS, or None when the form is right."""

    state: str = field(repr=False)
    """Empty when it cannot be one of ours."""
    code: str = field(repr=False)
    iss: str | None
    error: str | None
    fault: str | None

    @classmethod
    def read(cls, query: MultiDict[str, str]) -> "CallbackAnswer":
        """Read the query. Never raises: what is wrong becomes `fault`, so that the target can be looked up first."""
        state = query.get("state", "")
        code = query.get("code", "")
        return cls(
            state=state if STATE.fullmatch(state) else "",
            code="" if code.isspace() else code,
            iss=query.get("iss"),
            error=query.get("error"),
            fault=_fault(query, state),
        )

    @property
    def error_reason(self) -> str:
        """The reason of SIGN_IN_REASONS for Pagero's error code."""
        return str(self.error) if self.error in KNOWN_ERRORS else "authorization_error"

    @property
    def error_for_log(self) -> str:
        """The error code cut and escaped; the description is never read."""
        return ascii((self.error or "")[:LONGEST_LOGGED])


def _fault(query: MultiDict[str, str], state: str) -> str | None:
    if any(len(query.getlist(name)) > 1 for name in READ_ONCE):
        return "parameter_repeated"
    if not state.strip():
        return "state_missing"
    if not STATE.fullmatch(state):
        return "state_unknown"
    return "parameter_malformed" if _is_malformed(query) else None


def _is_malformed(query: MultiDict[str, str]) -> bool:
    code, iss = query.get("code", ""), query.get("iss", "")
    return (
        len(query) > MOST_PARAMETERS
        or any(name in query for name in OTHER_FLOWS)
        or len(code) > LONGEST_CODE
        or len(iss) > LONGEST_ISS
        or CODE.fullmatch(code) is None
        or ISS.fullmatch(iss) is None
    )
