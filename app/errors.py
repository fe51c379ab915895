"""Every exception of ours. Imports nothing.

    AppError                      status, page, reason, retry_after
      SettingsError               the start is refused; lists every problem
      RequestRefused              400 family: what the browser sent cannot be accepted
        NotFound                  404: unknown, not yours, or not for you
        CsrfRefused               403
        TooManyRequests           429
      NotSignedIn                 401 for scripts, sign-in for pages
      SignInFailed                the callback did not end in a session; `reason` is one of SIGN_IN_REASONS
      StorageUnavailable          503: the database cannot be reached or written
      SealBroken                  a sealed value cannot be opened
      ReconnectNeeded             409: Pagero ended the grant, or its refresh token is gone
      Disconnected                409: the person or an administrator ended the connection
      Frozen                      503: an operator has stopped everything this application does at Pagero
      PageroError                 what Pagero did; `operation` says to what
        PageroUnreachable         503: the request certainly did not arrive
        PageroTimedOut            504: no answer in time, or half of one; the request may have been processed
        PageroBusy                503: 429, or 503 with Retry-After; open breaker; a wait for another's refresh ran out
        PageroFailed              502: any other 5xx; the request may have been processed
        PageroGarbled             502: an answer that is not what it should be; the request may have been processed
        PageroUnauthorized        502: 401 for a token that was renewed just now
        PageroForbidden           403
        PageroNotFound            404
        PageroRefusedRequest      502: any other 4xx, redirects included
        GrantRefused              400 with JSON error=invalid_grant from the token endpoint, and nothing else
        ClientRefused             502: invalid_client or unauthorized_client: our configuration, nobody's connection

An exception states a fact and never holds an address with its query, a header, a body or a token. The page that shows
it is templates/errors/<page>.html; web.problems is the only place that draws one.
"""


class AppError(Exception):
    """A fault the application knows. `status` is the HTTP status, `page` the template, `reason` a stable code."""

    status = 500
    page = "broken"
    reason = "internal"
    retry_after: int | None = None  # seconds


class SettingsError(AppError):
    """The settings cannot work. `problems` holds a sentence for each, all of them."""

    reason = "settings"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class RequestRefused(AppError):
    """What the browser sent cannot be accepted. `reason` is a code of ours, never text from the request."""

    status = 400
    page = "bad_request"
    reason = "bad_request"

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason or self.reason
        super().__init__(self.reason)


class NotFound(RequestRefused):
    """Unknown, somebody else's, or for administrators only: the answer is the same."""

    status = 404
    page = "not_found"
    reason = "not_found"


class CsrfRefused(RequestRefused):
    """A POST that did not come from one of our own pages of this session."""

    status = 403
    page = "form_expired"
    reason = "csrf"


class TooManyRequests(RequestRefused):
    """One address asks too often."""

    status = 429
    page = "too_many"

    def __init__(self, retry_after: int) -> None:
        super().__init__("too_many_requests")
        self.retry_after = retry_after


class NotSignedIn(AppError):
    """No live session. Pages are sent to sign in; scripts get 401."""

    status = 401
    page = "sign_in"
    reason = "signed_out"


# reason: (status, offer). "again": a new sign-in with the same target; "operator": its person can do nothing about it.
SIGN_IN_REASONS = {
    "state_missing": (400, "again"),
    "state_unknown": (400, "again"),  # no cookie of this browser belongs to this state
    "state_expired": (400, "again"),
    "state_spent": (400, "again"),
    "parameter_repeated": (400, "again"),
    "parameter_malformed": (400, "again"),
    "iss_missing": (400, "operator"),
    "iss_mismatch": (400, "operator"),
    "code_missing": (400, "again"),
    "code_and_error": (400, "again"),
    "session_ended": (409, "again"),  # the browser's session ended while the sign-in was being finished
    "other_person": (409, "again"),  # the browser's session changed since, or reconnect came back as somebody else
    "access_denied": (403, "again"),
    "server_error": (502, "again"),
    "temporarily_unavailable": (503, "again"),
    "invalid_request": (502, "operator"),
    "unauthorized_client": (502, "operator"),
    "unsupported_response_type": (502, "operator"),
    "invalid_scope": (502, "operator"),
    "authorization_error": (502, "again"),  # any other error code
    "code_refused": (400, "again"),  # invalid_grant for the code
    "client_refused": (502, "operator"),
    "token_endpoint_refused": (502, "operator"),
    "token_answer_unusable": (502, "again"),
    "token_endpoint_failed": (502, "again"),
    "token_endpoint_timeout": (504, "again"),
    "token_endpoint_unreachable": (503, "again"),
    "identity_missing": (502, "operator"),
    "id_token_invalid": (502, "operator"),
}


class SignInFailed(AppError):
    """A sign-in that did not end in a session.

    `detail` is for the log: our own words or a cut and escaped code, never a value that could be a secret.
    `target` is the page the person wanted, once that is known to be ours.
    """

    page = "sign_in_failed"

    def __init__(self, reason: str, detail: str = "", target: str | None = None) -> None:
        super().__init__(reason)
        self.status, self.offer = SIGN_IN_REASONS[reason]
        self.reason = reason
        self.detail = detail
        self.target = target


class SignInRunning(AppError):
    """A callback that came again while the first one still talks to Pagero; `target` is the page its person wanted."""

    status = 202
    page = "sign_in_pending"
    reason = "sign_in_running"

    def __init__(self, target: str) -> None:
        super().__init__(self.reason)
        self.target = target


class StorageUnavailable(AppError):
    """The database cannot be reached or written. Nothing was changed."""

    status = 503
    page = "storage"
    reason = "storage_unavailable"
    retry_after = 5


class SealBroken(AppError):
    """A sealed value cannot be opened: wrong key, wrong place, or damaged. The text never says which byte."""

    status = 503
    page = "reconnect"
    reason = "unreadable"


class ReconnectNeeded(AppError):
    """The connection cannot be used until its person signs in again. `reason` is a models.ReconnectReason."""

    status = 409
    page = "reconnect"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Disconnected(AppError):
    """The connection was ended by its person or by an administrator."""

    status = 409
    page = "disconnected"
    reason = "disconnected"


class Frozen(AppError):
    """An operator has stopped all renewing and all use of Pagero's API (`connections freeze`)."""

    status = 503
    page = "frozen"
    reason = "frozen"
    retry_after = 60


class PageroError(AppError):
    """Something Pagero did. `operation` is a few words of ours, for example "list documents"."""

    status = 502
    page = "pagero"
    reason = "pagero"
    maybe_processed = False
    """Whether the request may have had its effect although no usable answer came."""

    def __init__(self, operation: str, status_seen: int | None = None, retry_after: int | None = None) -> None:
        super().__init__(f"{operation}: {type(self).__name__}" + (f" ({status_seen})" if status_seen else ""))
        self.operation = operation
        self.status_seen = status_seen
        self.retry_after = retry_after


class PageroUnreachable(PageroError):
    """Refused, no route, no name, or TLS failed: the request never left."""

    status = 503
    reason = "pagero_unreachable"


class PageroTimedOut(PageroError):
    """The deadline passed, or the connection broke after the request left."""

    status = 504
    reason = "pagero_timeout"
    maybe_processed = True


class PageroBusy(PageroError):
    """Not now: 429, 503 with Retry-After, an open breaker, or a wait for another worker's refresh that ran out."""

    status = 503
    reason = "pagero_busy"


class PageroFailed(PageroError):
    """A 5xx without a hint when to come back."""

    reason = "pagero_failed"
    maybe_processed = True


class PageroGarbled(PageroError):
    """An answer that is not what it should be: too large, not JSON, wrong types, missing members."""

    reason = "pagero_garbled"
    maybe_processed = True


class PageroUnauthorized(PageroError):
    """401 from the API. Seen by a person only when a token renewed just now is refused as well."""

    page = "pagero_refuses"
    reason = "pagero_unauthorized"


class PageroForbidden(PageroError):
    """403: this account may not see this. Never a reason to refresh."""

    status = 403
    page = "pagero_forbids"
    reason = "pagero_forbidden"


class PageroNotFound(PageroError):
    """404: no such document for this account."""

    status = 404
    page = "not_found"
    reason = "not_found"


class PageroRefusedRequest(PageroError):
    """Any other 4xx, and redirects, which are never followed: Pagero and this application disagree."""

    reason = "pagero_refused_request"


class GrantRefused(PageroError):
    """The token endpoint said invalid_grant: the code or refresh token is spent, expired or revoked."""

    status = 400
    reason = "grant_refused"


class ClientRefused(PageroError):
    """The token endpoint refuses this application's own credentials: an alarm for the operator."""

    page = "operator"
    reason = "client_refused"
