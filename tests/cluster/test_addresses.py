"""``--executor ray`` where there is no Ray: it is said at once, before anything is made or bought."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support import Film, Vidgen


@contextmanager
def server(answer: bytes | None) -> Iterator[str]:
    """Something that listens; it answers so, or keeps silent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(100)
                if answer is not None:
                    connection.sendall(answer)
                time.sleep(0.2 if answer else 8)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_without_the_package_the_command_that_installs_it_is_named(
    film: Film, vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    ran = vidgen("render", film("{scene: sea}"), "--executor", "ray", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (3, "executor.missing")
    assert ran.envelope["error"]["hint"] == "pip install 'vidgen[ray]'"


def test_an_address_where_nobody_is_ends_at_once(film: Film, vidgen: Vidgen) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ran = vidgen("render", film("{scene: sea}"), "--executor", "ray", "--ray-address", f"127.0.0.1:{port}", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (3, "executor.missing")
    assert f"127.0.0.1:{port}" in ran.envelope["error"]["message"] and "refused" in ran.envelope["error"]["message"]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 404 Not Found\r\n\r\n", None])
def test_an_address_where_something_else_answers_or_nothing_does_ends_in_seconds(
    answer: bytes | None, film: Film, vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    monkeypatch.setattr("vidgen.cluster.addresses.ANSWER_S", 0.5)
    with server(answer) as address:
        monkeypatch.setenv("RAY_ADDRESS", address)
        ran = vidgen("render", film("{scene: sea}"), "--executor", "ray", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (3, "executor.missing")
    assert ("is not Ray" if answer else "in time") in ran.envelope["error"]["message"]


@pytest.mark.parametrize("address", ["head", "ray://head:10001", "head:port", ":6379", "head:70000"])
def test_what_is_no_address_is_said(address: str, film: Film, vidgen: Vidgen) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    ran = vidgen("render", film("{scene: sea}"), "--executor", "ray", "--ray-address", address, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "usage.invalid")


def test_an_address_without_the_executor_is_not_passed_over(film: Film, vidgen: Vidgen) -> None:
    ran = vidgen("render", film("{scene: sea}"), "--ray-address", "head:6379", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "usage.invalid")


def test_another_executor_is_not_known(film: Film, vidgen: Vidgen) -> None:
    ran = vidgen("render", film("{scene: sea}"), "--executor", "dask", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (3, "executor.missing")
