"""Fixtures for the foreign side: a scripted peer and settings that point at it."""

from collections.abc import Callable, Iterator

import pytest

from app.pagero.wire import Wire
from app.settings import Settings
from tests.support.canaries import Canaries
from tests.support.environment import encryption_key, settings_for
from tests.unit.pagero.raw_peer import RawPeer

SettingsAt = Callable[..., Settings]


@pytest.fixture
def peer() -> Iterator[RawPeer]:
    peer = RawPeer()
    yield peer
    peer.close()
    assert peer.unannounced == [], "a request that the test did not announce"


@pytest.fixture
def wire(peer: RawPeer) -> Wire:
    """Patient enough for a busy machine; tests of deadlines give their own seconds."""
    return Wire(peer.origin, connect_seconds=2, total_seconds=10, limit_bytes=1000)


@pytest.fixture
def settings_at(canaries: Canaries) -> SettingsAt:
    """settings_at(origin, **changes): every Pagero address below `origin`."""

    def make(origin: str, **changes: str) -> Settings:
        pagero = {
            "PAGERO_CLIENT_ID": "sandbox-client",
            "PAGERO_CLIENT_SECRET": "a-secret-of-some-length",
            "PAGERO_AUTHORIZE_URL": f"{origin}/oauth/v2/oauth-authorize",
            "PAGERO_TOKEN_URL": f"{origin}/oauth/v2/oauth-token",
            "PAGERO_REVOKE_URL": f"{origin}/oauth/v2/oauth-revoke",
            "PAGERO_API_URL": origin,
        }
        keys = encryption_key(canaries)
        return Settings.from_environment(settings_for("http://localhost:8000", "", keys, pagero, **changes))

    return make
