"""Copies for a package: readable names, each file once, nothing overwritten."""

from __future__ import annotations

import errno
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.interchange.cuts import cut, shot

from vidgen.errors import InputError, ProcessingError
from vidgen.interchange.cut import Cut, Media
from vidgen.interchange.packing import copy_media, package_name
from vidgen.media.files import sha256_file


@pytest.fixture
def filed(tmp_path: Path) -> Cut:
    """A cut of two shots with three files."""

    def real(media: Media) -> Media:
        file = tmp_path / "store" / media.file.name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(media.file.name.encode())
        return replace(media, file=file, sha256=sha256_file(file))

    made = cut(shot("a", takes=2), shot("b"))
    return replace(made, shots=tuple(replace(one, media=tuple(map(real, one.media))) for one in made.shots))


def test_every_take_is_copied_under_the_name_of_its_shot(filed: Cut, tmp_path: Path) -> None:
    places = copy_media(filed, tmp_path / "pack")
    names = sorted(place.name.rsplit("_", 1)[0] for place in places.values())
    assert names == ["a_take1", "a_take2", "b_take1"]
    assert all(place.read_bytes() == source.read_bytes() for source, place in places.items())
    moved = filed.moved(lambda file: places[file])
    assert {media.file for _, media in moved.media()} == set(places.values())


def test_a_second_package_into_the_same_folder_copies_nothing_again(filed: Cut, tmp_path: Path) -> None:
    places = copy_media(filed, tmp_path / "pack")
    before = {place: place.stat().st_mtime_ns for place in places.values()}
    assert copy_media(filed, tmp_path / "pack") == places
    assert {place: place.stat().st_mtime_ns for place in places.values()} == before


def test_a_file_of_somebody_else_is_never_overwritten(filed: Cut, tmp_path: Path) -> None:
    (own,) = (place for place in copy_media(filed, tmp_path / "pack").values() if place.name.startswith("b_"))
    for place in own.parent.iterdir():
        if place != own:
            place.unlink()
    own.write_bytes(b"precious")
    with pytest.raises(InputError) as error:
        copy_media(filed, tmp_path / "pack")
    assert error.value.code == "export.exists" and own.read_bytes() == b"precious"
    assert list(own.parent.iterdir()) == [own]  # known before the first copy


def test_a_full_disk_leaves_no_half_file(filed: Cut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        copy_media(filed, tmp_path / "pack")
    assert list((tmp_path / "pack").iterdir()) == []


def test_a_file_that_changed_meanwhile_is_not_handed_over(filed: Cut, tmp_path: Path) -> None:
    filed.shots[0].media[0].file.write_bytes(b"other")
    with pytest.raises(ProcessingError) as error:
        copy_media(filed, tmp_path / "pack")
    assert error.value.code == "media.bad_output" and list((tmp_path / "pack").iterdir()) == []


@pytest.mark.parametrize("stem", ["../../x", "a/b", "CON", " ", "海辺", "x" * 300, "a\nb", "-rf", ".hidden", "\udcff"])
def test_names_are_safe_whatever_the_file_is_called(stem: str) -> None:
    name = package_name("s03", Media(stem, Path("clip.m\u00f6v"), "0123456789abcdef", 1, cut(shot("a")).rate))
    assert name.startswith("s03_") and "_01234567." in name
    assert len(name.encode()) <= 255 and "/" not in name and "\n" not in name and ".." not in name
