"""Values that travel: files go by their content, and lie beside each other again on the other side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vidgen.cluster.cache import FileCache
from vidgen.cluster.packing import FileRef, Seen, pack, unpack
from vidgen.media.files import sha256_file


@dataclass(frozen=True)
class Asked:
    still: Path
    record: Path
    out: Path
    params: Any


def test_files_travel_by_content_and_other_paths_stay(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (here / "take.mp4").write_bytes(b"moving")
    (here / "take.json").write_text("{}")
    asked = Asked(here / "take.mp4", here / "take.json", tmp_path / "new.mp4", MappingProxyType({"lora": here / "take.mp4"}))
    packed = pack(asked)
    assert b"moving" not in packed.value and {ref.name for ref in packed.files} == {"take.mp4", "take.json"}

    def place(ref: FileRef) -> Path:
        return there / ref.folder / ref.name

    again = unpack(packed.value, place)
    assert again.still.with_suffix(".json") == again.record
    assert again.out == asked.out and again.params == {"lora": again.still}


def test_a_file_on_a_shared_disk_is_known_again_until_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "still.png"
    file.write_bytes(b"one")
    seen = Seen.of(file)
    assert seen.is_here()
    file.write_bytes(b"another")
    assert not seen.is_here()
    file.unlink()
    assert not seen.is_here()


def kept(cache: FileCache, data: bytes) -> str:
    part = cache.part()
    part.write_bytes(data)
    sha256 = sha256_file(part)
    assert cache.adopt(part, sha256)
    return sha256


def test_a_full_cache_forgets_what_was_not_used_for_longest_and_links_outlive_it(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", limit=25)
    first = kept(cache, b"0123456789")
    assert cache.link(first, tmp_path / "work" / "first")
    second = kept(cache, b"abcdefghij")
    third = kept(cache, b"ABCDEFGHIJ")
    assert [cache.has(one) for one in (first, second, third)] == [False, True, True]
    assert (tmp_path / "work" / "first").read_bytes() == b"0123456789"


def test_what_arrives_damaged_is_not_kept(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", limit=100)
    part = cache.part()
    part.write_bytes(b"half of i")
    assert not cache.adopt(part, "0" * 64)
    assert not part.exists() and not cache.has("0" * 64)
