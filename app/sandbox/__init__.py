"""The sandbox Pagero: an authorization server and an API with made-up data, as a process of its own.

It plays Pagero for demonstrations, tests and benchmarks: strict where Pagero (or the RFC it follows) is strict, with
knobs under /_sandbox that make it slow, forgetful or hostile. It imports nothing of the application, the application
imports nothing of it, and it is kept out of the container image. Nothing in it is meant to guard real data.
"""

from flask import Flask

from app.sandbox import api_documents, api_files, authorization, bearer, control, token_endpoint, userinfo
from app.sandbox.world import World


def create_app(world: World) -> Flask:
    """The sandbox as a WSGI application over the state `world`."""
    app = Flask("app.sandbox", static_url_path="/_sandbox/static")
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024 * 1024
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["sandbox_world"] = world
    for module in (authorization, token_endpoint, userinfo, api_documents, api_files, control):
        app.register_blueprint(module.blueprint)
    bearer.init_app(app)
    return app
