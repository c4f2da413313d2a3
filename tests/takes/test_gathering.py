"""Takes of other work folders come into a store: those that are wanted, once, and only whole ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import Film, Vidgen
from vidgen.errors import InputError
from vidgen.takes.gathering import Gathered, gather
from vidgen.takes.store import TakeStore


@pytest.fixture
def made(vidgen: Vidgen, film: Film, tmp_path: Path) -> Path:
    """A folder with a work folder for each of two takes."""
    board = film("{id: a, scene: sea, candidates: 2, duration: 1s}")
    for number in (1, 2):
        assert vidgen("takes", "make", board, "a", "--take", number, "--work", tmp_path / "made" / f"a.{number}").code == 0
    return tmp_path / "made"


def gathered(store: TakeStore, *folders: Path, shot: str = "a") -> Gathered:
    return gather(store, folders, lambda row: row["shot"] == shot)


def test_one_task_makes_one_take(made: Path, tmp_path: Path) -> None:
    assert [len(list((folder / "takes").glob("??/*.mp4"))) for folder in sorted(made.iterdir())] == [1, 1]
    assert not (tmp_path / "film.mp4").exists() and not (tmp_path / "film.lock.yaml").exists()


def test_takes_come_once_from_a_folder_or_a_folder_of_folders(made: Path, tmp_path: Path) -> None:
    store = TakeStore(tmp_path / "store")
    assert gathered(store, made, shot="b") == Gathered(0, (), frozenset())
    assert gathered(store, made / "a.2") == Gathered(1, (), frozenset({"a"}))
    assert gathered(store, made) == Gathered(2, (), frozenset({"a"}))
    assert gathered(store, made) == Gathered(2, (), frozenset())
    clips = sorted((tmp_path / "store" / "takes").glob("??/*.mp4"))
    assert [clip.name for clip in clips] == sorted(clip.name for clip in made.glob("*/takes/??/*.mp4"))
    assert not list((tmp_path / "store" / "incoming").iterdir())
    assert gathered(store, tmp_path / "store").found == 0, "its own takes are not taken over"


def test_a_clip_that_came_in_half_is_left_where_it_is(made: Path, tmp_path: Path) -> None:
    clip = next((made / "a.1").glob("takes/??/*.mp4"))
    clip.write_bytes(clip.read_bytes()[:-9])
    store = TakeStore(tmp_path / "store")
    assert gathered(store, made) == Gathered(2, (clip,), frozenset({"a"}))
    assert clip.is_file() and len(list((tmp_path / "store").glob("takes/??/*"))) == 2


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        gathered(TakeStore(tmp_path / "store"), tmp_path / "nowhere")
