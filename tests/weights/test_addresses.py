"""Models from addresses: a real server on this machine, which breaks off, lies and sends elsewhere."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.weights.conftest import CONTENT
from tests.weights.server import Site, serving

from vidgen.errors import MissingError
from vidgen.weights import transfer
from vidgen.weights.registry import Model, Source, models
from vidgen.weights.store import folder, install


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(transfer, "RETRY_WAIT_S", 0.01)
    with serving(Site()) as site:
        yield site


def at(tiny: Model, *urls: str) -> Model:
    return replace(tiny, sources=tuple(Source("url", url=url) for url in urls))


def test_a_file_comes_from_its_address_and_its_bytes_are_counted(tiny: Model, site: Site) -> None:
    site.files["/net.bin"] = CONTENT
    heard: list[tuple[int, int | None]] = []
    where = install(at(tiny, site.address + "/{file}"), on_bytes=lambda done, total: heard.append((done, total)))
    assert (where / "net.bin").read_bytes() == CONTENT
    assert heard[-1] == (len(CONTENT), len(CONTENT))


def test_a_member_of_a_zip_archive_is_enough(tiny: Model, site: Site) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("models/small-x4.bin", CONTENT)
    site.files["/release.zip"] = packed.getvalue()
    source = Source("url", url=f"{site.address}/release.zip", members={"net.bin": "models/small-x4.bin"})
    assert (install(replace(tiny, sources=(source,))) / "net.bin").read_bytes() == CONTENT


def test_a_page_in_place_of_an_archive_is_no_source(tiny: Model, site: Site) -> None:
    site.files["/release.zip"] = b"<html>please log in</html>"
    with pytest.raises(MissingError, match="did not give a zip archive"):
        install(at(tiny, f"{site.address}/release.zip"))


def test_the_next_address_is_asked_where_the_first_has_nothing(tiny: Model, site: Site) -> None:
    site.files["/mirror"] = CONTENT
    install(at(tiny, f"{site.address}/gone", f"{site.address}/mirror"))
    assert [path for path, _ in site.asked] == ["/gone", "/mirror"]


def test_a_wrong_file_is_refused_and_the_next_address_asked(tiny: Model, site: Site) -> None:
    site.files["/wrong"] = CONTENT.replace(b"small", b"SMALL")
    with pytest.raises(MissingError) as caught:
        install(at(tiny, f"{site.address}/wrong"))
    assert caught.value.code == "models.checksum" and list(folder(tiny).iterdir()) == []
    site.files["/right"] = CONTENT
    assert (install(at(tiny, f"{site.address}/wrong", f"{site.address}/right")) / "net.bin").read_bytes() == CONTENT


def test_a_connection_that_breaks_is_gone_on_with_where_it_broke(tiny: Model, site: Site) -> None:
    site.files["/net.bin"] = CONTENT
    site.broken_first.add("/net.bin")
    assert (install(at(tiny, f"{site.address}/net.bin")) / "net.bin").read_bytes() == CONTENT
    assert site.asked == [("/net.bin", None), ("/net.bin", f"bytes={len(CONTENT) // 2}-")]


def test_more_bytes_than_pinned_are_not_even_taken(tiny: Model, site: Site) -> None:
    site.files["/net.bin"] = CONTENT + b"x"
    with pytest.raises(MissingError, match="more than the 300 that are expected"):
        install(at(tiny, f"{site.address}/net.bin"))


def test_plain_http_is_for_this_machine_alone(tiny: Model, site: Site) -> None:
    with pytest.raises(MissingError, match="is not https"):
        install(at(tiny, "http://models.example/net.bin"))
    site.redirects["/net.bin"] = "http://models.example/net.bin"
    with pytest.raises(MissingError, match="redirects to http://models.example/net.bin, which is not https"):
        install(at(tiny, f"{site.address}/net.bin"))
    assert not transfer.is_allowed("file:///etc/passwd") and transfer.is_allowed("https://models.example/net.bin")
    with pytest.raises(transfer.TransferError, match="not https"):
        transfer._check(f"{site.address}/net.bin", "https://models.example/net.bin")  # from https down to http


def test_a_redirect_is_followed_but_not_for_ever(tiny: Model, site: Site) -> None:
    site.files["/net.bin"] = CONTENT
    site.redirects.update({"/short": "/net.bin", "/round": "/round"})
    install(at(tiny, f"{site.address}/short"))
    with pytest.raises(transfer.TransferError, match="more than 8 redirects"):
        transfer.fetch(f"{site.address}/round", folder(tiny) / "x", limit=1000)


def test_no_address_is_asked_offline(tiny: Model, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_OFFLINE", "1")
    site.files["/net.bin"] = CONTENT
    with pytest.raises(MissingError) as caught:
        install(at(tiny, f"{site.address}/net.bin"))
    assert caught.value.code == "models.offline" and site.asked == []


def test_every_address_of_the_registry_is_https() -> None:
    urls = [source.url for row in models() for source in row.sources if source.kind == "url"]
    assert urls and all(url.startswith("https://") for url in urls)
    assert all(row.sources[0].kind == "package" for row in models()), "what is installed is taken before any download"


def test_nothing_half_made_is_left_behind(tiny: Model, site: Site, home: Path) -> None:
    site.files["/net.bin"] = CONTENT
    folder(tiny).mkdir(parents=True)
    (folder(tiny) / ".net.4711.part.bin").write_bytes(b"half of a run that was killed")
    install(at(tiny, f"{site.address}/net.bin"))
    assert [file.name for file in folder(tiny).iterdir()] == ["net.bin"]
    assert [file.name for file in (home / "cache").iterdir()] == ["tiny.lock"]
