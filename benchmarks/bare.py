"""The yardstick: a Flask application with one route and nothing around it, answering the same bytes.

Served by gunicorn with gunicorn.conf.py as `benchmarks.bare:app`; BODY_FILE names the bytes.
"""

import os
from pathlib import Path

from flask import Flask, Response

app = Flask(__name__)
BODY = Path(os.environ["BODY_FILE"]).read_bytes()


@app.get("/api/documents")
def documents() -> Response:
    """The same answer as the proxied view gives."""
    return Response(BODY, content_type="application/json")


@app.get("/health/ready")
def ready() -> str:
    """So that the harness knows when to begin."""
    return "ready"
