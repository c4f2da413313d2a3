"""A result that is paid for arrives in whatever form a server gives it: compressed, in pieces, elsewhere, wrongly labelled."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
import zstandard

from vidgen.engines.cloud.api import Address, Api
from vidgen.engines.cloud.download import fetch_result
from vidgen.engines.cloud.encodings import decode_file
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.inspection import is_whole
from vidgen.testing.providers import Answer, Asked, ProviderServer
from vidgen.testing.providers.server import FakeJob


def bare_deflate(content: bytes) -> bytes:
    squeezed = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeezed.compress(content) + squeezed.flush()


Reply = Callable[[bytes, Asked, int], Answer]
"""From the clip, the request and its number (from 1) to what is answered."""


class Files(ProviderServer):
    """A server of one clip, which answers as ``reply`` says."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply
        job = FakeJob("j", "none", "ok", {}, "/", seconds=1, width=96, height=54)
        self.whole = self.clip(job)

    def download(self, path: str, asked: Asked | None = None) -> Answer:
        assert asked
        return self.reply(self.whole, asked, len(self.asked))


def fetched(reply: Reply, tmp_path: Path) -> tuple[bool, int]:
    """Whether exactly the clip arrived, and how many requests that took."""
    out = tmp_path / "clip.mp4"
    with Files(reply) as server:
        api = Api("Plain", Address(server.url, "x"), dict, lambda status, body: "bad_request", pause_s=0.01)

        async def run() -> None:
            try:
                await fetch_result(api, f"{server.url}/output/clip.mp4", out, is_whole=is_whole)
            finally:
                await api.close()

        asyncio.run(run())
        assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]
        return out.read_bytes() == server.whole, len(server.asked)


@pytest.mark.parametrize(
    ("said", "squeeze"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        (None, gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", bare_deflate),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        (None, zstandard.compress),
        ("gzip, br", lambda content: brotli.compress(gzip.compress(content))),
        ("gzip", bytes),
        ("br", bytes),
        ("identity", bytes),
        ("aws-chunked", bytes),
    ],
)
@pytest.mark.parametrize("form", ["length", "chunked", "until closed"])
def test_a_compressed_result_is_the_clip(
    said: str | None, squeeze: Callable[[bytes], bytes], form: str, tmp_path: Path
) -> None:
    forms: dict[str, dict[str, str | None]] = {
        "length": {},
        "chunked": {"Transfer-Encoding": "chunked", "Content-Length": None},
        "until closed": {"Content-Length": None, "Connection": "close"},
    }

    def reply(clip: bytes, asked: Asked, number: int) -> Answer:
        headers = {**forms[form], "Content-Encoding": said}
        return Answer(content=squeeze(clip), media_type="application/octet-stream", headers=headers)

    assert fetched(reply, tmp_path) == (True, 1)


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress])
def test_a_length_that_is_wrong_does_not_lose_a_whole_clip(squeeze: Callable[[bytes], bytes], tmp_path: Path) -> None:
    said = "gzip" if squeeze is gzip.compress else None
    headers = {"Content-Length": "999999", "Content-Encoding": said}
    assert fetched(lambda clip, asked, number: Answer(content=squeeze(clip), headers=headers), tmp_path) == (True, 2)


def test_a_clip_that_ends_early_without_a_length_is_asked_for_again(tmp_path: Path) -> None:
    def reply(clip: bytes, asked: Asked, number: int) -> Answer:
        return Answer(content=clip[: len(clip) // 2] if number < 3 else clip, headers={"Content-Length": None})

    assert fetched(reply, tmp_path) == (True, 3)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int, tmp_path: Path) -> None:
    def reply(clip: bytes, asked: Asked, number: int) -> Answer:
        return Answer(content=clip) if number > 1 else Answer(status, headers={"Location": "/output/there.mp4?x=1"})

    assert fetched(reply, tmp_path) == (True, 2)


@pytest.mark.parametrize("ranges", ["kept", "ignored", "other version", "wrong part", "refused"])
def test_a_broken_download_goes_on_where_it_broke_or_begins_anew(ranges: str, tmp_path: Path) -> None:
    starts: list[str] = []

    def reply(clip: bytes, asked: Asked, number: int) -> Answer:
        starts.append(asked.headers.get("range", ""))
        half = len(clip) // 2
        if number == 1:
            return Answer(content=clip[:half], headers={"Content-Length": str(len(clip)), "ETag": '"one"'})
        assert asked.headers.get("if-range") in ('"one"', None)
        part = {"Content-Range": f"bytes {half}-{len(clip) - 1}/{len(clip)}"}
        answers = {
            "kept": Answer(206, content=clip[half:], headers=part),
            "ignored": Answer(content=clip),
            "other version": Answer(content=clip, headers={"ETag": '"two"'}),
            "wrong part": Answer(206, content=clip[:9], headers={"Content-Range": f"bytes 0-8/{len(clip)}"}),
            "refused": Answer(416, content=b"", headers={"Content-Range": f"bytes */{len(clip)}"}),
        }
        return answers[ranges] if starts[-1] else Answer(content=clip)

    again = ranges in ("wrong part", "refused")
    assert fetched(reply, tmp_path) == (True, 3 if again else 2)
    assert starts[1].startswith("bytes=") and not starts[0] and (len(starts) == 2 or not starts[2])


def test_a_result_that_stays_half_is_not_taken_for_one(tmp_path: Path) -> None:
    def reply(clip: bytes, asked: Asked, number: int) -> Answer:
        return Answer(content=clip[: len(clip) // 2], headers={"Content-Length": str(len(clip))})

    with pytest.raises(ProviderError, match="could not be downloaded"):
        fetched(reply, tmp_path)


def test_a_file_that_would_unpack_without_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(gzip.compress(bytes(3_000_000)))
    with pytest.raises(ValueError, match="more than"):
        decode_file(file, "gzip", most_bytes=1_000_000)
    assert list(tmp_path.iterdir()) == [file]
