"""Names of files, and files that are whole or absent, on file systems of every kind."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from vidgen.media.files import atomic, beside, part_name, shortened, write_text
from vidgen.media.names import expanded, named_file, nearest_name

NFC, NFD = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize("name", ["n" * 251 + ".mp4", "京" * 83 + ".mp4", "a." + "b" * 250, "12:30 %d [x].mp4"])
def test_every_name_that_the_file_system_takes_can_be_written(name: str, tmp_path: Path) -> None:
    write_text(tmp_path / name, "whole")
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert len(os.fsencode(part_name(tmp_path / name).name)) <= 143  # the least that file systems in use take


def test_long_names_that_begin_alike_have_temporary_names_of_their_own(tmp_path: Path) -> None:
    one, other = (part_name(tmp_path / f"{'n' * 200}{end}.mp4") for end in "ab")
    assert one != other and one == part_name(tmp_path / f"{'n' * 200}a.mp4")


def test_a_file_that_goes_with_another_has_its_stem_or_as_much_of_it_as_fits() -> None:
    assert beside(Path("boards/film.yaml"), ".lock.yaml") == Path("boards/film.lock.yaml")
    long = beside(Path("n" * 250 + ".yaml"), ".lock.yaml").name
    assert len(long) == 255 and long.endswith(".lock.yaml")
    assert shortened("京都", 6) == "京都" and len(os.fsencode(shortened("京都" * 10, 20))) <= 20


def test_a_file_that_is_a_link_is_written_where_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "big disk").mkdir()
    (tmp_path / "film.txt").symlink_to(tmp_path / "big disk" / "film.txt")
    write_text(tmp_path / "film.txt", "whole")
    assert (tmp_path / "film.txt").is_symlink() and (tmp_path / "big disk" / "film.txt").read_text() == "whole"


def test_file_systems_without_fsync_or_renaming_over_a_file_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_fsync(handle: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    rename = Path.replace

    def no_replace(self: Path, target: Path) -> Path:
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self))
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", no_fsync)
    monkeypatch.setattr(Path, "replace", no_replace)
    write_text(tmp_path / "a.txt", "one")
    write_text(tmp_path / "a.txt", "two")
    assert (tmp_path / "a.txt").read_text() == "two" and len(list(tmp_path.iterdir())) == 1


def test_a_disk_that_fails_while_a_file_is_made_safe_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error") as error:
        write_text(tmp_path / "a.txt", "one")
    assert error.value.filename == str(tmp_path / "a.txt") and not list(tmp_path.iterdir())


def test_names_of_other_bytes_come_back_from_json_as_they_were(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    write_text(tmp_path / "told.json", json.dumps({"file": name}, ensure_ascii=False))
    assert json.loads((tmp_path / "told.json").read_text(encoding="utf-8")) == {"file": name}


@pytest.mark.parametrize(("written", "stored"), [(NFC, NFD), (NFD, NFC)])
def test_the_same_letters_are_the_same_name_however_they_are_stored(written: str, stored: str, tmp_path: Path) -> None:
    (tmp_path / stored).mkdir()
    (tmp_path / stored / f"{stored}.png").write_bytes(b"")
    assert named_file(tmp_path, f"{written}/{written}.png") == tmp_path / stored / f"{stored}.png"


def test_of_two_names_with_the_same_letters_the_written_one_is_taken(tmp_path: Path) -> None:
    for name in (NFC, NFD):
        (tmp_path / name).write_bytes(b"")
    assert named_file(tmp_path, NFC).name == NFC and named_file(tmp_path, NFD).name == NFD
    assert named_file(tmp_path, "没有.png") == tmp_path / "没有.png"


def test_a_name_in_other_case_or_with_a_slip_is_found_as_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "Hero.PNG").write_bytes(b"")
    assert nearest_name(tmp_path / "hero.png") == "Hero.PNG" == nearest_name(tmp_path / "heroo.png")
    assert nearest_name(tmp_path / "lake.png") is None and nearest_name(tmp_path / "no folder" / "a") is None


def test_a_tilde_before_a_name_that_nobody_has_is_part_of_the_name() -> None:
    assert expanded("~nobody-of-that-name.png") == Path("~nobody-of-that-name.png")


def test_what_fails_inside_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(ZeroDivisionError), atomic(tmp_path / "a.txt") as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert (tmp_path / "a.txt").read_text() == "before" and len(list(tmp_path.iterdir())) == 1
