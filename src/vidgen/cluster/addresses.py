"""Whether something that may be Ray answers at an address, before Ray itself is asked, which waits for a minute."""

from __future__ import annotations

import socket

from vidgen.errors import InputError, MissingError

ANSWER_S = 5.0
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""What a client of HTTP/2, and so of gRPC, sends first: the preface and empty settings."""
_SETTINGS = 4


def check_address(address: str) -> None:
    """Raise MissingError ``executor.missing`` where nothing answers at ``HOST:PORT`` as gRPC does; InputError
    ``usage.invalid`` for what is no such address. ``auto`` is left to Ray.
    """
    if address in ("auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit() or not 0 < int(port) < 65536:
        hint = "name the head of the cluster as HOST:6379; on one of its machines also auto"
        raise InputError("usage.invalid", f"--ray-address: {address!r} is not HOST:PORT", hint=hint)
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S) as connection:
            connection.settimeout(ANSWER_S)
            connection.sendall(_PREFACE)
            answer = connection.recv(9)
    except OSError as error:
        why = "nothing answers in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
        raise _nobody(address, why) from error
    if len(answer) < 4 or answer[3] != _SETTINGS:
        raise _nobody(address, "what answers there is not Ray")


def _nobody(address: str, why: str) -> MissingError:
    hint = "start the cluster (ray start --head --port=6379), or correct --ray-address"
    return MissingError("executor.missing", f"no Ray cluster at {address}: {why}", hint=hint)
