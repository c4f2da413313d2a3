"""The background sound of scenes and shots: under their pictures, fading over into the next, unbroken where it goes on."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from benchmarks.mixes import RATE, Wave, heard, write

from support import Film, Vidgen

SHOT = "{scene: calm sea, duration: 3, engine: previz, params: {slate: false}%s}"


@pytest.fixture(autouse=True)
def beds(tmp_path: Path) -> None:
    """Two steady tones, shorter than a scene: ``low.wav`` of 200 Hz and ``high.wav`` of 1000 Hz."""
    for name, hertz in (("low", 200), ("high", 1000)):
        write(tmp_path / f"{name}.wav", 0.5 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE))


def scenes(folder: Path, *scenes: str, top: str = "") -> Path:
    """A storyboard of these scenes (their keys beside the shots), and its stems."""
    listed = "".join(f"  - {scene}\n" for scene in scenes)
    file = folder / "film.yaml"
    head = "vidgen: 1\nresolution: 64x64\nfps: 12\noutputs: [{stems: parts}]\n"
    file.write_text(f"{head}{top}scenes:\n{listed}", encoding="utf-8")
    return file


def scene(ambience: str = "", *more: str) -> str:
    """A scene with one shot for each ``more``, or one."""
    keys = f"ambience: {ambience}, " if ambience else ""
    return f"{{{keys}shots: [{', '.join(SHOT % one for one in more or ('',))}]}}"


def level(sound: Wave, hertz: float, at: float, length: float = 0.2) -> float:
    """Amplitude of a tone around a time, against the 18 dB below its file that an ambience has."""
    part = sound[round((at - length / 2) * RATE) : round((at + length / 2) * RATE), 0]
    wave = np.exp(-2j * np.pi * hertz * np.arange(len(part)) / RATE)
    return float(2 * abs((part * wave).mean()) / (0.5 * 10 ** (-18 / 20)))


def rendered(vidgen: Vidgen, board: Path) -> Wave:
    """The stem of its ambience."""
    ran = vidgen("render", board, "--json")
    assert ran.code == 0, ran.err
    (stem,) = (one["file"] for one in ran.data["stems"] if one["stem"] == "ambience")
    return heard(Path(stem))


def test_a_scenes_ambience_fades_over_into_the_next_ones(vidgen: Vidgen, tmp_path: Path) -> None:
    found = rendered(vidgen, scenes(tmp_path, scene("low.wav"), scene("high.wav")))
    assert level(found, 200, 0.2) == pytest.approx(1, abs=0.01) == level(found, 200, 2.3)
    assert level(found, 1000, 2.3) < 0.01 and level(found, 200, 3.7) < 0.01
    assert level(found, 1000, 3.7) == pytest.approx(1, abs=0.01) == level(found, 1000, 5.8)
    middle = [level(found, hertz, 3, 0.05) for hertz in (200, 1000)]
    assert middle == pytest.approx([0.5**0.5] * 2, abs=0.03), "both at the same power where the pictures meet"
    assert np.abs(np.diff(found[:, 0])).max() < 0.012, "no click"


@pytest.mark.parametrize("second", ["low.wav", "[{file: low.wav, gain_db: -18}]", "[low.wav, high.wav]"])
def test_what_goes_on_is_not_interrupted(second: str, vidgen: Vidgen, tmp_path: Path) -> None:
    found = rendered(vidgen, scenes(tmp_path, scene("low.wav"), scene(second), scene()))
    assert [level(found, 200, at) for at in np.arange(0.5, 5.4, 0.1)] == pytest.approx([1] * 49, abs=0.02)
    assert level(found, 200, 6.7) < 0.01 and (level(found, 1000, 4.5) > 0.9) == ("high" in second)


def test_a_shot_may_have_another_one_or_none(vidgen: Vidgen, tmp_path: Path) -> None:
    shots = ("", ", ambience: high.wav", ", ambience: ~")
    found = rendered(vidgen, scenes(tmp_path, scene("low.wav", *shots)))
    places = ((200, 1.5), (1000, 4.5), (200, 4.5), (200, 7.5))
    assert [level(found, *place) > 0.9 for place in places] == [True, True, False, False]
    assert not found[round(6.6 * RATE) :].any()


def test_a_long_dissolve_makes_the_fade_as_long(vidgen: Vidgen, tmp_path: Path) -> None:
    dissolve = ", transition: {type: dissolve, duration: 2}"
    found = rendered(vidgen, scenes(tmp_path, scene("low.wav"), scene("high.wav", dissolve)))
    assert len(found) == 4 * RATE and level(found, 200, 2, 0.05) == pytest.approx(0.5**0.5, abs=0.03)
    assert 0.2 < level(found, 1000, 1.4) < 0.5 and level(found, 1000, 0.8) < 0.01


def test_the_films_ambience_lies_under_all_of_them(vidgen: Vidgen, tmp_path: Path) -> None:
    found = rendered(vidgen, scenes(tmp_path, scene("high.wav"), scene(), top="audio: {ambience: low.wav}\n"))
    assert [round(level(found, 200, at), 1) for at in (0.3, 3, 5.7)] == [1, 1, 1]
    assert level(found, 1000, 1.5) > 0.9 and level(found, 1000, 4.5) < 0.01


def test_very_short_scenes_share_what_time_there_is(vidgen: Vidgen, tmp_path: Path) -> None:
    short = [scene(name, "").replace("duration: 3", "duration: 4f") for name in ("low.wav", "high.wav") * 3]
    found = rendered(vidgen, scenes(tmp_path, *short))
    assert len(found) == 2 * RATE and np.abs(found).max() < 0.1 and np.abs(np.diff(found[:, 0])).max() < 0.02
    places = [round(Fraction(number, 3) * RATE + RATE / 6) for number in range(6)]
    assert [level(found, 200, at / RATE, 0.05) > level(found, 1000, at / RATE, 0.05) for at in places] == [True, False] * 3


def test_what_is_no_sound_or_not_there_is_said_with_its_place(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    ran = vidgen("render", scenes(tmp_path, scene("bad.wav"), scene("", ", ambience: [gone.wav]")), "--json")
    message = ran.envelope["error"]["message"] + str(ran.envelope["error"]["where"])
    assert ran.code == 2 and "scenes[0].ambience" in message and "scenes[1].shots[0].ambience[0]" in message


def test_ambience_in_a_storyboard_without_scenes(vidgen: Vidgen, film: Film) -> None:
    shots = [f"{{id: {name}, scene: sea, engine: previz{keys}}}" for name, keys in (("a", ", ambience: low.wav"), ("b", ""))]
    found = rendered(vidgen, film(*shots, top="outputs: [{stems: parts}]\n"))
    assert level(found, 200, 1) > 0.9 and level(found, 200, 5.5) < 0.01


def test_the_stems_add_up_to_the_film(vidgen: Vidgen, tmp_path: Path) -> None:
    """With ducking, a line and two scenes: their sum with the gain that is told is the film, as no limiter was needed."""
    write(tmp_path / "line.wav", 0.3 * np.sin(np.arange(RATE) / 10))
    write(tmp_path / "song.wav", 0.2 * np.sin(np.arange(2 * RATE) / 55))
    spoken = scene("low.wav", ", dialogue: [{line: Hello, file: line.wav, at: 1}], sfx: [{file: high.wav, at: 2}]")
    top = "audio: {music: {file: song.wav, duck: true}, loudness: {i: -26}}\n"
    ran = vidgen("render", scenes(tmp_path, spoken, scene("high.wav"), top=top), "--json")
    assert ran.code == 0 and {one["stem"] for one in ran.data["stems"]} == {"music", "voice", "effects", "ambience"}
    told = ran.data["loudness"]
    assert not told["limited"] and told["lufs"] == pytest.approx(-26, abs=0.5) and told["dialogue_lufs"] > told["lufs"]
    whole = sum(heard(Path(one["file"])) for one in ran.data["stems"]) * 10 ** (told["gain_db"] / 20)
    found = heard(tmp_path / "film.mp4")[: len(whole)]
    assert 10 * np.log10(np.square(found - whole).mean() / np.square(whole).mean()) < -25


def test_how_loud_the_film_is_is_told_again_where_nothing_changed(vidgen: Vidgen, tmp_path: Path) -> None:
    board = scenes(tmp_path, scene("low.wav"), top="audio: {loudness: web}\n")
    first, second = (vidgen("render", board, "--json").data["loudness"] for _ in range(2))
    assert first == second and set(first) == {"lufs", "dbtp", "dialogue_lufs", "gain_db", "limited"}
    assert first["dialogue_lufs"] is None and first["lufs"] == pytest.approx(-14, abs=0.5)
    assert "LUFS" in vidgen("render", board).err + vidgen("render", board).out
    assert vidgen("render", scenes(tmp_path, scene()), "--json").data["loudness"] is None
