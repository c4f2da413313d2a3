"""Damage that a C2PA signature does not see, and traces of a signature that is too damaged to be read.

C2PA leaves a few parts of a file out of its hash: the file type, free space, and the padding in the manifest itself. So a film
that vidgen signed ends with a box ``free``, which players pass over and C2PA leaves out too, with the SHA-256 of every byte
before it. It is no signature: it finds damage, and C2PA finds forgery.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

_MARK = b"free" + b"vidgen.seal.v1\0\0"
_HEAD = (4 + len(_MARK) + 32).to_bytes(4, "big") + _MARK
LENGTH = len(_HEAD) + 32

_C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_C2PA_STORE = bytes.fromhex("6332706100110010800000aa00389b71") + b"\x03c2pa"
_NEAR = 1 << 16
"""A manifest comes right after the file type: bytes in which to look for what is left of one."""


def add_seal(film: Path) -> None:
    """Append the box to a signed file."""
    digest = _sha256(film, film.stat().st_size)
    with film.open("ab") as opened:
        opened.write(_HEAD + digest)


def seal_holds(film: Path) -> bool | None:
    """Whether every byte before the box is what it was; None where there is no box."""
    length = film.stat().st_size - LENGTH
    if length < 0:
        return None
    with film.open("rb") as opened:
        opened.seek(length)
        box = opened.read()
    if box[: len(_HEAD)] != _HEAD:
        return None
    return box[len(_HEAD) :] == _sha256(film, length)


def was_signed(film: Path) -> bool:
    """Whether a file has any trace of a signature: a copy that was encoded or copied by another program has none."""
    size = film.stat().st_size
    with film.open("rb") as opened:
        near = opened.read(_NEAR)
        opened.seek(max(0, size - LENGTH))
        end = opened.read()
    return _C2PA_BOX in near or _C2PA_STORE in near or _MARK[4:] in end


def _sha256(film: Path, length: int) -> bytes:
    digest = hashlib.sha256()
    with film.open("rb") as opened:
        while length > 0 and (block := opened.read(min(length, 1 << 20))):
            digest.update(block)
            length -= len(block)
    return digest.digest()
