"""Ids in the path of an address, ours and Pagero's alike: letters, digits and hyphens, and not many of them.

Whatever else stands in an id's place names nothing, so no route is found: no database and no Pagero is asked about it.
"""

from flask import Flask
from werkzeug.routing import BaseConverter


class Id(BaseConverter):
    """What a plain <name> in a route takes."""

    regex = "[A-Za-z0-9-]{1,64}"


def init_app(app: Flask) -> None:
    """Make it so for every route that is added from now on."""
    app.url_map.converters = {**app.url_map.converters, "default": Id}
