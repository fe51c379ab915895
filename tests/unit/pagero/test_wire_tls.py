"""TLS: what is trusted, what is refused, and that no certificate fault lets a request leave."""

import datetime
import ssl
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from app.errors import PageroTimedOut, PageroUnreachable
from app.pagero import lines
from app.pagero.wire import Wire
from tests.unit.pagero.raw_peer import RawPeer, raw, reply, say_nothing, then

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
MakePeer = Callable[..., RawPeer]


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = folder / "authority.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        built = self._builder(self._name, self._key.public_key(), NOW + DAY).add_extension(constraints, critical=True)
        built = built.add_extension(usage, critical=True)
        built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
        self._write(self.certificate, built)

    def context(self, host: str = "127.0.0.1", ends: datetime.datetime = NOW + DAY) -> ssl.SSLContext:
        """A server's context with a certificate for `host`."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        general = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        built = self._builder(name, key.public_key(), ends).add_extension(
            x509.SubjectAlternativeName([general]), critical=False
        )
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        self._write(self._folder / "server.pem", built.add_extension(identifier, critical=False))
        (self._folder / "server.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "server.pem", self._folder / "server.key")
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, ends: datetime.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 3 * DAY)
            .not_valid_after(ends)
        )

    def _write(self, path: Path, builder: x509.CertificateBuilder) -> None:
        path.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine trusts the test's authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    lines._context.cache_clear()
    yield
    lines._context.cache_clear()


@pytest.fixture
def tls_peer() -> Iterator[MakePeer]:
    made: list[RawPeer] = []

    def make(context: ssl.SSLContext) -> RawPeer:
        made.append(RawPeer(context))
        return made[-1]

    yield make
    for peer in made:
        peer.close()


def get(peer: RawPeer, connect_seconds: float = 2) -> bytes:
    return Wire(peer.origin, connect_seconds, 5, 1000).exchange("GET", "/things", operation="try").body


@pytest.mark.usefixtures("trusted")
def test_a_certificate_the_machine_trusts_is_accepted_and_the_line_reused(
    authority: Authority, tls_peer: MakePeer
) -> None:
    peer = tls_peer(authority.context())
    peer.will(reply(200, b"one"), reply(200, b"two"))
    wire = Wire(peer.origin, 2, 5, 1000)
    assert [wire.exchange("GET", "/things", operation="try").body for _ in range(2)] == [b"one", b"two"]
    assert peer.connections == 1


def refused(peer: RawPeer) -> str:
    """The words logged when no request left."""
    with capture_logs() as logs, pytest.raises(PageroUnreachable) as failure:
        get(peer)
    assert not failure.value.maybe_processed
    assert peer.requests == []
    return str(logs[-1]["fault"])


def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority, tls_peer: MakePeer) -> None:
    assert "self-signed" in (fault := refused(tls_peer(authority.context()))) or "unable to get" in fault


@pytest.mark.usefixtures("trusted")
def test_an_expired_certificate_is_refused(authority: Authority, tls_peer: MakePeer) -> None:
    assert "expired" in refused(tls_peer(authority.context(ends=NOW - DAY)))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("host", ["127.0.0.2", "elsewhere.example"])
def test_a_certificate_for_another_host_is_refused(authority: Authority, tls_peer: MakePeer, host: str) -> None:
    assert "not valid for" in refused(tls_peer(authority.context(host)))


@pytest.mark.usefixtures("trusted")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_refused(authority: Authority, tls_peer: MakePeer) -> None:
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert refused(tls_peer(context)).startswith("tls")


def test_a_server_that_speaks_no_tls_is_refused(peer: RawPeer) -> None:
    with pytest.raises(PageroUnreachable):
        Wire(peer.origin.replace("http:", "https:"), 0.5, 1, 100).exchange("GET", "/things", operation="try")
    assert peer.requests == []


def test_a_handshake_that_never_ends_is_given_up() -> None:
    silent = lines.socket.create_server(("127.0.0.1", 0))
    began = time.monotonic()
    with pytest.raises(PageroUnreachable):
        Wire(f"https://127.0.0.1:{silent.getsockname()[1]}", 0.3, 5, 100).exchange("GET", "/things", operation="try")
    assert time.monotonic() - began < 2
    silent.close()


@pytest.mark.usefixtures("trusted")
def test_deadlines_hold_over_tls(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer(authority.context())
    peer.will(then(raw(b"HTTP/1.1 200 OK\r\n"), say_nothing))
    with pytest.raises(PageroTimedOut):
        Wire(peer.origin, 2, 5, 1000).exchange("GET", "/things", operation="try", seconds=0.5)


@pytest.mark.usefixtures("trusted")
def test_a_body_that_ends_without_tls_saying_so_is_cut_short(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer(authority.context())
    cut = lines.socket.socket.shutdown
    peer.will(then(raw(b"HTTP/1.1 200 OK\r\n\r\nhalf"), lambda sock: cut(sock, lines.socket.SHUT_RDWR)))
    with pytest.raises(PageroTimedOut):
        get(peer)


def test_the_key_log_of_the_environment_is_not_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Authority, tls_peer: MakePeer, trusted: None
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    lines._context.cache_clear()
    peer = tls_peer(authority.context())
    peer.will(reply(200, b"one"))
    assert get(peer) == b"one"
    assert not (tmp_path / "keys").exists()
