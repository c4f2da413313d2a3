from __future__ import annotations

from pathlib import Path

import pytest

from vidgen.errors import InputError, ProcessingError
from vidgen.takes.exclusive import project_lock
from vidgen.takes.lockfile import Pick, lock_path, person_pick, read_lock, update_lock, with_pick, write_lock

A, B = "a" * 64, "b" * 64


def test_the_lock_file_is_beside_the_storyboard() -> None:
    assert lock_path(Path("films/film.yaml")) == Path("films/film.lock.yaml")


def test_picks_come_back_as_written_in_a_fixed_order(tmp_path: Path) -> None:
    path, other = tmp_path / "film.lock.yaml", tmp_path / "other.lock.yaml"
    picks = {"s02": Pick(B, 1), "no": Pick(A, 3, "person", "c" * 64), "01": Pick(A, 1)}
    write_lock(path, picks)
    write_lock(other, dict(reversed(picks.items())))
    assert read_lock(path) == picks
    assert path.read_bytes() == other.read_bytes()
    assert path.read_text().startswith("# Which take of each shot")


def test_no_lock_file_means_no_picks(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "film.lock.yaml") == {}


def test_a_persons_pick_wins_until_the_request_changes() -> None:
    picks = with_pick({}, "s01", Pick(A, 2, "person"))
    picks = with_pick(picks, "s01", Pick(A, 1, "auto"))
    assert person_pick(picks, "s01", A) == Pick(A, 2, "person")
    assert person_pick(picks, "s01", B) is None
    picks = with_pick(picks, "s01", Pick(B, 1, "auto"))
    assert picks["s01"] == Pick(B, 1, "auto")


def test_an_automatic_pick_is_nobodys_wish() -> None:
    assert person_pick({"s01": Pick(A, 1, "auto")}, "s01", A) is None


def test_update_keeps_what_others_wrote_and_leaves_an_unchanged_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "film.lock.yaml"
    write_lock(path, {"s01": Pick(A, 2, "person")})
    update_lock(path, lambda picks: with_pick(picks, "s02", Pick(B, 1)))
    assert read_lock(path) == {"s01": Pick(A, 2, "person"), "s02": Pick(B, 1)}
    before = path.stat().st_ino
    update_lock(path, lambda picks: picks)
    assert path.stat().st_ino == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("version: 1\nshots: [1]\n", "no list of shots"),
        ("just words", "no list of shots"),
        ("version: 1\nshots: {s01: {request_key: zz, pick: 1, by: auto}}\n", "request_key is not a key"),
        (f"version: 1\nshots: {{s01: {{request_key: {A}, pick: 0, by: auto}}}}\n", "pick is not a take number"),
        (f"version: 1\nshots: {{s01: {{request_key: {A}, pick: 1, by: robot}}}}\n", "neither auto nor person"),
        (f"version: 1\nshots: {{s01: {{request_key: {A}, pick: 1, by: auto, x: 1}}}}\n", "s01 is not a pick"),
        ("version: 1\nshots:\n<<<<<<< ours\n  s01: {}\n=======\n>>>>>>> theirs\n", "unresolved merge conflicts"),
        ("version: 1\nshots:\n  s01: {}\n  s01: {}\n", "duplicate key s01"),
        ("version: 1\nshots: !!python/object:os.system {}\n", "tags, anchors and aliases"),
        ("version: 1\nshots: {a: \n  - [", "film.lock.yaml is damaged"),
        ("[" * 20_000, "nested too deeply|recursion"),
    ],
)
def test_a_damaged_lock_file_is_refused_and_says_why(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "film.lock.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=why) as error:
        read_lock(path)
    assert (error.value.code, error.value.where) == ("lock.invalid", str(path))


def test_an_unknown_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.lock.yaml"
    path.write_text("version: 2\nshots: {}\n")
    with pytest.raises(InputError) as error:
        read_lock(path)
    assert error.value.code == "lock.newer"


def test_a_second_run_is_refused_and_says_who_holds_the_project(tmp_path: Path) -> None:
    import os

    with (
        project_lock(tmp_path),
        pytest.raises(ProcessingError, match=f"process {os.getpid()}") as error,
        project_lock(tmp_path),
    ):
        pass
    assert (error.value.code, error.value.exit_code) == ("project.busy", 4)
    with project_lock(tmp_path):
        pass
