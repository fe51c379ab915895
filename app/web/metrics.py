"""Numbers for Prometheus at /metrics, behind a bearer token; without METRICS_TOKEN there is no such page.

Labels hold our own endpoint names and outcomes only, never anything from a request or about a person.
With PROMETHEUS_MULTIPROC_DIR set the numbers of all workers are added up.
"""

import hmac
import os
from functools import lru_cache
from time import perf_counter

from flask import Blueprint, Flask, Response, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app.auth.guards import open_to_all
from app.errors import NotFound
from app.services import services

BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10)  # seconds
REQUESTS = Counter("requests", "Answers given", ["endpoint", "status"])
SECONDS = Histogram("request_seconds", "Time until the answer's headers", ["endpoint"], buckets=BUCKETS)
REFRESHES = Counter("refreshes", "Refreshes of access tokens", ["outcome"])
SIGN_INS = Counter("sign_ins", "Sign-ins that came back from Pagero", ["outcome"])

blueprint = Blueprint("metrics", __name__)


def refreshed(outcome: str) -> None:
    """Count a refresh. `outcome` is one of a few words of ours: see tokens.refresh.Count."""
    REFRESHES.labels(outcome).inc()


def sign_in(outcome: str) -> None:
    """Count a sign-in. `outcome` is "ok" or one of errors.SIGN_IN_REASONS."""
    SIGN_INS.labels(outcome).inc()


@blueprint.get("/metrics")
@open_to_all
def metrics() -> ResponseReturnValue:
    """All numbers as text, for whoever knows METRICS_TOKEN."""
    token = services().settings.metrics_token
    if token is None:
        raise NotFound
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), _expected(token.get_secret_value())):
        return Response("401\n", 401, {"WWW-Authenticate": "Bearer"}, content_type="text/plain")
    return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def init_app(app: Flask) -> None:
    """Count every answer; add /metrics."""
    app.register_blueprint(blueprint)
    app.after_request(_count)


def _expected(token: str) -> bytes:
    return f"Bearer {token}".encode()


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _count(answer: Response) -> Response:
    endpoint = request.endpoint or "none"
    _counter(endpoint, answer.status_code).inc()
    _timer(endpoint).observe(perf_counter() - g.started)
    return answer


@lru_cache(maxsize=1024)  # looking a labelled number up costs more than counting with it
def _counter(endpoint: str, status: int) -> Counter:
    return REQUESTS.labels(endpoint, status)


@lru_cache(maxsize=256)
def _timer(endpoint: str) -> Histogram:
    return SECONDS.labels(endpoint)
