"""Draws the macros of templates/invoice as the application does: StrictUndefined, gettext, its filters."""

from pathlib import Path

from bs4 import BeautifulSoup
from flask import Flask, render_template_string
from flask_babel import Babel
from jinja2 import StrictUndefined

from app.invoice.presentation import InvoicePage, ResponsePage
from app.web import formats, words

ROOT = Path(__file__).resolve().parents[3]


def drawing_app(language: str = "en") -> Flask:
    app = Flask("drawing", template_folder=str(ROOT / "templates"))
    app.jinja_env.undefined = StrictUndefined
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "app" / "translations")
    Babel(app, default_locale=language)
    formats.init_app(app)
    words.init_app(app)
    return app


APP = drawing_app()


def drawn(template: str, **context: object) -> BeautifulSoup:
    with APP.test_request_context():
        return BeautifulSoup(render_template_string(template, **context), "html.parser")


def invoice_page(page: InvoicePage | ResponsePage, **urls: str) -> BeautifulSoup:
    macro = "invoice" if isinstance(page, InvoicePage) else "response"
    call = "invoice(page, previous_url, next_url)" if macro == "invoice" else "response(page)"
    template = f'{{% from "invoice/_invoice.html" import {macro} with context %}}{{{{ {call} }}}}'
    return drawn(template, page=page, previous_url=urls.get("previous_url"), next_url=urls.get("next_url"))
