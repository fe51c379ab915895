"""Styles, scripts and the mark: read once at the start, compressed once, and cached by browsers until they change.

Their addresses carry a version made of their content, so that a browser may keep them for ever. Files that are not
listed here are left to Flask. Nothing here depends on who asks.
"""

import gzip
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import flask_bootstrap
from flask import Flask
from werkzeug.http import parse_accept_header

from app.services import services
from app.web.headers import own_host

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
BOOTSTRAP = Path("static/bootstrap5/css/bootstrap.min.css")
BOOTSTRAP_PATH = "/bootstrap/static/css/bootstrap.min.css"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"
VERSION_LENGTH = 12

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Asset:
    """A file in memory, as it is and compressed."""

    path: str
    media_type: str
    plain: bytes
    packed: bytes
    version: str

    @property
    def address(self) -> str:
        """Where browsers get this very version."""
        return f"{self.path}?v={self.version}"


def read_asset(file: Path, path: str) -> Asset:
    """One file, to be served under `path`."""
    content = file.read_bytes()
    version = hashlib.sha256(content).hexdigest()[:VERSION_LENGTH]
    return Asset(path, TYPES[file.suffix], content, gzip.compress(content, 9, mtime=0), version)


def init_app(app: Flask) -> None:
    """Serve the files of app/static and Bootstrap's style; give templates asset(name)."""
    folder = Path(app.static_folder or "")
    assets = {file.name: read_asset(file, f"/static/{file.name}") for file in folder.iterdir() if file.suffix in TYPES}
    assets["bootstrap.css"] = read_asset(Path(flask_bootstrap.__file__).parent / BOOTSTRAP, BOOTSTRAP_PATH)
    app.jinja_env.globals["asset"] = lambda name: assets[name].address
    by_path = {each.path: each for each in assets.values()}
    with app.app_context():
        host = own_host(services().settings)
    app.wsgi_app = _serving(app.wsgi_app, by_path, host)  # type: ignore[method-assign, assignment]


def accepts_gzip(header: str | None) -> bool:
    """Whether an Accept-Encoding header takes gzip."""
    return bool(header) and parse_accept_header(header).quality("gzip") > 0


def _serving(application: Wsgi, assets: dict[str, Asset], host: str) -> Wsgi:
    def serving(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asset = assets.get(environ["PATH_INFO"])
        meant = environ.get("HTTP_HOST") == host  # any other spelling of it is left to headers, which refuses most
        if asset is None or not meant or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return application(environ, start_response)
        return _answer(asset, environ, start_response)

    return serving


def _answer(asset: Asset, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    packed = accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING"))
    etag = f'"{asset.version}{"-gzip" if packed else ""}"'
    same = parse_qs(environ.get("QUERY_STRING", "")).get("v") == [asset.version]
    headers = [("ETag", etag), ("Vary", "Accept-Encoding"), ("Cache-Control", FOR_EVER if same else ASK_AGAIN)]
    if etag in environ.get("HTTP_IF_NONE_MATCH", "").replace("W/", "").split(", "):
        start_response("304 NOT MODIFIED", headers)
        return []
    body = asset.packed if packed else asset.plain
    headers += [("Content-Type", asset.media_type), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers + ([("Content-Encoding", "gzip")] if packed else []))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
