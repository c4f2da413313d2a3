"""Films with odd names, on odd disks, beside storyboards of the same stem; and films of the user's own clips alone."""

from __future__ import annotations

import errno
import json
import os
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from support import Film, Vidgen
from vidgen.media.files import part_name
from vidgen.media.frames import FrameWriter
from vidgen.media.probe import probe

SEA = "{id: sea, scene: calm sea at dawn, duration: 1, candidates: 2}"


@pytest.fixture(scope="session")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of grey, 96x54."""
    path = tmp_path_factory.mktemp("clips") / "grey.mp4"
    with FrameWriter(path, 96, 54, Fraction(12), frames=12) as writer:
        for _ in range(12):
            writer.write(np.full((54, 96, 3), 128, np.uint8))
    return path


@pytest.fixture
def clip(grey: Path, tmp_path: Path) -> Path:
    """``clip.mp4`` beside the storyboard."""
    return Path(shutil.copyfile(grey, tmp_path / "clip.mp4"))


def own(name: str = "clip.mp4", more: str = "") -> str:
    return f"{{id: own, clip: {json.dumps(name, ensure_ascii=False)}, duration: 1{more}}}"


@pytest.mark.parametrize(
    "stem",
    ["12:30 film", "it's [50%d] * ?", "a:b\\c", "new\nline", "...", "京都 🍁", "n" * 250, os.fsdecode(b"caf\xe9")],
    ids=["colon", "quote", "backslash", "line", "dots", "emoji", "long", "bytes"],
)
def test_a_name_is_a_name_whatever_is_in_it(stem: str, vidgen: Vidgen, film: Film, clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / stem[:30]
    folder.mkdir()
    shutil.move(clip, folder / "clip: 1.mp4")
    board = film(own("clip: 1.mp4", ", text: [{text: A}]"), name=f"{stem[:30]}/{stem}.yaml")
    ran = vidgen("render", board, "-o", folder / "out" / f"{stem}.mp4")
    assert ran.code == 0, ran.err
    assert probe(folder / "out" / f"{stem}.mp4").frames == 12
    assert vidgen("interpolate", folder / "clip: 1.mp4", "-o", folder / f"{stem}.mp4", "--fps", 24).code == 0
    assert not list(folder.rglob("*.part*"))


def test_a_path_that_is_too_long_for_the_record_of_paid_work_is_said_at_once(
    vidgen: Vidgen, film: Film, clip: Path, tmp_path: Path
) -> None:
    deep = tmp_path / ("京" * 80) / ("京" * 80)
    deep.mkdir(parents=True)
    shutil.copy(film(own()), deep)
    shutil.copy(clip, deep)
    ran = vidgen("render", deep / "film.yaml")
    assert ran.code == 2 and "--work" in ran.err
    assert vidgen("render", deep / "film.yaml", "--work", tmp_path / "work").code == 0


def test_a_disk_without_links_makes_the_same_film(
    vidgen: Vidgen, film: Film, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = film(own(more=", text: [{text: A}]"), own().replace("own", "two"))
    assert vidgen("render", board, "-o", "linked.mp4").code == 0

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    for name in ("symlink", "link"):
        monkeypatch.setattr(os, name, refuse)
    assert vidgen("render", board, "-o", "plain.mp4", "--work", tmp_path / "it's work").code == 0
    assert (tmp_path / "plain.mp4").read_bytes() == (tmp_path / "linked.mp4").read_bytes()


def test_two_storyboards_of_one_stem_do_not_share_takes_and_picks(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    first, second = film(SEA), film(SEA.replace("sea at dawn", "hill at night"), name="film.yml")
    assert vidgen("render", first).code == 0
    assert vidgen("pick", first, "sea", 2).code == 0
    kept = (tmp_path / "film.lock.yaml").read_bytes()
    for command in (["render", second], ["render", second, "--work", "elsewhere"], ["pick", second, "sea", 1]):
        ran = vidgen(*command, "--json")
        assert ran.code == 2 and ran.envelope["error"]["code"] == "project.other_board"
        assert "film.yaml" in ran.envelope["error"]["message"] and "another name" in ran.envelope["error"]["hint"]
    assert (tmp_path / "film.lock.yaml").read_bytes() == kept


def test_a_storyboard_of_another_ending_has_its_own_lock_file_marked(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    second = film(SEA, name="film.yml")
    assert vidgen("render", second).code == 0
    assert "storyboard: film.yml\n" in (tmp_path / "film.lock.yaml").read_text()
    assert vidgen("render", film(SEA)).code == 2  # film.yaml comes later
    (tmp_path / "film.yml").unlink()
    assert vidgen("render", tmp_path / "film.yaml").code == 0  # renamed, as far as anyone can tell
    assert "storyboard:" not in (tmp_path / "film.lock.yaml").read_text()


def test_two_storyboards_with_one_work_folder_are_told_to_have_two(vidgen: Vidgen, film: Film, clip: Path) -> None:
    first, second = film(own()), film(own(), name="other.yaml")
    assert vidgen("render", first, "--work", "work").code == 0
    ran = vidgen("render", second, "--work", "work")
    assert ran.code == 2 and "--work" in ran.err


def test_picks_of_a_storyboard_that_nobody_can_write_beside_are_kept_in_the_work_folder(
    vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "read-only").mkdir()
    board = film(SEA, name="read-only/film.yaml")
    able = os.access
    closed = tmp_path / "read-only"
    monkeypatch.setattr(os, "access", lambda path, mode, **more: Path(path) != closed and able(path, mode, **more))
    ran = vidgen("render", board, "--work", "work")
    assert ran.code == 0 and "pick.kept_aside" in ran.err
    assert vidgen("pick", board, "sea", 2, "--work", "work").code == 0
    assert [file.name for file in closed.iterdir()] == ["film.yaml"]
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    data = vidgen("render", board, "--work", "work", "--json").data
    assert data["shots"][0]["picked"] == 2 and data["shots"][0]["picked_by"] == "person"
    assert (closed / "film.lock.yaml").is_file() and not (tmp_path / "work" / "film.lock.yaml").exists()


def test_a_film_of_own_clips_is_nobodys_drawing(vidgen: Vidgen, film: Film, clip: Path) -> None:
    ran = vidgen("render", film(own()), "--require-diffusion")
    assert ran.code == 0 and "drawn" not in ran.out
    assert vidgen("render", film(own()), "--json").data["diffusion"] is True
    mixed = film(own(), SEA)
    assert "sea: drawn by previz" in vidgen("render", mixed).out
    assert vidgen("render", mixed, "--json").data["diffusion"] is False
    assert vidgen("render", mixed, "--require-diffusion").code == 3


@pytest.mark.parametrize("command", ["render", "upscale", "interpolate", "shot", "new"])
def test_where_nothing_can_be_written_is_said_before_the_work(
    command: str, vidgen: Vidgen, film: Film, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out.mp4"
    words = {
        "render": [film(own()), "-o", out],
        "upscale": [clip, "-o", out, "--engine", "lanczos"],
        "interpolate": [clip, "-o", out, "--fps", 24],
        "shot": ["a calm sea", "-o", out],
        "new": [out.with_suffix(".yaml")],
    }
    ran = vidgen(command, *words[command], "--json")
    assert ran.code == 2 and ran.envelope["error"]["code"] == "output.bad_name"
    assert not (tmp_path / ".vidgen").exists() and len(ran.lines) == 1


def test_a_clip_of_the_film_is_not_the_film(vidgen: Vidgen, film: Film, clip: Path, tmp_path: Path) -> None:
    before = clip.read_bytes()
    (tmp_path / "link.mp4").symlink_to(clip)
    for out in ("clip.mp4", "link.mp4"):
        assert vidgen("render", film(own()), "-o", out).code == 2
    assert vidgen("shot", "restyled", "--video", clip, "-o", clip).code == 2
    assert clip.read_bytes() == before


def test_what_the_system_refuses_half_way_is_one_line(
    vidgen: Vidgen, film: Film, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(Path, "replace", full)
    ran = vidgen("render", film(own()), "--json")
    error = ran.envelope["error"]
    assert ran.code == 4 and error["code"] == "file.disk_full" and error["where"] and "free some space" in error["hint"]


def test_temporary_names_stay_short_and_in_the_folder(tmp_path: Path) -> None:
    final = tmp_path / f"{'京' * 83}.mp4"
    assert part_name(final).parent == tmp_path and part_name(final).suffix == ".mp4"
