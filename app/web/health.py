"""Whether this process lives and whether it can serve. Pagero being down does not make it unready: pages can say so."""

from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.auth.guards import open_to_all
from app.db import db, reading

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
@open_to_all
def live() -> ResponseReturnValue:
    """200 while the process answers at all; asks nothing else."""
    return jsonify(status="alive")


@blueprint.get("/ready")
@open_to_all
def ready() -> ResponseReturnValue:
    """200 when the database answers, else 503: send requests elsewhere."""
    try:
        with reading(db.engine) as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return jsonify(status="database unavailable"), 503
    return jsonify(status="ready")


def init_app(app: Flask) -> None:
    """Add /health/live and /health/ready."""
    app.register_blueprint(blueprint)
