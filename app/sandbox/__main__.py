"""python -m app.sandbox: start the sandbox. Refuses to start without a redirect URI or with a half-given trust."""

import argparse
import secrets
import sys
from pathlib import Path

from app.sandbox import create_app
from app.sandbox.config import Config, Trust
from app.sandbox.server import Server
from app.sandbox.world import World


def arguments() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    parser = argparse.ArgumentParser(prog="python -m app.sandbox", description="Plays Pagero on this machine.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9400)
    parser.add_argument("--base-url", help="address the sandbox is known under (default: http://HOST:PORT)")
    parser.add_argument("--redirect-uri", action="append", required=True, help="registered redirect URI; repeatable")
    parser.add_argument("--client-id", default="sandbox-client")
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument("--client-secret")
    secret.add_argument("--client-secret-file", type=Path, help="read from it; made when it does not exist")
    parser.add_argument("--ledger", type=Path, help="file that gets every secret-like value, for leak searches")
    parser.add_argument("--trust-jwks", metavar="URL", help="accept JWT access tokens signed by these keys")
    parser.add_argument("--trust-issuer", metavar="ISS")
    parser.add_argument("--trust-map", action="append", default=[], metavar="SUBJECT=person")
    return parser


def config_from(argv: list[str]) -> Config:
    """The configuration a command line asks for. Exits with a message when it makes no sense."""
    parser = arguments()
    given = parser.parse_args(argv)
    if bool(given.trust_jwks) != bool(given.trust_issuer) or (given.trust_map and not given.trust_jwks):
        parser.error("--trust-jwks, --trust-issuer and --trust-map go together")
    pairs = [pair.rpartition("=") for pair in given.trust_map]
    if not all(subject and person for subject, _, person in pairs):
        parser.error("--trust-map is SUBJECT=person")
    people = {subject: person for subject, _, person in pairs}
    trust = Trust(given.trust_jwks, given.trust_issuer, people) if given.trust_jwks else None
    return Config(
        base_url=(given.base_url or f"http://{given.host}:{given.port}").rstrip("/"),
        client_id=given.client_id,
        client_secret=given.client_secret or _secret_in(given.client_secret_file),
        redirect_uris=tuple(given.redirect_uri),
        ledger=given.ledger,
        trust=trust,
    )


def _secret_in(path: Path | None) -> str:
    """The secret in the file; a new one, written there, when there is none yet."""
    if path is None:
        return secrets.token_urlsafe(32)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


def main(argv: list[str]) -> None:
    """Serve until told to stop."""
    config = config_from(argv)
    given = arguments().parse_args(argv)
    Server(lambda: create_app(World(config)), given.host, given.port).run()


if __name__ == "__main__":
    main(sys.argv[1:])
