"""How the sandbox says no: an exception for the OAuth side, one for the API side. They hold what the caller is told."""


class OAuthRefused(Exception):
    """An OAuth error answer (RFC 6749 section 5.2)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status


class ApiRefused(Exception):
    """An error answer of the API. `challenge` becomes WWW-Authenticate (RFC 6750 section 3)."""

    def __init__(self, status: int, message: str, challenge: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.challenge = challenge
