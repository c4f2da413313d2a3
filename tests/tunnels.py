"""Providers behind TLS on public-looking names, which only a proxy leads to: a company's or a desktop's network."""

from __future__ import annotations

import datetime
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from vidgen.testing.providers import FakeProvider, ProviderServer

HOST = "files.vidgen.example"
FailureMode = Literal["ok", "silent", "garbage", "refuses", "cuts"]
"""``silent``: takes the connection and says nothing. ``garbage``: speaks another protocol. ``refuses``: turns the tunnel down.
``cuts``: makes the tunnel and closes it at the first byte that comes through it.
"""


@contextmanager
def behind_tls(folder: Path, *fakes: type[FakeProvider], **more: object) -> Iterator[ProviderServer]:
    """A server that plays these providers as ``https://files.vidgen.example``. Its certificate is ``folder/ca.pem``."""
    server = ProviderServer(*fakes, **more)  # type: ignore[arg-type]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder))
    port = server._http.server_address[1]
    server._http.socket = context.wrap_socket(server._http.socket, server_side=True, do_handshake_on_connect=False)
    server.url = f"https://{HOST}"
    server.port = port  # type: ignore[attr-defined]
    with server:
        yield server


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for ``HOST`` that signs itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "ca.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*form))
    return pem, private


class Proxy:
    """A proxy that speaks SOCKS 5 and HTTP's CONNECT on one port, and leads every name to one port of this machine."""

    def __init__(self, leads_to: int, failure: FailureMode = "ok") -> None:
        self.leads_to, self.failure = leads_to, failure
        self.names: list[str] = []
        """Names that it was asked to connect to."""
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listening, *self._open):
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            first = client.recv(4096)
            if self.failure == "silent":
                client.recv(1)
            elif self.failure == "garbage":
                client.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
                client.close()
            elif (self._socks if first[0] == 5 else self._connect)(client, first):
                self._lead(client)
        except OSError:
            pass

    def _socks(self, client: socket.socket, first: bytes) -> bool:
        client.sendall(b"\x05\x00")
        asked = client.recv(4096)
        self.names.append(asked[5 : 5 + asked[4]].decode())
        client.sendall(bytes((5, 2 if self.failure == "refuses" else 0, 0, 1, 127, 0, 0, 1, 0, 80)))
        return self.failure != "refuses"

    def _connect(self, client: socket.socket, first: bytes) -> bool:
        self.names.append(first.split()[1].decode().partition(":")[0])
        refused = self.failure == "refuses"
        client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n" if refused else b"HTTP/1.1 200 OK\r\n\r\n")
        if refused:
            client.close()
        return not refused

    def _lead(self, client: socket.socket) -> None:
        if self.failure == "cuts":
            client.recv(1)
            client.close()
            return
        there = socket.create_connection(("127.0.0.1", self.leads_to))
        self._open.append(there)
        threading.Thread(target=_copy, args=(there, client), daemon=True).start()
        _copy(client, there)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        with source.makefile("rb", buffering=0) as read, target.makefile("wb", buffering=0) as write:
            shutil.copyfileobj(read, write)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
