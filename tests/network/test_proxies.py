"""Paid work through proxies and companies' certificates: it works, or one clear line, and nothing counts as sent or spent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Film, Ran, Vidgen
from tunnels import HOST, FailureMode, Proxy, behind_tls
from vidgen.network import clients
from vidgen.network.settings import CERTIFICATES
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.runway import FakeRunway

RUNWAY = "{id: a, scene: sea, engine: runway}"


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    (tmp_path / "tls").mkdir()
    with behind_tls(tmp_path / "tls", FakeRunway) as server, server.reachable(monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / "ca.pem"))
        yield server


def nothing_was_sent(ran: Ran, vidgen: Vidgen, board: Path, server: ProviderServer) -> bool:
    """No request came, nothing is set aside, and the next run may send."""
    listed = vidgen("takes", "list", board, "--json").data
    return (server.asked, listed["spent_usd"], listed["unsettled"]) == ([], 0, 0) and ran.envelope["exit_code"] in (2, 3, 4)


@pytest.mark.parametrize("scheme", ["socks", "http"])
def test_a_film_is_bought_through_a_proxy(
    scheme: str, provider: ProviderServer, monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film
) -> None:
    with Proxy(provider.port) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{proxy.port}")
        ran = vidgen("render", film(RUNWAY), "--yes", "--json")
        assert ran.code == 0, ran.err
        # Names are the proxy's to resolve: here nobody knows this one.
        assert provider.created == 1 and set(proxy.names) == {HOST}


@pytest.mark.parametrize("scheme", ["socks5", "http"])
@pytest.mark.parametrize("failure", ["silent", "garbage", "refuses", "cuts"])
def test_where_a_proxy_makes_no_way_nothing_was_sent(
    scheme: str,
    failure: FailureMode,
    provider: ProviderServer,
    monkeypatch: pytest.MonkeyPatch,
    vidgen: Vidgen,
    film: Film,
) -> None:
    monkeypatch.setattr(clients, "TUNNEL_S", 0.2)
    board = film(RUNWAY)
    with Proxy(provider.port, failure) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{proxy.port}")
        ran = vidgen("render", board, "--yes", "--json")
        assert nothing_was_sent(ran, vidgen, board, provider)
        error = ran.envelope["error"]
        assert error["code"] == "provider.fault" and "through the proxy" in error["message"], error


def test_what_broke_behind_the_proxy_may_have_been_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film
) -> None:
    board = film(RUNWAY)
    with (
        behind_tls(tmp_path, FakeRunway, failure_modes=("drop",)) as server,
        server.reachable(monkeypatch),
        Proxy(server.port) as proxy,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert vidgen("render", board, "--yes", "--json").envelope["error"]["code"] == "submit.unknown"
        assert vidgen("takes", "list", board, "--json").data["unsettled"] == server.created == 1


def test_a_certificate_that_nobody_trusts_is_said_at_once(
    provider: ProviderServer, monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    board = film(RUNWAY)
    with Proxy(provider.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        ran = vidgen("render", board, "--yes", "--json")
    assert nothing_was_sent(ran, vidgen, board, provider) and len(proxy.names) == 1
    assert "certificate" in ran.envelope["error"]["message"] and "SSL_CERT_FILE" in ran.envelope["error"]["hint"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "ftp://127.0.0.1:21"),
        ("HTTPS_PROXY", "http://127.0.0.1:port"),
        ("https_proxy", "socks4://127.0.0.1:9"),
        ("SSL_CERT_FILE", "gone.pem"),
        ("REQUESTS_CA_BUNDLE", "gone.pem"),
        ("SSL_CERT_DIR", "gone"),
        ("SSLKEYLOGFILE", "nowhere/keys.log"),
        ("RUNWAYML_BASE_URL", "https://me:secret@files.vidgen.example"),
        ("RUNWAYML_BASE_URL", "http://files.vidgen.example"),
        ("RUNWAYML_BASE_URL", "https://[::1"),
        ("RUNWAYML_BASE_URL", "https://files.vidgen.example:99999"),
        ("RUNWAYML_BASE_URL", "https://files.vidgen.example/v1?key=1"),
        ("RUNWAYML_BASE_URL", "foo"),
        ("RUNWAYML_API_SECRET", "half\nanother"),
    ],
)
def test_a_setting_that_cannot_work_is_one_line_before_any_money(
    name: str, value: str, provider: ProviderServer, monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    for other in CERTIFICATES if name in CERTIFICATES else ():
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    board = film(RUNWAY)
    ran = vidgen("render", board, "--yes", "--json")
    error = ran.envelope["error"]
    assert nothing_was_sent(ran, vidgen, board, provider) and ran.code in (2, 3), error
    assert name in error["message"] + error["hint"] and "secret@" not in ran.out + ran.err
    assert not vidgen("takes", "list", board, "--json").data["takes"], "not even planned"
