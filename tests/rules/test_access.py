"""Every route says who may enter, and this table says the same: nobody opens a door unnoticed."""

from flask import Flask

from app.auth.guards import ACCESS

EVERYBODY, PERSON, SCRIPT, ADMIN = "open", "signed_in", "signed_in_api", "admins"

EXPECTED: dict[str, tuple[str, str, str]] = {
    "account.account": (PERSON, "GET", "/account"),
    "account.ask_disconnect": (PERSON, "GET", "/account/disconnect"),
    "account.disconnect": (PERSON, "POST", "/account/disconnect"),
    "account.end_all_sessions": (PERSON, "POST", "/account/sessions/end-all"),
    "account.end_session": (PERSON, "POST", "/account/sessions/<session_id>/end"),
    "account.language": (EVERYBODY, "POST", "/language"),
    "admin.ask_disconnect": (ADMIN, "GET", "/admin/connections/<connection_id>/disconnect"),
    "admin.audit": (ADMIN, "GET", "/admin/audit"),
    "admin.connection": (ADMIN, "GET", "/admin/connections/<connection_id>"),
    "admin.connections": (ADMIN, "GET", "/admin/connections"),
    "admin.reconnect_link": (ADMIN, "POST", "/admin/connections/<connection_id>/reconnect-link"),
    "admin.disconnect": (ADMIN, "POST", "/admin/connections/<connection_id>/disconnect"),
    "api.documents_json": (SCRIPT, "GET", "/api/documents"),
    "auth.ask_reconnect": (EVERYBODY, "GET", "/auth/reconnect"),
    "auth.callback": (EVERYBODY, "GET", "/auth/callback"),
    "auth.login": (EVERYBODY, "GET", "/auth/login"),
    "auth.logout": (EVERYBODY, "POST", "/auth/logout"),
    "auth.reconnect": (EVERYBODY, "POST", "/auth/reconnect"),
    "companies.choose": (PERSON, "POST", "/companies/choose"),
    "companies.companies": (PERSON, "GET", "/companies"),
    "companies.forget": (PERSON, "POST", "/companies/<row_id>/forget"),
    "companies.remember": (PERSON, "POST", "/companies"),
    "dashboard.document": (PERSON, "GET", "/documents/<document_id>"),
    "dashboard.documents": (PERSON, "GET", "/documents"),
    "dashboard.export": (PERSON, "GET", "/documents/export.csv"),
    "dashboard.invoice": (PERSON, "GET", "/documents/<document_id>/invoice"),
    "dashboard.overview": (EVERYBODY, "GET", "/"),
    "dashboard.partners": (PERSON, "GET", "/partners"),
    "dashboard.search": (PERSON, "GET", "/search"),
    "dashboard.shortcuts": (EVERYBODY, "GET", "/shortcuts"),
    "dashboard.target": (PERSON, "GET", "/documents/<document_id>/target"),
    "attention.attention": (PERSON, "GET", "/attention"),
    "files.act": (PERSON, "POST", "/files/<file_id>/parts/<part_id>/<any(restart, cancel):action>"),
    "files.ask_action": (PERSON, "GET", "/files/<file_id>/parts/<part_id>/<any(restart, cancel):action>"),
    "files.file": (PERSON, "GET", "/files/<file_id>"),
    "files.files": (PERSON, "GET", "/files"),
    "files.form": (PERSON, "GET", "/files/new"),
    "files.found": (PERSON, "POST", "/files/<file_id>/found"),
    "files.missing": (PERSON, "POST", "/files/<file_id>/missing"),
    "files.status": (SCRIPT, "GET", "/api/files/<file_id>"),
    "files.upload": (PERSON, "POST", "/files"),
    "dashboard.together": (PERSON, "POST", "/documents/zip"),
    "health.live": (EVERYBODY, "GET", "/health/live"),
    "health.ready": (EVERYBODY, "GET", "/health/ready"),
    "metrics.metrics": (EVERYBODY, "GET", "/metrics"),
}
"""Endpoint: who may enter, by which method, at which address. logout asks for a session itself: without one it is done;
metrics asks for METRICS_TOKEN."""


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
