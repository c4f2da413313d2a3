"""How the environment's words about proxies, certificates and addresses are understood."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from vidgen.errors import InputError
from vidgen.network.addresses import is_public_name, why_not_public
from vidgen.network.settings import network

URL = "https://api.example.com/v1"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("SSL_CERT", "SSLKEY", "REQUESTS_CA", "CURL_CA")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://h:1"}, None),
        ({"HTTP_PROXY": "garbage://:::"}, None),
        ({"HTTPS_PROXY": "http://h:1", "ALL_PROXY": "ftp://h:2"}, "http://h:1"),
        ({"https_proxy": " h:1 "}, "http://h:1"),
        ({"ALL_PROXY": "socks://h:1/"}, "socks5://h:1/"),
        ({"all_proxy": "SOCKS5H://h:1"}, "socks5h://h:1"),
        ({"HTTPS_PROXY": "http://me:p%40ss@[::1]:3128"}, "http://me:p%40ss@[::1]:3128"),
        ({"HTTPS_PROXY": ""}, None),
    ],
)
def test_proxies_as_desktops_and_shells_set_them(
    variables: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert network().proxy == proxy
    assert network().proxied(URL) == (proxy is not None) and not network().proxied("http://127.0.0.1:8000/v1")


@pytest.mark.parametrize(
    "value",
    ["socks4://h:1", "ftp://h", "http://", "http://h:port", "http://h:99999", "http://h:0", "http://a b:1", "http://[::1"],
)
def test_a_proxy_that_cannot_be_one_is_named_without_its_password(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value.replace("://", "://me:hunter2@"))
    with pytest.raises(InputError, match="HTTPS_PROXY") as caught:
        network()
    assert caught.value.code == "network.bad_setting" and "hunter2" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("exceptions", "bypassed"),
    [
        ("*", True),
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("api.example.com:443", True),
        ("api.example.com:80", False),
        ("other.org, example.com", True),
        ("other.org example.com", True),
        ("ample.com", False),
        ("[::1]:80,.local", False),
        ("::1,10.0.0.0/8,fe80::/10", False),
        (",,[,]:,http://,***", False),
    ],
)
def test_hosts_that_are_asked_without_the_proxy(exceptions: str, bypassed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://h:1")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert network().proxied(URL) is not bypassed


@pytest.mark.parametrize("content", [None, "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_without_certificates_is_named(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(InputError, match="SSL_CERT_FILE"):
        network()


@pytest.mark.parametrize(
    "host", ["localhost", "printer", "a.local", "x.internal", "10.0.0.1", "2130706433", "0x7f.0.0.1", "127.1", "::1", "a.lan."]
)
def test_names_that_are_no_public_ones(host: str) -> None:
    assert not is_public_name(host) and is_public_name("cdn.example.com")


@pytest.mark.parametrize(
    ("url", "leads_to", "allowed"),
    [
        ("https://cdn.example.com/a.mp4", ["93.184.215.14"], True),
        ("https://cdn.example.com/a.mp4", ["198.18.0.7"], True),
        ("https://cdn.example.com/a.mp4", ["28.0.0.7"], True),
        ("https://cdn.example.com/a.mp4", ["198.18.0.7", "fc00::7"], True),
        ("https://cdn.example.com:8443/a.mp4", ["198.18.0.7"], False),
        ("http://cdn.example.com/a.mp4", ["198.18.0.7"], False),
        ("https://198.18.0.7/a.mp4", ["198.18.0.7"], False),
        ("https://nas.local/a.mp4", ["198.18.0.7"], False),
        ("https://cdn.example.com/a.mp4", ["198.18.0.7", "10.0.0.7"], False),
        ("https://cdn.example.com/a.mp4", ["fd12:3456::7"], False),
        ("https://cdn.example.com/a.mp4", ["169.254.169.254"], False),
        ("https://cdn.example.com/a.mp4", ["100.64.0.7"], False),
        ("https://cdn.example.com/a.mp4", ["127.0.0.1"], False),
        ("https://2130706433/a.mp4", ["127.0.0.1"], False),
    ],
)
def test_made_up_answers_of_a_dns_proxy_are_let_through_and_private_ones_are_not(
    url: str, leads_to: list[str], allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(host: str, *_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, 0)) for address in leads_to]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    assert (asyncio.run(why_not_public(url, proxied=False)) is None) is allowed


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://cdn.example.com/a.mp4", True),
        ("https://intranet/a", False),
        ("https://10.0.0.1/a", False),
        ("https://x.local/", False),
    ],
)
def test_a_proxy_resolves_public_names_alone(url: str, allowed: bool) -> None:
    assert (asyncio.run(why_not_public(url, proxied=True)) is None) is allowed
