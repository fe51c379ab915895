"""Every route says who may enter, and this table says the same: nobody opens a door unnoticed."""

from flask import Flask

from app.auth.guards import ACCESS

EVERYBODY, PERSON, SCRIPT, ADMIN = "open", "signed_in", "signed_in_api", "admins"

EXPECTED: dict[str, tuple[str, str, str]] = {}


def said(app: Flask) -> dict[str, tuple[str, str, str]]:
    return {
        rule.endpoint: (
            str(getattr(app.view_functions[rule.endpoint], ACCESS, None)),
            " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})),
            rule.rule,
        )
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.endswith("static")
    }


def test_every_route_says_who_may_enter(app: Flask) -> None:
    assert said(app) == EXPECTED


def test_only_posts_change_something(app: Flask) -> None:
    assert {methods for _, methods, _ in said(app).values()} <= {"GET", "POST"}
