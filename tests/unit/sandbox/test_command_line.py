"""What the sandbox can be told at start, and what it refuses."""

from pathlib import Path

import pytest

from app.sandbox import __main__ as command
from app.sandbox.server import Server

URI = ["--redirect-uri", "http://127.0.0.1:8000/auth/callback"]


def test_everything_can_be_said(tmp_path: Path) -> None:
    config = command.config_from(
        [
            *URI, "--redirect-uri", "http://127.0.0.1:8001/auth/callback", "--port", "9500", "--client-secret", "s",
            "--ledger", str(tmp_path / "l"), "--trust-jwks", "http://x/jwks", "--trust-issuer", "http://x",
            "--trust-map", "auth0|a=b=anna",
        ]
    )  # fmt: skip
    assert config.issuer == "http://127.0.0.1:9500/oauth/v2/oauth-anonymous"
    assert len(config.redirect_uris) == 2
    assert config.trust is not None
    assert config.trust.people == {"auth0|a=b": "anna"}
    assert "client_secret" not in repr(config)


def test_the_secret_comes_from_a_file_that_is_made_when_missing(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    made = command.config_from([*URI, "--client-secret-file", str(path)]).client_secret
    assert len(made) >= 32
    assert path.stat().st_mode & 0o077 == 0
    assert command.config_from([*URI, "--client-secret-file", str(path)]).client_secret == made
    assert command.config_from(URI).client_secret != made


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [*URI, "--trust-jwks", "http://x"],
        [*URI, "--trust-issuer", "http://x"],
        [*URI, "--trust-map", "a=b"],
        [*URI, "--trust-jwks", "http://x", "--trust-issuer", "http://x", "--trust-map", "anna"],
        [*URI, "--client-secret", "a", "--client-secret-file", "b"],
    ],
)
def test_nonsense_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.config_from(wrong)
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_main_serves_what_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Server] = []

    def remember(server: Server) -> None:
        served.append(server)

    monkeypatch.setattr(Server, "run", remember)
    command.main([*URI, "--port", "9501"])
    assert served[0].cfg.address == [("127.0.0.1", 9501)]
    assert served[0].cfg.workers == 1
    assert served[0].load().extensions["sandbox_world"].config.base_url == "http://127.0.0.1:9501"
