"""Picture and music of a finished film: cuts on the beat, loops and fades on bars, and speech that is heard over it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from benchmarks.click_tracks import Piece, write_wav

from support import Film, Vidgen
from vidgen.cut.timeline import Track
from vidgen.media.audio import decode_audio
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.music import find_beats
from vidgen.render.film_music import by_bars

SECOND = 48_000


def coloured(tmp_path: Path, *colours: str) -> list[str]:
    """Shots of one colour each, 3.4 s long, of clips of 5 s."""
    for colour in colours:
        picture = f"color={colour}:s=96x54:r=12:d=5"
        run_ffmpeg(["-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", str(tmp_path / f"{colour}.mp4")], what="a clip")
    return [f"{{clip: {colour}.mp4, duration: 3.4}}" for colour in colours]


def brightness(film: Path) -> np.ndarray:
    with av.open(str(film)) as container:
        return np.array([frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)])


def sound(film: Path) -> np.ndarray:
    return np.concatenate(list(decode_audio(film)))[:, 0]


def test_the_picture_of_a_film_changes_on_its_beats(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", Piece(97, seconds=20, drift=0.04).play())
    shots = coloured(tmp_path, "black", "white", "gray")
    shots[2] = shots[2].replace("}", ", transition: {type: dissolve, duration: 6f}}")
    ran = vidgen("render", film(*shots, top="audio: {music: {file: m.wav, cut_on: beat}}\n"), "--json")
    assert ran.code == 0
    beats = np.array(find_beats(tmp_path / "film.mp4").beats) / 1000
    seen = brightness(tmp_path / "film.mp4")
    to_white = int(np.argmax(seen > 120)) / 12
    halfway = (seen[int(12 * to_white) + 6] + seen[-1]) / 2
    after = int(12 * to_white) + 6 + int(np.argmax(seen[int(12 * to_white) + 6 :] < halfway))
    share = (seen[after - 1] - halfway) / (seen[after - 1] - seen[after])
    to_grey = (after - 1 + share) / 12
    for change in (to_white, to_grey):
        assert np.abs(beats - change).min() <= 0.5 / 12 + 0.006


def track(file: Path, **keys: object) -> Track:
    return Track(file, "", "music", loop=True, fade_out=None, **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize(("frames", "fade_s"), [(24 * 9, 1.0), (228, 1.5), (24 * 10, 2.0), (24 * 10 + 12, 2.5)])
def test_music_that_the_end_cuts_off_fades_from_a_bar_on(frames: int, fade_s: float, tmp_path: Path) -> None:
    file = write_wav(tmp_path / "m.wav", Piece(120, seconds=20, sound="drum", accents=4).play())
    assert by_bars(track(file), frames, Fraction(24)).cut_fade == pytest.approx(fade_s * SECOND, abs=300)


def test_music_loops_from_its_last_bar_to_its_first(tmp_path: Path) -> None:
    file = write_wav(tmp_path / "m.wav", Piece(120, seconds=12.9, lead=0.7, sound="drum", accents=4).play())
    found = by_bars(track(file), 24 * 30, Fraction(24))
    assert (found.loop_from, found.loop_to) == pytest.approx((0.7 * SECOND, 12.7 * SECOND), abs=300)


def test_an_exported_cut_repeats_music_where_the_film_does(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", Piece(120, seconds=4.3, sound="drum", accents=4).play())
    board = film("{id: a, scene: sea, duration: 5}", "{id: b, scene: hill, duration: 5}", top="audio: {music: m.wav}\n")
    ran = vidgen("export", board, "--format", "otio", "-o", "film.otio", "--json")
    assert ran.code == 0
    timeline = json.loads((tmp_path / "film.otio").read_text())
    [track] = [one for one in timeline["tracks"]["children"] if one["name"].startswith("music")]
    lengths = [clip["source_range"]["duration"] for clip in track["children"]]
    assert [one["value"] / one["rate"] for one in lengths] == pytest.approx([4, 4, 2], abs=0.02)


def test_a_film_longer_than_its_music_keeps_the_beat(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", Piece(120, seconds=5.3, lead=0.4, sound="drum", accents=4).play())
    vidgen("render", film(*coloured(tmp_path, "black", "white", "gray"), top="audio: {music: m.wav}\n"))
    spaces = np.diff(find_beats(tmp_path / "film.mp4").beats)
    assert len(spaces) >= 17 and np.abs(spaces - 500).max() < 10


def test_music_makes_room_for_speech_and_comes_back(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    for name, hertz, seconds in (("music", 300, 9), ("voice", 3000, 1.5)):
        run_ffmpeg(["-f", "lavfi", "-i", f"sine=f={hertz}:d={seconds}:r=48000", str(tmp_path / f"{name}.wav")], what="a tone")
    shot = "{id: a, scene: sea, duration: 5, dialogue: [{line: Hello, file: voice.wav, at: 1.5}]}"
    vidgen("render", film(shot, top="audio: {music: {file: music.wav, duck: true}}\n"))
    heard = sound(tmp_path / "film.mp4")

    def level(begin: float) -> float:
        """Decibels of the music in half a second."""
        part = heard[round(begin * SECOND) :][: SECOND // 2] * np.hanning(SECOND // 2)
        return 20 * float(np.log10(np.abs(np.fft.rfft(part))[140:161].max()))

    before, under, after = level(0.5), level(2), level(4.0 - 0.2)
    assert before - under >= 6 and abs(after - before) < 1
    corners = np.abs(np.diff(heard, 3))  # a click is a corner, and a tone has none
    for begin in (0.2, 3.05):  # while the music goes down, and while it comes back; the voice begins and ends between
        part = corners[round(begin * SECOND) : round((begin + 1.25) * SECOND)]
        assert part.max() < 1e-3
