"""What cannot be written, or is not there, is said before the work, and in words."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from vidgen.config import Config, config
from vidgen.errors import InputError, MissingError, VidgenError
from vidgen.media import home, places
from vidgen.media.files import write_text
from vidgen.media.home import vidgen_home
from vidgen.media.os_errors import explained
from vidgen.media.places import check_output_file
from vidgen.media.scratch import scratch_folder
from vidgen.settings import settings


def refused(out: Path, *inputs: Path) -> VidgenError:
    with pytest.raises(VidgenError) as error:
        check_output_file(out, inputs)
    assert str(out) in error.value.message
    return error.value


def test_a_place_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    check_output_file(tmp_path / "film.mp4")
    check_output_file(tmp_path / "folder" / "not there yet" / "film.mp4")
    assert not list(tmp_path.iterdir())


def test_names_that_no_file_can_have_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert "Not a directory" in refused(tmp_path / "file" / "film.mp4").message
    assert "folder" in refused(tmp_path / "folder").message
    assert "regular file" in refused(tmp_path / "pipe").message
    assert "too long" in refused(tmp_path / f"{'n' * 300}.mp4").message
    assert "null" in refused(tmp_path / "a\0b.mp4").message


def test_an_input_is_never_the_output_whatever_it_is_called(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    (tmp_path / "link.mp4").symlink_to(clip)
    (tmp_path / "hard.mp4").hardlink_to(clip)
    for name in ("clip.mp4", "link.mp4", "hard.mp4"):
        assert "is an input" in refused(tmp_path / name, tmp_path / "other.mp4", clip).message
    assert clip.read_bytes() == b"clip"


def test_a_full_disk_and_a_read_only_one_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(number: int) -> None:
        def check(folder: Path, name: str) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(places, "check_space", check)

    failing(errno.ENOSPC)
    full = refused(tmp_path / "film.mp4")
    assert (full.code, full.exit_code) == ("file.disk_full", 4) and "free some space" in full.hint
    failing(errno.EROFS)
    assert (refused(tmp_path / "film.mp4").code, refused(tmp_path / "film.mp4").exit_code) == ("output.bad_name", 2)


@pytest.mark.parametrize(
    ("number", "code", "exit_code"),
    [
        (errno.ENOSPC, "file.disk_full", 4),
        (errno.EDQUOT, "file.disk_full", 4),
        (errno.EACCES, "file.not_allowed", 2),
        (errno.EROFS, "file.not_allowed", 2),
        (errno.ENAMETOOLONG, "file.bad_name", 2),
        (errno.ENOENT, "file.wrong_place", 2),
        (errno.EMFILE, "system.limit", 4),
        (errno.EAGAIN, "system.limit", 4),
        (errno.EIO, "file.failed", 4),
        (errno.EPROTO, "file.failed", 4),
    ],
)
def test_what_the_system_refuses_has_a_line_with_the_path_and_a_remedy(number: int, code: str, exit_code: int) -> None:
    error = explained(OSError(number, os.strerror(number), b"films/caf\xe9.mp4"))
    assert error and (error.code, error.exit_code, error.where) == (code, exit_code, os.fsdecode(b"films/caf\xe9.mp4"))
    assert os.strerror(number) in error.message and error.hint


def test_mistakes_of_the_program_are_not_explained_away() -> None:
    assert explained(ValueError("a slip")) is None and explained(OSError("a slip")) is None
    assert explained(MemoryError()) is not None


def test_scratch_is_beside_the_output_where_the_system_has_no_place_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with scratch_folder(tmp_path / "films") as folder:
        (folder / "list.txt").write_text("")
        assert folder.parent == tmp_path / "films"
    assert not list((tmp_path / "films").iterdir())
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "file"))
    with pytest.raises(MissingError, match="temporary files") as error, scratch_folder():
        pass
    assert error.value.code == "home.no_scratch" and "TMPDIR" in error.value.hint


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without HOME whom no password file knows, and the folder for temporary files."""

    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("VIDGEN_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(home.Path, "home", unknown)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_link_is_written_through_where_its_folder_is_there(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    link = tmp_path / "film.mp4"
    link.symlink_to(tmp_path / "other" / "real.mp4")
    check_output_file(link)
    write_text(link, "a film")
    assert link.is_symlink() and (tmp_path / "other" / "real.mp4").read_text() == "a film"


@pytest.mark.parametrize("touch", [True, False])
def test_no_folder_is_made_behind_a_link(touch: bool, tmp_path: Path) -> None:
    link, target = tmp_path / "film.mp4", tmp_path / "gone" / "real.mp4"
    link.symlink_to(target)
    with pytest.raises(InputError, match="film.mp4 cannot be written: it is a link to ") as error:
        check_output_file(link, touch=touch)
    assert error.value.code == "output.bad_name" and str(target) in error.value.message
    with pytest.raises(FileNotFoundError):
        write_text(link, "a film")
    assert not target.parent.exists()


def test_a_folder_that_is_a_link_to_nowhere_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "films").symlink_to(tmp_path / "gone")
    assert "films is a link to" in refused(tmp_path / "films" / "film.mp4").message


def test_a_user_without_a_home_has_a_folder_of_his_own_among_the_temporary_ones(nobody: Path) -> None:
    assert vidgen_home() == nobody / f"vidgen-{os.getuid()}" == vidgen_home()
    assert vidgen_home().stat().st_mode & 0o777 == 0o700 and config() == Config()


def test_a_home_that_others_can_write_is_not_trusted(nobody: Path) -> None:
    vidgen_home().chmod(0o777)
    with pytest.raises(MissingError, match="not this user's alone") as error:
        vidgen_home()
    assert "VIDGEN_HOME" in error.value.hint
    shutil.rmtree(nobody / f"vidgen-{os.getuid()}")
    (nobody / f"vidgen-{os.getuid()}").symlink_to(nobody)
    with pytest.raises(MissingError):
        vidgen_home()


@pytest.mark.parametrize(
    "text",
    [
        "engine: !!int x\n",
        "engine: !!python/object:os.system {}\n",
        "engine: &a previz\nlocal: *a\n",
        "? [a]\n: b\n",
        "engine: a\nengine: b\n",
        "[" * 3000,
        "\tengine: previz\n",
        "- engine\n",
        "engine: \udcff\n",
        "<<<<<<< mine\nengine: a\n",
        "engine: \0\n",
    ],
)
def test_a_configuration_that_is_wrong_names_its_file(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path))
    (tmp_path / "config.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as error:
        config()
    assert error.value.code == "config.invalid" and "config.yaml" in error.value.message and "\n" not in error.value.message


def test_a_date_in_the_configuration_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path))
    (tmp_path / "config.yaml").write_bytes(b"\xef\xbb\xbflocal: {attention: 2026-99-99}\r\n")
    assert config().local.attention == "2026-99-99"


def test_the_time_between_questions_is_a_number_of_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, seconds in (("", 7.0), (" 0.5 ", 0.5), ("0", 0.0)):
        monkeypatch.setenv("VIDGEN_POLL_INTERVAL", text)
        assert settings().poll_interval(7.0) == seconds
    for text in ("soon", "nan", "-1", "inf", "5s"):
        monkeypatch.setenv("VIDGEN_POLL_INTERVAL", text)
        with pytest.raises(InputError, match="VIDGEN_POLL_INTERVAL"):
            settings().poll_interval(7.0)
