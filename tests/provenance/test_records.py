"""The record beside a film, and its tags: who made each shot, for films that nobody signed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.provenance.small_films import Copy, flip

from support import Film, Vidgen

SEA = "{id: sea, scene: calm sea, duration: 6f}"


def tags(film: Path) -> dict[str, str]:
    import av

    with av.open(str(film)) as container:
        return dict(container.metadata)


def test_every_film_has_a_record_beside_it(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    ran = vidgen("render", film(SEA), "--json")
    record = json.loads((tmp_path / "film.provenance.json").read_text())
    assert Path(ran.data["sidecar"]).resolve() == tmp_path / "film.provenance.json"
    assert record["schema"] == "vidgen.provenance.v1" and record["ai_made"] is False
    (shot,) = record["shots"]
    assert shot["request_key"] == ran.data["shots"][0]["request_key"]
    assert (shot["engine"], shot["frames"], shot["diffusion"]) == ("previz", 6, False)
    assert "calm sea" not in json.dumps(record)  # a prompt is proved, not told


def test_a_film_that_is_not_signed_says_so_and_is_compared_with_its_record(vidgen: Vidgen, copy: Copy) -> None:
    film = copy(signed=False)
    ran = vidgen("provenance", "verify", film, "--json")
    assert (ran.code, ran.data["signed"], ran.data["valid"], ran.data["record"]) == (0, False, None, "sidecar")
    assert [shot["ok"] for shot in ran.data["shots"]] == [True] * 3
    flip(film, film.stat().st_size // 2)
    ran = vidgen("provenance", "verify", film, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (4, "provenance.mismatch")


def test_other_sound_is_found(vidgen: Vidgen, copy: Copy, tmp_path: Path) -> None:
    from vidgen.media.ffmpeg import run_ffmpeg

    film, silent = copy(signed=False), tmp_path / "silent.mp4"
    run_ffmpeg(["-i", str(film), "-an", "-c", "copy", str(silent)], what="silent")
    ran = vidgen("provenance", "verify", silent, "--sidecar", tmp_path / "film.provenance.json", "--json")
    assert ran.code == 4 and "sound" in ran.envelope["error"]["message"]


def test_the_record_and_the_film_are_the_same_in_every_run(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board, made = film(SEA, top="provenance: {author: Aki}\n"), []
    for number in (1, 2):
        assert vidgen("render", board, "--work", tmp_path / f"work{number}").code == 0
        made.append(((tmp_path / "film.mp4").read_bytes(), (tmp_path / "film.provenance.json").read_bytes()))
        (tmp_path / "film.mp4").unlink()
    assert made[0] == made[1]


def test_tags_say_what_the_film_is(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    assert vidgen("render", film(SEA, top="provenance: {author: Aki}\n")).code == 0
    found = tags(tmp_path / "film.mp4")
    assert found["artist"] == "Aki" and found["comment"].startswith("Animatic drawn by a program, not by generative AI.")
    assert "algorithmicMedia" in found["comment"]


def test_a_new_author_changes_the_tags_and_encodes_nothing(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    vidgen("render", film(SEA, top="provenance: {author: Aki}\n"))
    ran = vidgen("render", film(SEA, top="provenance: {author: Mika}\n"), "--json")
    assert ran.data["cut"]["encoded"] == 0 and tags(tmp_path / "film.mp4")["artist"] == "Mika"
    assert vidgen("provenance", "show", "film.mp4", "--json").data["author"] == "Mika"


@pytest.mark.parametrize(
    "words",
    [
        "$(touch hacked)",
        "'; DROP TABLE films; --",
        "-metadata comment=x",
        "a\\n;b=c",
        '<script>"&',
        "\u202eevil",
        "[31m",
        "名前" * 30,
    ],
)
def test_titles_and_authors_are_words_whatever_they_look_like(vidgen: Vidgen, film: Film, tmp_path: Path, words: str) -> None:
    top = f"provenance: {{author: {json.dumps(words)}}}\n"
    board = film(SEA, top=top)
    board.write_text(board.read_text(encoding="utf-8").replace("title: Small", f"title: {json.dumps(words)}"), encoding="utf-8")
    assert vidgen("render", board).code == 0
    ran = vidgen("provenance", "verify", "film.mp4", "--json")
    assert ran.code == 0 and ran.data["author"] == words
    assert "\x1b" not in vidgen("provenance", "show", "film.mp4").out
    assert {file.name for file in tmp_path.iterdir()} <= {
        "film.yaml",
        "film.lock.yaml",
        "film.mp4",
        "film.provenance.json",
        ".vidgen",
    }


def test_a_strangers_file_under_the_records_name_is_never_replaced(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    other = tmp_path / "film.provenance.json"
    other.write_text('{"mine": true}')
    ran = vidgen("render", film(SEA), "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "output.bad_name")
    assert other.read_text() == '{"mine": true}' and not (tmp_path / "film.mp4").exists()
    assert not (tmp_path / ".vidgen").exists()  # known before anything was made


def test_a_damaged_record_is_told_and_the_next_render_writes_it_anew(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    vidgen("render", film(SEA))
    record = tmp_path / "film.provenance.json"
    whole = record.read_bytes()
    record.write_bytes(whole[: len(whole) // 2])
    ran = vidgen("provenance", "verify", "film.mp4", "--json")
    assert ran.code == 0 and [one["code"] for one in ran.envelope["warnings"]] == ["provenance.no_record"]
    vidgen("render", "film.yaml")
    assert record.read_bytes() == whole


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", "[" * 100_000, '{"schema": "vidgen.provenance.v1", "shots": 3}'])
def test_a_record_that_is_none_is_no_error(vidgen: Vidgen, copy: Copy, tmp_path: Path, content: str) -> None:
    film = copy(signed=False)
    (tmp_path / "film.provenance.json").write_text(content)
    ran = vidgen("provenance", "verify", film, "--json")
    assert (ran.code, ran.data["signed"], ran.data["shots"]) == (0, False, [])


def test_a_record_with_places_outside_of_the_film_differs(vidgen: Vidgen, copy: Copy, tmp_path: Path) -> None:
    film, record = copy(signed=False), tmp_path / "film.provenance.json"
    data = json.loads(record.read_text())
    data["shots"][2]["start"] = 10**9
    record.write_text(json.dumps(data))
    ran = vidgen("provenance", "verify", film, "--json")
    assert (ran.code, ran.envelope["error"]["where"]) == (4, "rain")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_record_that_cannot_be_written_stops_the_render_before_it_begins(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    ran = vidgen("render", film(SEA), "-o", "out/film.mp4", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "output.bad_name")


def test_a_folder_under_the_records_name_stops_the_render_before_it_begins(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    (tmp_path / "film.provenance.json").mkdir()
    ran = vidgen("render", film(SEA), "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "output.bad_name")
    assert not (tmp_path / ".vidgen").exists()


def test_files_that_are_no_films_are_told_without_a_traceback(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a film")
    for name, code in (("empty.mp4", 2), ("text.mp4", 2), ("gone.mp4", 2), (".", 2)):
        ran = vidgen("provenance", "verify", name, "--json")
        assert ran.code == code and "internal" not in ran.out, name
