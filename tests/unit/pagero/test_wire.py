"""One exchange over real sockets: what leaves, what comes back, and which lines are used again."""

import os
import select
import threading
import time
from collections.abc import Callable

import pytest

from app.errors import PageroRefusedRequest, PageroTimedOut, PageroUnreachable
from app.pagero import lines, shelf
from app.pagero.wire import Wire
from tests.unit.pagero.raw_peer import RawPeer, hang_up, raw, reply, reset, say_nothing, then


def get(wire: Wire, path: str = "/things") -> bytes:
    return wire.exchange("GET", path, operation="try").body


def wait_until_something_came(wire: Wire) -> None:
    """Until the idle line has something to read: its end, or bytes."""
    (line,) = wire._shelf._idle
    assert select.select([line.sock], [], [], 5)[0]


def test_the_request_has_exactly_our_headers(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(200, b"[]"))
    headers = {"Authorization": "Bearer abc", "Accept": "application/json"}
    wire.exchange("GET", "/things", operation="try", query=(("a", "1 &ö"), ("a", "2")), headers=headers)
    (request,) = peer.requests
    assert (request.method, request.target, request.body) == ("GET", "/things?a=1+%26%C3%B6&a=2", b"")
    assert dict(request.headers) == {
        "Host": f"127.0.0.1:{peer.port}",
        "Accept-Encoding": "identity",
        "User-Agent": "pagero-dashboard",
        **headers,
    }
    assert len(request.headers) == 5


def test_the_answer_has_status_lower_case_headers_and_body(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(418, b"tea", "X-Thing: one", "x-thing: two"))
    answer = wire.exchange("GET", "/things", operation="try")
    assert (answer.status, answer.body, answer.headers["x-thing"]) == (418, b"tea", "one, two")
    assert "tea" not in repr(answer)


def test_the_paths_begin_below_the_address_of_the_origin(peer: RawPeer) -> None:
    peer.will(reply())
    get(Wire(f"{peer.origin}/base/", 1, 5, 100), "/x")
    assert peer.requests[0].target == "/base/x"


def test_a_body_is_sent_with_its_length(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply())
    wire.exchange("POST", "/things", operation="try", body=b"a=b")
    assert (peer.requests[0].body, peer.requests[0].header("Content-Length")) == (b"a=b", "3")


def test_ten_calls_use_one_connection(wire: Wire, peer: RawPeer) -> None:
    peer.will(*[reply(200, b"{}")] * 10)
    for _ in range(10):
        get(wire)
    assert peer.connections == 1


def test_parallel_calls_do_not_share_a_line(wire: Wire, peer: RawPeer) -> None:
    together = threading.Barrier(3)
    peer.will(*[then(lambda _: together.wait(5) and None, reply(200, b"{}"))] * 3)
    threads = [threading.Thread(target=get, args=(wire,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert peer.connections == 3


def test_a_new_connection_is_neither_taken_from_nor_left_to_others(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(), reply(), reply())
    get(wire)
    wire.exchange("POST", "/token", operation="try", body=b"x", new_connection=True)
    get(wire)
    assert [request.connection for request in peer.requests] == [1, 2, 1]
    assert peer.requests[1].header("Connection") == "close"


@pytest.mark.parametrize("last", [reply(200, b"x", "Connection: close"), raw(b"HTTP/1.0 200 OK\r\n\r\nx")])
def test_a_line_that_the_server_ends_is_not_used_again(wire: Wire, peer: RawPeer, last: Callable[..., None]) -> None:
    peer.will(then(last, hang_up), reply())
    assert get(wire) == b"x"
    get(wire)
    assert peer.connections == 2


def test_a_line_closed_while_idle_is_noticed_before_sending(wire: Wire, peer: RawPeer) -> None:
    peer.will(then(reply(), hang_up), reply())
    get(wire)
    wait_until_something_came(wire)
    wire.exchange("POST", "/things", operation="try", body=b"x")
    assert [request.connection for request in peer.requests] == [1, 2]


def test_bytes_nobody_asked_for_cost_the_line(wire: Wire, peer: RawPeer) -> None:
    peer.will(
        then(reply(), lambda _: time.sleep(0.05), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother")), reply()
    )
    get(wire)
    wait_until_something_came(wire)
    assert get(wire) == b""
    assert peer.connections == 2


def test_a_line_that_rested_too_long_is_not_used(wire: Wire, peer: RawPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "IDLE_SECONDS", 0.0)
    peer.will(reply(), reply())
    get(wire)
    get(wire)
    assert peer.connections == 2


def test_not_more_lines_are_kept_than_needed(wire: Wire, peer: RawPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "LINES", 0)
    peer.will(reply(), reply())
    get(wire)
    get(wire)
    assert peer.connections == 2


@pytest.mark.parametrize("ending", [hang_up, reset])
def test_a_get_on_a_line_that_ends_unseen_is_sent_once_more(
    wire: Wire, peer: RawPeer, ending: Callable[..., None]
) -> None:
    peer.will(reply(), ending, reply(200, b"again"))
    get(wire)
    assert get(wire) == b"again"
    assert [request.connection for request in peer.requests] == [1, 1, 2]


def test_a_post_on_a_line_that_ends_unseen_is_not(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(), reset)
    get(wire)
    with pytest.raises(PageroTimedOut) as failure:
        wire.exchange("POST", "/things", operation="try", body=b"x")
    assert failure.value.maybe_processed
    assert len(peer.requests) == 2


@pytest.mark.parametrize("ending", [hang_up, reset])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_repeated_on_a_fresh_line(
    wire: Wire, peer: RawPeer, ending: Callable[..., None], method: str
) -> None:
    peer.will(ending)
    with pytest.raises(PageroTimedOut) as failure:
        wire.exchange(method, "/things", operation="try")
    assert failure.value.maybe_processed
    assert len(peer.requests) == 1


def test_a_get_is_not_repeated_when_its_own_deadline_cut_the_line(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(), say_nothing)
    get(wire)
    with pytest.raises(PageroTimedOut):
        wire.exchange("GET", "/things", operation="try", seconds=0.2)
    assert len(peer.requests) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_handed_over_and_never_followed(wire: Wire, peer: RawPeer, status: int) -> None:
    peer.will(reply(status, b"", f"Location: {peer.origin}/elsewhere"))
    assert wire.exchange("POST", "/things", operation="try", body=b"secret").status == status
    assert len(peer.requests) == 1


def test_cookies_are_not_kept(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(200, b"", "Set-Cookie: sid=1; Path=/"), reply())
    get(wire)
    get(wire)
    assert peer.requests[1].header("Cookie") is None


def test_proxies_and_netrc_of_the_environment_are_not_used(
    wire: Wire, peer: RawPeer, monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    netrc = os.path.join(tmp_path, ".netrc")  # noqa: PTH118
    with open(netrc, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("machine 127.0.0.1 login someone password else\n")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", netrc)
    monkeypatch.setenv("HOME", str(tmp_path))
    peer.will(reply())
    wire.exchange("GET", "/things", operation="try", headers={"Authorization": "Bearer abc"})
    assert peer.requests[0].header("Authorization") == "Bearer abc"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "things",
        "//evil.example/x",
        "/a//b",
        "/a/../b",
        "/a/./b",
        "/..",
        "/%2e%2e/admin",
        "/.%2E",
        "/a%2fb",
        "/a%5Cb",
        "/a\\b",
        "/a?x=1",
        "/a#b",
        "/a b",
        "/a\r\nX: y",
        "/a\n",
        "/ä",
        "/%zz",
        "http://evil.example/",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_not_sent(wire: Wire, peer: RawPeer, path: str) -> None:
    with pytest.raises(PageroRefusedRequest) as refusal:
        get(wire, path)
    assert not refusal.value.maybe_processed
    assert peer.connections == 0


@pytest.mark.parametrize("path", ["/a%20b", "/a.b/.c", "/a;v=1/~b", "/a/", "/a..b"])
def test_ordinary_paths_are_sent_as_they_are(wire: Wire, peer: RawPeer, path: str) -> None:
    peer.will(reply())
    get(wire, path)
    assert peer.requests[0].target == path


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "ü\u0100"])
def test_a_header_with_a_line_break_is_not_sent(wire: Wire, peer: RawPeer, value: str) -> None:
    with pytest.raises(PageroRefusedRequest) as refusal:
        wire.exchange("GET", "/things", operation="try", headers={"Authorization": value})
    assert not refusal.value.maybe_processed
    assert peer.requests == []


def test_a_closed_port_is_unreachable_and_certainly_not_processed() -> None:
    with pytest.raises(PageroUnreachable) as failure:
        get(Wire("http://127.0.0.1:9", 1, 2, 100))
    assert not failure.value.maybe_processed


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".example"])
def test_a_name_without_address_is_unreachable(host: str) -> None:
    with pytest.raises(PageroUnreachable):
        get(Wire(f"http://{host}", 2, 3, 100))


def test_a_resolver_that_hangs_does_not_hold_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    asked: list[object] = []

    def hang(*arguments: object, **_: object) -> list[object]:
        asked.append(arguments)
        release.wait(10)
        return []

    monkeypatch.setattr(lines.socket, "getaddrinfo", hang)
    wire = Wire("http://slow-name.example", 0.2, 1, 100)
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(PageroUnreachable):
            get(wire)
    assert time.monotonic() - began < 2
    assert len(asked) == 1, "one look-up serves all who wait for the same name"
    release.set()


def test_a_host_that_takes_no_connection_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    full = lines.socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    address = full.getsockname()
    stuffing = [lines.socket.socket() for _ in range(3)]
    for sock in stuffing:
        sock.setblocking(False)
        sock.connect_ex(address)
    began = time.monotonic()
    with pytest.raises(PageroUnreachable):
        get(Wire(f"http://127.0.0.1:{address[1]}", 0.3, 5, 100))
    assert time.monotonic() - began < 2
    for sock in [full, *stuffing]:
        sock.close()


def test_the_second_address_is_tried_when_the_first_is_dead(
    wire: Wire, peer: RawPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = lines.socket.SOCK_STREAM
    family = lines.socket.AF_INET
    addresses = [(family, kind, 6, "", ("127.0.0.1", 9)), (family, kind, 6, "", ("127.0.0.1", peer.port))]
    monkeypatch.setattr(lines.socket, "getaddrinfo", lambda *_, **__: addresses)
    peer.will(reply(200, b"second"))
    assert get(wire) == b"second"


def test_no_address_is_tried_once_the_time_is_over(peer: RawPeer) -> None:
    address = (lines.socket.AF_INET, ("127.0.0.1", peer.port))
    with pytest.raises(lines.CannotConnect):
        lines._connect([address], time.monotonic() - 1)
    assert peer.connections == 0


def test_a_forked_child_leaves_its_parents_lines_alone(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(200, b"parent"), reply(200, b"child"), reply(200, b"parent"))
    get(wire)
    child = os.fork()
    if child == 0:
        os._exit(0 if get(wire) == b"child" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert get(wire) == b"parent"
    assert [request.connection for request in peer.requests] == [1, 2, 1]


def test_deadlines_hold_in_a_forked_child(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(), say_nothing)
    get(wire)
    child = os.fork()
    if child == 0:
        try:
            wire.exchange("GET", "/things", operation="try", seconds=0.3)
        except PageroTimedOut:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_no_failure_quotes_what_was_sent(wire: Wire, peer: RawPeer) -> None:
    peer.will(reset)
    with pytest.raises(PageroTimedOut) as failure:
        wire.exchange("POST", "/path-canary", operation="try", headers={"X": "header-canary"}, body=b"body-canary")
    assert "canary" not in f"{failure.value!s} {failure.value!r} {failure.value.args}"
