"""What the authorization endpoint refuses, and how it sends people back."""

import pytest
from bs4 import BeautifulSoup

from .conftest import CALLBACK, CHALLENGE, Pagero, back

ISSUER = "http://127.0.0.1:9400/oauth/v2/oauth-anonymous"


def test_a_person_who_types_the_password_comes_back_with_code_state_and_issuer(pagero: Pagero) -> None:
    came = back(pagero.log_in(pagero.authorize()))
    assert set(came) == {"code", "state", "iss"}
    assert len(came["code"]) == 32
    assert (came["state"], came["iss"]) == ("state-of-the-test", ISSUER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "somebody-else"},
        {"client_id": None},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": "https://evil.example/auth/callback"},
        {"redirect_uri": None},
    ],
)
def test_a_wrong_client_or_redirect_uri_gets_a_page_and_no_redirect(pagero: Pagero, wrong: dict[str, None]) -> None:
    answer = pagero.authorize(**wrong)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert BeautifulSoup(answer.text, "html.parser").h1


def test_a_repeated_redirect_uri_gets_a_page_and_no_redirect(pagero: Pagero) -> None:
    query = [("client_id", "sandbox-client"), ("redirect_uri", CALLBACK), ("redirect_uri", CALLBACK)]
    assert pagero.http.get("/oauth/v2/oauth-authorize", query_string=query).status_code == 400


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": "all admin"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://x.example"}, "request_uri_not_supported"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_other_mistakes_go_back_with_error_state_and_issuer(
    pagero: Pagero, wrong: dict[str, str | None], error: str
) -> None:
    came = back(pagero.authorize(**wrong))
    assert (came["error"], came["state"], came["iss"]) == (error, "state-of-the-test", ISSUER)
    assert "code" not in came


def test_a_repeated_state_is_refused(pagero: Pagero) -> None:
    query = [("client_id", "sandbox-client"), ("redirect_uri", CALLBACK), ("state", "a"), ("state", "b")]
    assert back(pagero.http.get("/oauth/v2/oauth-authorize", query_string=query))["error"] == "invalid_request"


def test_deny_comes_back_as_access_denied_and_the_form_is_spent(pagero: Pagero) -> None:
    page = pagero.authorize()
    assert back(pagero.log_in(page, action="deny"))["error"] == "access_denied"
    assert pagero.log_in(page).status_code == 400


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"username": "mallory"}, {"username": "load-x"}])
def test_a_wrong_password_or_name_stays_on_the_login_page(pagero: Pagero, fields: dict[str, str]) -> None:
    page = pagero.authorize()
    answer = pagero.log_in(page, **fields)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "code" in back(pagero.log_in(page))


def test_a_second_sign_in_finishes_without_asking(pagero: Pagero) -> None:
    pagero.log_in(pagero.authorize())
    assert "code" in back(pagero.authorize())
    assert "code" in back(pagero.authorize(prompt="none"))


def test_prompt_login_asks_again(pagero: Pagero) -> None:
    pagero.log_in(pagero.authorize())
    assert pagero.authorize(prompt="login").status_code == 200


def test_the_single_sign_on_can_be_switched_off(pagero: Pagero) -> None:
    pagero.log_in(pagero.authorize())
    pagero.turn(sso=False)
    assert pagero.authorize().status_code == 200


def test_two_tabs_both_finish(pagero: Pagero) -> None:
    first, second = pagero.authorize(state="first-tab"), pagero.authorize(state="second-tab")
    assert back(pagero.log_in(second))["state"] == "second-tab"
    assert back(pagero.log_in(first))["state"] == "first-tab"


def test_a_form_works_once(pagero: Pagero) -> None:
    page = pagero.authorize()
    pagero.log_in(page)
    assert pagero.log_in(page).status_code == 400


def test_without_state_none_comes_back(pagero: Pagero) -> None:
    assert "state" not in back(pagero.log_in(pagero.authorize(state=None)))


def test_knobs_change_what_comes_back(pagero: Pagero) -> None:
    pagero.turn(callback_iss="https://other.example", callback_extra={"session_state": "x"})
    came = back(pagero.log_in(pagero.authorize()))
    assert (came["iss"], came["session_state"]) == ("https://other.example", "x")
    pagero.turn(send_iss=False, authorize_error="server_error", authorize_error_description="<b>no</b>")
    came = back(pagero.authorize())
    assert came == {
        "error": "server_error", "error_description": "<b>no</b>", "state": "state-of-the-test", "session_state": "x",
    }  # fmt: skip


def test_pkce_can_be_required_or_refused(pagero: Pagero) -> None:
    pagero.turn(require_pkce=True)
    assert back(pagero.authorize(code_challenge=None, code_challenge_method=None))["error"] == "invalid_request"
    pagero.turn(require_pkce=False, refuse_pkce=True)
    assert back(pagero.authorize())["error"] == "invalid_request"


def test_openid_can_be_disallowed(pagero: Pagero) -> None:
    pagero.turn(openid_allowed=False)
    assert back(pagero.authorize())["error"] == "invalid_scope"
    assert pagero.authorize(scope=None).status_code == 200


def test_the_login_page_is_accessible_and_says_who_can_sign_in(pagero: Pagero) -> None:
    page = BeautifulSoup(pagero.authorize(ui_locales="sv-SE en", login_hint="carla").text, "html.parser")
    assert page.html is not None
    assert page.html["lang"] == "sv"
    assert len(page.select("h1")) == 1
    assert {label["for"] for label in page.select("label")} == {"username", "password"}
    assert page.select_one("#username")["value"] == "carla"  # type: ignore[index]
    assert not page.select("script, style, [style], [onclick]")
    assert all(name in page.text for name in ("Anna Lindqvist", "Björn Ek", "Nyborg Start-up ApS", "sandbox"))


def test_picking_a_person_fills_in_the_name(pagero: Pagero) -> None:
    page = BeautifulSoup(pagero.authorize(ui_locales="tlh").text, "html.parser")
    link = next(link["href"] for link in page.select("a") if "dmitri" in link["href"])
    picked = BeautifulSoup(pagero.http.get(str(link)).text, "html.parser")
    assert picked.select_one("#username")["value"] == "dmitri"  # type: ignore[index]
    assert pagero.http.get("/oauth/v2/login?flow=unknown").status_code == 400


def test_names_are_shown_as_text(pagero: Pagero) -> None:
    assert "<script>" not in pagero.authorize(login_hint='"><script>alert(1)</script>').text


def test_pages_forbid_framing_and_storing(pagero: Pagero) -> None:
    headers = pagero.authorize().headers
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_only_ten_thousand_sign_ins_wait(pagero: Pagero, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sandbox.pending.MOST_WAITING", 2)
    pages = [pagero.authorize() for _ in range(3)]
    assert [pagero.log_in(page).status_code for page in pages] == [400, 303, 303]
