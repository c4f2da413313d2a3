"""Shots as long as the music says: ``duration: 2 bars``, and cuts on beats and bars."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from benchmarks.click_tracks import Piece, write_wav

from support import Film, Vidgen
from vidgen.media.ffmpeg import run_ffmpeg

STEADY = Piece(132, seconds=40, sound="drum", accents=4)
DRIFTING = Piece(88, seconds=60, drift=0.05, accents=3)


@pytest.fixture(params=[STEADY, DRIFTING], ids=["steady", "drifting"])
def piece(request: pytest.FixtureRequest, tmp_path: Path) -> Piece:
    write_wav(tmp_path / "m.wav", request.param.play())
    return request.param  # type: ignore[no-any-return]


def music(cut_on: str = "off", more: str = "") -> str:
    return f"audio: {{music: {{file: m.wav, cut_on: {cut_on}{more}}}}}\n"


def cuts(data: dict[str, Any]) -> Iterator[float]:
    """Seconds at which each shot's picture ends, the last one's too: of a dissolve its middle."""
    shots = data["shots"]
    for shot, after in zip(shots, [*shots[1:], None], strict=True):
        overlap = after["transition_frames"] if after else 0
        yield (shot["start_frame"] + shot["frames"] - overlap / 2) / data["fps"]


def off(times: list[float], grid: list[float]) -> float:
    """How many seconds the worst of the times is off the grid."""
    return max(min(abs(time - one) for one in grid) for time in times)


HALF_A_FRAME = 0.5 / 12 + 0.005
SHOTS = ["{scene: sea}", "{scene: hill, duration: 3.4, transition: dissolve}", "{scene: town, duration: 4.3}"] * 2


@pytest.mark.parametrize("grid", ["beat", "bar"])
def test_every_cut_is_on_the_grid_and_every_shot_has_3_to_5_seconds(
    grid: str, piece: Piece, film: Film, vidgen: Vidgen
) -> None:
    ran = vidgen("plan", film(*SHOTS, top=music(grid)), "--json")
    assert off(list(cuts(ran.data)), piece.beats() if grid == "beat" else piece.bars()) < HALF_A_FRAME
    assert all(3 <= shot["duration_s"] <= 5 for shot in ran.data["shots"])
    assert not [one for one in ran.envelope["warnings"] if one["code"] == "plan.off_beat"]


def test_no_drift_adds_up(piece: Piece, film: Film, vidgen: Vidgen) -> None:
    shots = ["{scene: sea, duration: 3.6}"] * 8
    with_music = list(cuts(vidgen("plan", film(*shots, top=music("beat")), "--json").data))
    assert all(abs(cut - 3.6 * (index + 1)) < 0.75 * 60 / piece.bpm for index, cut in enumerate(with_music))


def test_bars_and_beats_follow_the_tempo(piece: Piece, film: Film, vidgen: Vidgen) -> None:
    shots = [
        "{scene: sea, duration: 2 bars}",
        "{scene: hill, duration: 4拍}",
        "{scene: town, duration: 1 bar, transition: dissolve}",
    ]
    data = vidgen("plan", film(*shots, top=music()), "--json").data
    bar = piece.accents
    wanted = [piece.beats()[number] for number in (2 * bar, 2 * bar + 4, 3 * bar + 4)]
    assert off(list(cuts(data)), wanted) < HALF_A_FRAME


def test_a_long_shot_in_bars_is_split_on_beats(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", Piece(120, seconds=20, accents=4).play())
    data = vidgen("plan", film("{id: a, scene: sea, duration: 4 bars}", top=music("bar")), "--json").data
    assert [(shot["id"], shot["frames"]) for shot in data["shots"]] == [("aa", 48), ("ab", 48)]


def test_bars_from_the_middle_of_a_bar_end_on_a_bar_where_cuts_do(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", Piece(120, seconds=30, accents=4).play())
    board = film("{scene: sea, duration: 2 bars}", "{scene: hill, duration: 3 beats}", top=music("bar", ", start: 0.9"))
    assert list(cuts(vidgen("plan", board, "--json").data)) == pytest.approx([3.1, 4.6], abs=HALF_A_FRAME)


@pytest.mark.parametrize("shot", ["trim: {duration: 2 bars}", "transition: {type: dissolve, duration: 1 beat}"])
def test_only_a_shots_own_length_is_measured_on_the_music(shot: str, film: Film, vidgen: Vidgen) -> None:
    ran = vidgen("plan", film(f"{{scene: sea, {shot}}}"), "--json")
    assert ran.code == 2 and "only the duration of a shot" in ran.envelope["error"]["message"]


def test_what_is_said_to_the_frame_stays(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", Piece(120, seconds=20).play())
    shots = ["{scene: sea, duration: 41f}", "{scene: hill, duration: 3.7}", "{scene: town, trim: {duration: 3.3}}"]
    data = vidgen("plan", film(*shots, top=music("beat")), "--json").data
    assert [shot["frames"] for shot in data["shots"]] == [41, 43, 40], "the second ends on the beat at 7 s"


def test_a_shot_is_never_shorter_than_its_words(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", Piece(60, seconds=30).play())
    write_wav(tmp_path / "words.wav", Piece(200, seconds=3.2).play())
    line = "{scene: sea, duration: 4.2, dialogue: [{line: Hello, file: words.wav, at: 0.4}]}"
    data = vidgen("plan", film(line, top=music("beat")), "--json").data
    assert data["shots"][0]["frames"] == 60, "5 s, though the beat at 4 s is nearer"


def test_a_clip_is_not_used_beyond_its_end(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", Piece(60, seconds=30).play())
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc=s=96x54:r=12:d=3.7", str(tmp_path / "c.mp4")], what="a clip")
    ran = vidgen("plan", film("{clip: c.mp4, duration: 3.7}", "{scene: sea}", top=music("beat")), "--json")
    assert [shot["frames"] for shot in ran.data["shots"]] == [36, 48], "3 s, though the beat at 4 s is nearer; then 7 s"


def test_music_that_starts_later_and_loops_is_followed(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    piece = Piece(110, seconds=14, sound="drum", accents=4)
    write_wav(tmp_path / "m.wav", piece.play())
    data = vidgen("plan", film(*SHOTS, *SHOTS, top=music("bar", ", start: 1.3")), "--json").data
    bar = piece.bars()[1]
    length = 6 * bar
    played = [one - 1.3 + n * length for n in range(6) for one in piece.bars()[:6]]
    assert off(list(cuts(data)), played) < HALF_A_FRAME


@pytest.mark.parametrize(
    ("shot", "where", "words"),
    [
        ("{scene: sea, duration: 2 bars}", "film.yaml:8:18", "measured on the music"),
        ("{scene: sea, duration: 0 bars}", "film.yaml:8:18", "above 0"),
    ],
)
def test_bars_without_music_are_an_error_with_its_place(shot: str, where: str, words: str, film: Film, vidgen: Vidgen) -> None:
    ran = vidgen("plan", film(shot), "--json")
    assert ran.code == 2 and ran.envelope["error"]["where"].endswith(where) and words in ran.envelope["error"]["message"]


@pytest.mark.parametrize(("top", "shot"), [("", "duration: 2 bars"), ("defaults: {duration: 4 beats}\n", "lighting: dim")])
def test_music_without_a_beat_is_an_error_for_bars_and_a_warning_for_cuts(
    top: str, shot: str, film: Film, vidgen: Vidgen, tmp_path: Path
) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "anoisesrc=d=9:a=0.1:seed=1", str(tmp_path / "m.wav")], what="rain")
    board = film(f"{{scene: sea, {shot}}}", top=music("beat"))
    if top:
        board.write_text(board.read_text().replace("defaults: {duration: 3, ", "defaults: {duration: 4 beats, "))
    ran = vidgen("plan", board, "--json")
    assert ran.code == 2 and "no beat is clear" in ran.envelope["error"]["message"]
    ran = vidgen("plan", film("{scene: sea, duration: 3.3}", top=music("beat")), "--json")
    assert ran.data["shots"][0]["frames"] == 40
    assert "music.no_beat" in [one["code"] for one in ran.envelope["warnings"]]
    (finding,) = (one for one in ran.data["lint"] if one["rule"] == "V109")
    assert (finding["path"], finding["line"]) == ("audio.music.cut_on", 7) and "no beat is clear" in finding["message"]


def test_words_longer_than_their_bars_are_told_as_words_longer_than_their_seconds_are(
    film: Film, vidgen: Vidgen, tmp_path: Path
) -> None:
    write_wav(tmp_path / "m.wav", Piece(120, seconds=20, sound="drum", accents=4).play())
    long = "The last ferry left at nine and there will be no other one before the morning comes"
    board = film(
        f"{{id: a, scene: sea, duration: 2 bars, dialogue: [{long}]}}", "{id: b, scene: sea, duration: 1 bar}", top=music()
    )
    (finding,) = (one for one in vidgen("lint", board, "--json").data["findings"] if one["rule"] == "V108")
    assert finding["shot"] == "a" and "s more than the shot" in finding["message"]


def test_snapping_changes_lengths_and_nothing_else(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", Piece(97, seconds=40).play())
    plain, snapped = (vidgen("plan", film(*SHOTS, top=music(kind)), "--json").data["shots"] for kind in ("off", "beat"))
    timing = {"start_frame", "frames", "duration_s", "seconds_each", "make_seconds"}
    assert [{key: one[key] for key in one if key not in timing} for one in plain] == [
        {key: one[key] for key in one if key not in timing} for one in snapped
    ]
    assert [one["frames"] for one in plain] != [one["frames"] for one in snapped]


def test_films_faster_than_their_takes_are_cut_on_the_beat_too(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", STEADY.play())
    top = music("beat") + "post: {interpolate: {fps: 60, engine: nearest}}\n"
    data = vidgen("plan", film(*SHOTS, top=top), "--json").data
    assert Fraction(data["fps"]) == 60
    assert off(list(cuts(data)), STEADY.beats()) < 0.5 / 60 + 0.005
