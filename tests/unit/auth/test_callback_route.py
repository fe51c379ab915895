"""Coming back from Pagero: the order of the checks and what each failure leaves behind (catalogue A2)."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import DataError, OperationalError

from app.auth import admission, routes
from app.auth.claims import Claims
from app.auth.exchanges import Exchanges
from app.auth.transaction import REMEMBERED, VALID
from app.clock import Clock
from app.errors import (
    ClientRefused,
    GrantRefused,
    PageroBusy,
    PageroError,
    PageroFailed,
    PageroGarbled,
    PageroRefusedRequest,
    PageroTimedOut,
    PageroUnreachable,
)
from app.models import Account, AuditEvent, BrowserSession, Connection, SpentTransaction
from app.services import EXTENSION
from app.web.rates import RateLimit
from tests.support.in_process import listen
from tests.support.played_pagero import ISSUER, PlayedPagero, Window, state_of
from tests.support.stored import Stored


def reasons(rows: Stored) -> list[str | None]:
    return [event["reason"] for event in rows.rows(AuditEvent, action="sign_in.failed")]


def assert_nothing_happened(rows: Stored, pagero: PlayedPagero, calls: int = 0) -> None:
    assert pagero.calls == calls
    assert rows.count(BrowserSession) == rows.count(Connection) == rows.count(Account) == 0


class TestASignIn:
    def test_ends_in_a_session_a_connection_and_the_page_that_was_wanted(
        self, window: Window, rows: Stored, pagero: PlayedPagero
    ) -> None:
        answer = window.sign_in(next="/documents?limit=5")

        assert (answer.status_code, answer.headers["Location"]) == (303, "/documents?limit=5")
        assert pagero.calls == 1
        account = rows.one(Account)
        assert (account["issuer"], account["subject"], account["callback_issuer"]) == (ISSUER, "anna", ISSUER)
        assert rows.one(Connection)["account_id"] == account["id"]
        assert rows.one(BrowserSession)["account_id"] == account["id"]
        assert {event["action"] for event in rows.rows(AuditEvent)} == {"connection.made", "session.started"}
        assert all(event["request_id"] and event["remote_addr"] == "127.0.0.1" for event in rows.rows(AuditEvent))

    def test_ignores_parameters_it_does_not_know(self, window: Window) -> None:
        assert window.come_back(window.start(), session_state="x", foo="1").status_code == 303

    def test_again_makes_no_second_account_and_replaces_the_session(self, window: Window, rows: Stored) -> None:
        window.sign_in()
        first = window.session
        window.sign_in()

        assert window.session != first
        assert (rows.count(Account), rows.count(Connection), rows.count(BrowserSession)) == (1, 1, 1)

    def test_by_somebody_who_was_signed_out_meanwhile_keeps_nothing_of_before(
        self, window: Window, rows: Stored
    ) -> None:
        window.client.set_cookie("session", "A" * 43, domain="127.0.0.1")

        window.sign_in()

        assert window.session != "A" * 43
        assert rows.count(BrowserSession) == 1

    def test_in_two_tabs_lands_each_on_its_own_page(self, window: Window, rows: Stored) -> None:
        one, two = window.start("/documents"), window.start("/account")

        assert window.come_back(two).headers["Location"] == "/account"
        assert window.come_back(one).headers["Location"] == "/documents"
        assert rows.count(BrowserSession) == 1

    def test_in_eight_tabs_the_newest_seven_land_in_any_order(self, window: Window) -> None:
        tabs = {f"/documents/{number}": window.start(f"/documents/{number}") for number in range(8)}

        landed = {target: window.come_back(tabs[target]) for target in sorted(tabs, key=hash)}

        assert {target: answer.headers.get("Location") for target, answer in landed.items()} == {
            "/documents/0": None
        } | {f"/documents/{number}": f"/documents/{number}" for number in range(1, 8)}
        assert landed["/documents/0"].status_code == 400

    def test_without_proof_key_and_openid_works_as_documented(self, application: Flask, rows: Stored) -> None:
        parts = application.extensions[EXTENSION]
        plain = parts.settings.model_copy(update={"pagero_pkce": False, "pagero_scope": "all"})
        pagero = PlayedPagero(plain)
        application.extensions[EXTENSION] = type(parts)(**{**vars(parts), "settings": plain, "endpoint": pagero})
        window = Window(application, pagero)

        login_url = window.start()

        assert "challenge" not in login_url
        assert "nonce" not in login_url
        assert window.come_back(login_url).status_code == 303
        assert rows.count(BrowserSession) == 1

    def test_with_an_issuer_that_is_not_pinned_is_not_compared_but_remembered(
        self, application: Flask, rows: Stored
    ) -> None:
        parts = application.extensions[EXTENSION]
        unpinned = parts.settings.model_copy(update={"pagero_issuer": None})
        application.extensions[EXTENSION] = type(parts)(**{**vars(parts), "settings": unpinned})
        window = Window(application, parts.endpoint)

        assert window.come_back(window.start(), iss="https://other.test").status_code == 303
        assert rows.one(Account)["callback_issuer"] == "https://other.test"
        assert window.come_back(window.start(), iss=None).status_code == 303


class TestAStateThatDoesNotFit:
    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (None, "state_missing"),
            ("", "state_missing"),
            (" ", "state_missing"),
            ("null", "state_unknown"),
            ("s" * 43, "state_unknown"),
            ("s" * 44, "state_unknown"),
        ],
    )
    def test_is_refused(
        self, window: Window, rows: Stored, pagero: PlayedPagero, state: str | None, reason: str
    ) -> None:
        answer = window.come_back(window.start(), state=state)

        assert answer.status_code == 400
        assert reasons(rows) == [reason]
        assert_nothing_happened(rows, pagero)

    @pytest.mark.parametrize(
        "change", [lambda s: s[:-1], lambda s: s + "A", lambda s: s.swapcase(), lambda s: "A" + s[1:]]
    )
    def test_by_one_character_is_refused_and_the_right_one_still_works(
        self, window: Window, pagero: PlayedPagero, change: Any
    ) -> None:
        login_url = window.start()
        changed = change(state_of(login_url))
        if changed != state_of(login_url):
            assert window.come_back(login_url, state=changed).status_code == 400
            assert pagero.calls == 0

        assert window.come_back(login_url).status_code == 303

    def test_because_another_browser_began_it_is_refused_and_left_to_that_browser(
        self, window: Window, other_window: Window, pagero: PlayedPagero, rows: Stored
    ) -> None:
        login_url = window.start()

        assert other_window.come_back(login_url).status_code == 400
        assert_nothing_happened(rows, pagero)
        assert window.come_back(login_url).status_code == 303

    def test_leaves_a_signed_in_person_as_they_are(self, window: Window, other_window: Window, rows: Stored) -> None:
        window.sign_in("anna")
        session, row = window.session, rows.one(Connection)

        answer = window.come_back(other_window.start(), "mallory")

        assert answer.status_code == 400
        assert (window.session, rows.one(Connection)) == (session, row)

    @pytest.mark.parametrize("garbage", ["x", "A" * 3000, "", "\\"])
    def test_because_the_cookie_is_damaged_is_refused(self, window: Window, garbage: str) -> None:
        login_url = window.start()
        (name,) = (name for name in window.cookies if name.startswith("signin-"))
        window.client.set_cookie(name, garbage, domain="127.0.0.1")

        assert window.come_back(login_url).status_code == 400
        assert name not in window.cookies

    def test_takes_away_no_cookie_that_can_be_read(self, window: Window) -> None:
        live = window.start()
        window.client.set_cookie("signin-00000000", "garbage", domain="127.0.0.1")

        assert window.callback({"code": "x", "state": "s" * 43}).status_code == 400
        assert [name for name in window.cookies if name.startswith("signin-")] != ["signin-00000000"]
        assert "signin-00000000" not in window.cookies
        assert window.come_back(live).status_code == 303

    @pytest.mark.parametrize("error", ["access_denied", "server_error", "<script>"])
    def test_hides_whatever_error_comes_with_it(self, window: Window, rows: Stored, error: str) -> None:
        live = window.start()

        answer = window.callback({"error": error, "state": "s" * 43})

        assert (answer.status_code, reasons(rows)) == (400, ["state_unknown"])
        assert window.come_back(live).status_code == 303


class TestARepeatedCallback:
    @pytest.mark.parametrize("name", ["state", "code", "iss", "error"])
    @pytest.mark.parametrize("bad_first", [True, False])
    def test_parameter_is_refused_in_either_order(
        self, window: Window, pagero: PlayedPagero, rows: Stored, name: str, bad_first: bool
    ) -> None:
        login_url = window.start("/account")
        query = {"code": pagero.log_in(login_url), "state": state_of(login_url), "iss": ISSUER}
        bad = (name, "bad")
        pairs = [bad, *query.items()] if bad_first else [*query.items(), bad]
        if name == "error":
            pairs.append(bad)

        answer = window.open("/auth/callback?" + "&".join(f"{key}={value}" for key, value in pairs))

        assert (answer.status_code, reasons(rows)) == (400, ["parameter_repeated"])
        assert_nothing_happened(rows, pagero)

    def test_address_sends_a_signed_in_person_where_they_wanted_to_go(
        self, window: Window, pagero: PlayedPagero, rows: Stored
    ) -> None:
        login_url = window.start("/documents?limit=5")
        query = {"code": pagero.log_in(login_url), "state": state_of(login_url), "iss": ISSUER}
        window.callback(query)
        session = window.session

        again = window.callback(query)

        assert (again.status_code, again.headers["Location"]) == (303, "/documents?limit=5")
        assert (pagero.calls, window.session) == (1, session)
        assert reasons(rows) == []

    def test_address_does_so_an_hour_later_too(self, window: Window, pagero: PlayedPagero, clock: Clock) -> None:
        login_url = window.start("/account")
        query = {"code": pagero.log_in(login_url), "state": state_of(login_url), "iss": ISSUER}
        window.callback(query)
        clock.offset += VALID + timedelta(minutes=2)

        assert window.callback(query).headers["Location"] == "/account"
        assert pagero.calls == 1

    def test_address_after_signing_out_signs_nobody_in(
        self, window: Window, pagero: PlayedPagero, clock: Clock, rows: Stored
    ) -> None:
        login_url = window.start("/account")
        query = {"code": pagero.log_in(login_url), "state": state_of(login_url), "iss": ISSUER}
        window.callback(query)
        with rows.engine.begin() as connection:
            connection.execute(BrowserSession.__table__.delete())
        clock.offset += timedelta(seconds=30)

        again = window.callback(query)

        assert again.status_code == 400
        assert reasons(rows) == ["state_spent"]
        assert "/auth/login?next=/account" in again.text
        assert pagero.calls == 1

    def test_address_while_the_first_is_being_answered_says_so_at_once(
        self, window: Window, pagero: PlayedPagero, rows: Stored
    ) -> None:
        login_url = window.start("/account")
        query = {"code": pagero.log_in(login_url), "state": state_of(login_url), "iss": ISSUER}
        reloaded: list[Any] = []
        twin = Window(window.app, pagero)
        for name, value in window.cookies.items():
            twin.client.set_cookie(name, value, domain="127.0.0.1")
        pagero.before_answering = lambda: reloaded.append(twin.callback(query))

        assert window.callback(query).status_code == 303
        (page,) = reloaded
        assert page.status_code == 202
        assert page.headers["Refresh"] == "5; url=/account"
        assert 'href="/account"' in page.text
        assert (pagero.calls, rows.count(BrowserSession)) == (1, 1)

    @pytest.mark.parametrize("faulty", [True, False])
    def test_address_of_a_sign_in_that_failed_says_so_and_keeps_the_target(
        self, window: Window, pagero: PlayedPagero, rows: Stored, faulty: bool
    ) -> None:
        """Declined at the login page, or refused by the token endpoint a moment ago: nothing is being finished."""
        login_url = window.start("/account")
        query = {"state": state_of(login_url), "iss": ISSUER}
        query |= {"code": pagero.log_in(login_url)} if faulty else {"error": "access_denied"}
        pagero.fault = PageroTimedOut("exchange code")
        assert window.callback(query).status_code == (504 if faulty else 403)

        again = window.callback(query)

        assert (again.status_code, reasons(rows)[-1]) == (400, "state_spent")
        assert "Refresh" not in again.headers
        assert "/auth/login?next=/account" in again.text

    def test_address_sixteen_times_at_once_spends_the_code_once(
        self, window: Window, pagero: PlayedPagero, rows: Stored
    ) -> None:
        login_url = window.start()
        query = {"code": pagero.log_in(login_url), "state": state_of(login_url), "iss": ISSUER}
        together, statuses = Barrier(16), []
        window.app.extensions[routes.EXCHANGES] = Exchanges(64)

        def race() -> None:
            twin = Window(window.app, pagero)
            for name, value in window.cookies.items():
                twin.client.set_cookie(name, value, domain="127.0.0.1")
            together.wait()
            statuses.append(twin.callback(query).status_code)

        racers = [Thread(target=race) for _ in range(16)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()

        assert sorted(statuses) == [202] * 15 + [303]
        assert (pagero.calls, rows.count(BrowserSession)) == (1, 1)


class TestTime:
    def test_ten_minutes_are_enough(self, window: Window, clock: Clock) -> None:
        login_url = window.start()
        clock.offset += VALID - timedelta(seconds=5)

        assert window.come_back(login_url).status_code == 303

    def test_more_than_ten_are_not_and_the_target_is_kept(
        self, window: Window, clock: Clock, rows: Stored, pagero: PlayedPagero
    ) -> None:
        login_url = window.start("/account")
        clock.offset += VALID + timedelta(seconds=1)

        answer = window.come_back(login_url)

        assert (answer.status_code, reasons(rows)) == (400, ["state_expired"])
        assert "/auth/login?next=/account" in answer.text
        assert_nothing_happened(rows, pagero)

    def test_old_claims_are_swept_by_sign_ins_that_fail_as_well(
        self, window: Window, clock: Clock, rows: Stored, pagero: PlayedPagero
    ) -> None:
        pagero.fault = GrantRefused("exchange code", 400)
        for _ in range(3):
            window.come_back(window.start())
        clock.offset += REMEMBERED + timedelta(minutes=1)

        window.come_back(window.start())

        assert rows.count(SpentTransaction) == 1

    def test_a_sweep_that_fails_disturbs_nobody(self, window: Window, application: Flask) -> None:
        def fail(statement: str) -> None:
            if statement.startswith("DELETE FROM spent_transactions"):
                raise OperationalError("DELETE", {}, Exception("locked"))

        listen(application, fail)

        assert window.sign_in().status_code == 303


class TestTheIssuer:
    @pytest.mark.parametrize(
        ("iss", "reason"),
        [
            (None, "iss_missing"),
            ("", "iss_missing"),
            ("https://evil.test", "iss_mismatch"),
            (ISSUER + "/", "iss_mismatch"),
            (ISSUER.replace("https", "http"), "iss_mismatch"),
            (ISSUER.replace("login.test", "LOGIN.test"), "iss_mismatch"),
            (ISSUER.replace("login.test", "login.test:443"), "iss_mismatch"),
            (ISSUER.replace("login.test", "login.test."), "iss_mismatch"),
            (ISSUER.replace("login", "%6cogin"), "iss_mismatch"),
        ],
    )
    @pytest.mark.parametrize("extra", [{}, {"error": "access_denied", "code": None}])
    def test_must_be_there_and_equal_on_errors_as_well(
        self, window: Window, rows: Stored, iss: str | None, reason: str, extra: dict[str, Any]
    ) -> None:
        answer = window.come_back(window.start(), iss=iss, **extra)

        assert (answer.status_code, reasons(rows)) == (400, [reason])
        assert_nothing_happened(rows, window.pagero)


class TestWhatPageroSays:
    @pytest.mark.parametrize(
        ("error", "reason", "status"),
        [
            ("access_denied", "access_denied", 403),
            ("server_error", "server_error", 502),
            ("temporarily_unavailable", "temporarily_unavailable", 503),
            ("invalid_request", "invalid_request", 502),
            ("unauthorized_client", "unauthorized_client", 502),
            ("unsupported_response_type", "unsupported_response_type", 502),
            ("invalid_scope", "invalid_scope", 502),
            ("login_required", "authorization_error", 502),
            ("x" * 200, "authorization_error", 502),
            ("fel på ö", "authorization_error", 502),
        ],
    )
    def test_becomes_a_page_of_its_own(
        self, window: Window, rows: Stored, error: str, reason: str, status: int
    ) -> None:
        answer = window.come_back(window.start("/account"), code=None, error=error)

        assert (answer.status_code, reasons(rows)) == (status, [reason])
        assert_nothing_happened(rows, window.pagero)

    def test_is_heard_once(self, window: Window, rows: Stored) -> None:
        login_url = window.start()
        window.come_back(login_url, code=None, error="access_denied")

        assert window.come_back(login_url).status_code == 400
        assert rows.count(BrowserSession) == 0

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"error": "server_error"}, "code_and_error"),
            ({"code": None}, "code_missing"),
            ({"code": ""}, "code_missing"),
            ({"code": " "}, "code_missing"),
            ({"code": "c" * 3000}, "parameter_malformed"),
            ({"code": "\u0000"}, "parameter_malformed"),
            ({"access_token": "x"}, "parameter_malformed"),
        ],
    )
    def test_without_exactly_one_code_is_refused(
        self, window: Window, rows: Stored, pagero: PlayedPagero, changes: dict[str, Any], reason: str
    ) -> None:
        answer = window.come_back(window.start(), **changes)

        assert (answer.status_code, reasons(rows)) == (400, [reason])
        assert_nothing_happened(rows, pagero)

    @pytest.mark.parametrize(
        "text", ["<script>alert(1)</script>", '"><img onerror=x>', "{{7*7}}", "javascript:alert(1)", "\x1b[2J\u202e"]
    )
    def test_is_never_repeated_on_the_page_or_in_the_trail(self, window: Window, rows: Stored, text: str) -> None:
        answer = window.come_back(
            window.start(), code=None, error=text, error_description=text, error_uri=text, junk=text
        )

        assert answer.status_code == 502
        assert text not in answer.text
        assert text not in str(rows.rows(AuditEvent))

    @pytest.mark.parametrize("extra", [{f"p{n}": "x" for n in range(1000)}, {"iss": "i" * 4000}])
    def test_in_excess_is_refused(self, window: Window, extra: dict[str, str]) -> None:
        assert window.come_back(window.start(), **extra).status_code == 400


class TestTheTokenEndpoint:
    @pytest.mark.parametrize(
        ("fault", "reason", "status"),
        [
            (GrantRefused("exchange code", 400), "code_refused", 400),
            (ClientRefused("exchange code", 401), "client_refused", 502),
            (PageroTimedOut("exchange code"), "token_endpoint_timeout", 504),
            (PageroUnreachable("exchange code"), "token_endpoint_unreachable", 503),
            (PageroBusy("exchange code", 503, 7), "temporarily_unavailable", 503),
            (PageroFailed("exchange code", 500), "token_endpoint_failed", 502),
            (PageroGarbled("exchange code", 200), "token_answer_unusable", 502),
            (PageroRefusedRequest("exchange code", 404), "token_endpoint_refused", 502),
            (PageroError("exchange code"), "token_endpoint_failed", 502),
        ],
    )
    def test_failing_leaves_a_signed_in_person_as_they_are(
        self, window: Window, rows: Stored, fault: PageroError, reason: str, status: int
    ) -> None:
        window.sign_in("anna")
        before = (window.session, rows.one(Connection), rows.count(BrowserSession))
        window.pagero.fault = fault

        answer = window.come_back(window.start("/account"))

        assert (answer.status_code, reasons(rows)) == (status, [reason])
        assert before == (window.session, rows.one(Connection), rows.count(BrowserSession))
        assert "__cause__" not in answer.text

    def test_refuses_a_code_of_another_flow(self, window: Window, rows: Stored, pagero: PlayedPagero) -> None:
        stolen = pagero.log_in(Window(window.app, pagero).start(), "mallory")

        answer = window.come_back(window.start(), code=stolen)

        assert (answer.status_code, reasons(rows)) == (400, ["code_refused"])
        assert_nothing_happened(rows, pagero, calls=1)

    def test_answer_without_identity_is_given_back(
        self, window: Window, rows: Stored, pagero: PlayedPagero, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tests.support.played_pagero.access_token_of", lambda person: "opaque")

        answer = window.come_back(window.start())

        assert (answer.status_code, reasons(rows)) == (502, ["identity_missing"])
        assert len(pagero.revoked) == 1
        assert_nothing_happened(rows, pagero, calls=1)


class TestReconnecting:
    def test_by_the_same_person_renews_the_connection(self, window: Window, rows: Stored) -> None:
        window.sign_in("anna")
        before = rows.one(Connection)

        window.sign_in("anna")

        after = rows.one(Connection)
        assert (after["id"], after["generation"]) == (before["id"], before["generation"] + 1)

    def test_in_two_tabs_completes_in_both(self, window: Window) -> None:
        window.sign_in("anna")
        one, two = window.start("/documents"), window.start("/account")

        assert window.come_back(one).status_code == 303
        assert window.come_back(two).headers["Location"] == "/account"

    def test_as_somebody_else_is_refused_changes_nothing_and_gives_their_tokens_back(
        self, window: Window, rows: Stored, pagero: PlayedPagero
    ) -> None:
        window.sign_in("anna")
        before = (window.session, rows.one(Connection), rows.rows(BrowserSession))

        answer = window.come_back(window.start(), "bjorn")

        assert (answer.status_code, reasons(rows)) == (409, ["other_person"])
        assert before == (window.session, rows.one(Connection), rows.rows(BrowserSession))
        assert rows.count(Account) == 1
        assert len(pagero.revoked) == 1

    def test_as_another_known_person_is_refused_too(self, window: Window, other_window: Window, rows: Stored) -> None:
        other_window.sign_in("bjorn")
        window.sign_in("anna")
        before = sorted(map(str, rows.rows(Connection)))

        assert window.come_back(window.start(), "bjorn").status_code == 409
        assert sorted(map(str, rows.rows(Connection))) == before

    def test_after_somebody_else_signed_in_here_is_refused_before_the_code_is_spent(
        self, window: Window, rows: Stored, pagero: PlayedPagero
    ) -> None:
        window.sign_in("anna")
        reconnect = window.start("/account")
        window.sign_in("bjorn", prompt="login")
        calls = pagero.calls

        answer = window.come_back(reconnect, "anna")

        assert (answer.status_code, reasons(rows), pagero.calls) == (409, ["other_person"], calls)

    def test_to_sign_in_as_somebody_else_is_a_fresh_sign_in(self, window: Window, rows: Stored) -> None:
        window.sign_in("anna")
        anna = rows.one(BrowserSession)["id"]

        window.sign_in("bjorn", prompt="login")

        assert rows.count(Account) == 2
        assert rows.one(BrowserSession)["id"] != anna

    def test_after_the_session_ended_completes_for_the_same_person_only(self, window: Window, rows: Stored) -> None:
        window.sign_in("anna")
        first, second = window.start(), window.start()
        with rows.engine.begin() as connection:
            connection.execute(BrowserSession.__table__.delete())

        assert window.come_back(first, "bjorn").status_code == 409
        assert window.come_back(second, "anna").status_code == 303


class TestSigningOutWhileASignInIsBeingFinished:
    def test_leaves_nobody_signed_in_and_gives_the_tokens_back(
        self, window: Window, rows: Stored, pagero: PlayedPagero
    ) -> None:
        window.sign_in()
        before, login_url = rows.one(Connection), window.start("/account")

        def sign_out() -> None:
            with rows.engine.begin() as connection:
                connection.execute(BrowserSession.__table__.delete())

        pagero.before_answering = sign_out

        answer = window.come_back(login_url)

        assert (answer.status_code, reasons(rows)) == (409, ["session_ended"])
        assert rows.count(BrowserSession) == 0
        assert rows.one(Connection) == before
        assert len(pagero.revoked) == 1
        assert "/auth/login?next=/account" in answer.text

    def test_is_nothing_to_a_sign_in_that_began_signed_out(
        self, window: Window, other_window: Window, rows: Stored, pagero: PlayedPagero
    ) -> None:
        other_window.sign_in("bjorn")
        pagero.before_answering = lambda: other_window.post("/auth/logout")

        assert window.sign_in().status_code == 303


class TestTheDatabase:
    @pytest.fixture(autouse=True)
    def _no_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(admission, "RETRY_PAUSES_SECONDS", (0.0, 0.0))

    def test_being_away_before_the_claim_spends_nothing(
        self, window: Window, pagero: PlayedPagero, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        login_url = window.start()
        with monkeypatch.context() as broken:
            broken.setattr(Claims, "_insert", self.away)
            answer = window.come_back(login_url)
        assert (answer.status_code, pagero.calls) == (503, 0)
        assert answer.headers["Retry-After"]

        assert window.come_back(login_url).status_code == 303

    def test_failing_twice_at_the_commit_is_waited_for(
        self, window: Window, rows: Stored, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.fail_admissions(monkeypatch, 2)

        assert window.sign_in().status_code == 303
        assert (rows.count(BrowserSession), rows.count(Connection), rows.count(AuditEvent)) == (1, 1, 2)

    @pytest.mark.parametrize("revocation_fails", [False, True])
    def test_staying_away_at_the_commit_gives_the_tokens_back(
        self,
        window: Window,
        rows: Stored,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        revocation_fails: bool,
    ) -> None:
        self.fail_admissions(monkeypatch, 3)
        login_url = window.start()
        if revocation_fails:
            monkeypatch.setattr(window.pagero, "revoke", self.unreachable)

        answer = window.come_back(login_url)

        assert answer.status_code == 503
        assert rows.count(BrowserSession) == rows.count(Connection) == rows.count(Account) == 0
        assert len(window.pagero.revoked) == (0 if revocation_fails else 1)
        assert ("tokens_orphaned" if revocation_fails else "tokens_given_back") in capsys.readouterr().out

    def test_refusing_a_value_at_the_commit_gives_the_tokens_back_and_says_so(
        self, window: Window, rows: Stored, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any) -> str:
            raise DataError("INSERT", {}, Exception("value too long"))

        monkeypatch.setattr(admission, "_admit_once", refuse)

        assert window.come_back(window.start()).status_code == 503
        assert len(window.pagero.revoked) == 1
        assert rows.count(BrowserSession) == rows.count(Account) == 0

    def test_refusing_the_audit_line_does_not_change_the_answer(
        self, window: Window, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.audit.record", self.away)

        assert window.callback({"code": "x", "state": "s" * 43}).status_code == 400

    @staticmethod
    def away(*_: Any, **__: Any) -> Any:
        raise OperationalError("statement", {}, Exception("away"))

    @staticmethod
    def unreachable(*_: Any) -> None:
        raise PageroUnreachable("revoke")

    @staticmethod
    def fail_admissions(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        real, failures = admission._admit_once, iter(range(times))

        def admit_once(*args: Any) -> str:
            made = real(*args)
            if next(failures, None) is not None:
                raise OperationalError("COMMIT", {}, Exception("away"))
            return made

        monkeypatch.setattr(admission, "_admit_once", admit_once)


def test_two_first_sign_ins_of_one_person_at_once_make_one_account(
    window: Window, other_window: Window, rows: Stored, pagero: PlayedPagero
) -> None:
    one, two, together = window.start(), other_window.start(), Barrier(2)
    pagero.before_answering = lambda: together.wait() and None
    answers = []
    racers = [
        Thread(target=lambda w=w, url=url: answers.append(w.come_back(url)))
        for w, url in ((window, one), (other_window, two))
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert [answer.status_code for answer in answers] == [303, 303]
    assert (rows.count(Account), rows.count(Connection), rows.count(BrowserSession)) == (1, 1, 2)


def test_a_flood_of_failures_does_not_fill_the_trail(window: Window, application: Flask, rows: Stored) -> None:
    application.extensions[routes.LIMITS]["audits"] = RateLimit(burst=2, per_second=0.01)

    statuses = {window.callback({"code": "x", "state": "s" * 43}).status_code for _ in range(5)}

    assert statuses == {400}
    assert len(reasons(rows)) == 2


def test_a_target_is_checked_again_when_it_is_used(
    window: Window, application: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as careless:
        careless.setattr(routes, "safe_target", lambda text: text or "/")
        login_url = window.start("//evil.test")

    assert window.come_back(login_url).headers["Location"] == "/"
