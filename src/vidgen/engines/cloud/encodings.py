"""From the bytes that a result came as to the clip that was meant: servers and caches compress files, some without a word."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CHUNK = 1 << 16
_HEADS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""How compressed files begin. No clip begins like that."""

Decode = Callable[[Iterator[bytes]], Iterator[bytes]]


class NotEncoded(Exception):
    """A file is not in the encoding that it was said to be in."""


def decode_file(file: Path, encodings: str, *, most_bytes: int) -> None:
    """Take every encoding off a file, in place: those of ``Content-Encoding``, and one that no header names.

    A file that is not in an encoding that was named stays as it is: something on the way has decoded it already. Raises
    ValueError where it would have more than ``most_bytes``.
    """
    names = [name.strip().lower().removeprefix("x-") for name in encodings.split(",")]
    for name in reversed([name for name in names if name in _DECODERS]):
        _decoded(file, name, most_bytes)
    if hidden := _hidden(file):
        _decoded(file, hidden, most_bytes)


def _hidden(file: Path) -> str | None:
    with file.open("rb") as opened:
        head = opened.read(4)
    return next((name for start, name in _HEADS.items() if head.startswith(start)), None)


def _decoded(file: Path, name: str, most_bytes: int) -> None:
    part = file.with_name(f"{file.name}.{name}")
    size = 0
    try:
        with file.open("rb") as source, part.open("wb") as target:
            for piece in _DECODERS[name](iter(lambda: source.read(CHUNK), b"")):
                size += len(piece)
                if size > most_bytes:
                    raise ValueError(f"more than {most_bytes} bytes")
                target.write(piece)
        if size:
            part.replace(file)
    except NotEncoded:
        pass
    finally:
        part.unlink(missing_ok=True)


def _zipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """gzip, zlib, or (as some servers understand ``deflate``) neither's frame; members that follow each other."""
    first = next(chunks, b"")
    framed = first[:2] == b"\x1f\x8b" or (len(first) > 1 and first[0] & 15 == 8 and (first[0] << 8 | first[1]) % 31 == 0)
    bits = zlib.MAX_WBITS | 32 if framed else -zlib.MAX_WBITS
    engine, data = zlib.decompressobj(bits), first
    try:
        while data:
            yield engine.decompress(data)
            data = engine.unused_data if engine.eof else b""
            if engine.eof and data[:2] == b"\x1f\x8b":
                engine = zlib.decompressobj(bits)
            else:
                data = next(chunks, b"")
    except zlib.error as error:
        raise NotEncoded from error
    if not engine.eof:
        raise NotEncoded


def _brotli(chunks: Iterator[bytes]) -> Iterator[bytes]:
    import brotli

    engine: Any = brotli.Decompressor()
    try:
        yield from map(engine.process, chunks)
    except brotli.error as error:
        raise NotEncoded from error
    if not engine.is_finished():
        raise NotEncoded


def _zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    engine, left = zstandard.ZstdDecompressor().decompressobj(), False
    try:
        for chunk in chunks:
            data = chunk
            while data:
                left = True
                yield engine.decompress(data)
                data = b""
                if engine.eof:
                    data, left = engine.unused_data, False
                    engine = zstandard.ZstdDecompressor().decompressobj()
    except zstandard.ZstdError as error:
        raise NotEncoded from error
    if left:
        raise NotEncoded


_DECODERS: dict[str, Decode] = {"gzip": _zipped, "deflate": _zipped, "br": _brotli, "zstd": _zstd}
