"""Lines without a recording are spoken, heard where they belong, each once; shots follow their words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speakers import Talker
from support import Film, Ran, Vidgen
from vidgen.media.audio import decode_audio
from vidgen.media.rate import SAMPLE_RATE

HELLO = "{id: a, scene: sea, dialogue: [{who: mia, line: Hello there}]}"


def heard(file: Path) -> list[tuple[float, float]]:
    """Where a film sounds, in seconds: stretches, with pauses under 0.1 s left out."""
    sound = np.concatenate(list(decode_audio(file)))[:, 0]
    step = SAMPLE_RATE // 100
    loud = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1) > 0.02
    found: list[list[int]] = []
    for index in np.flatnonzero(loud):
        if found and index - found[-1][1] <= 10:
            found[-1][1] = int(index) + 1
        else:
            found.append([int(index), int(index) + 1])
    return [(start / 100, end / 100) for start, end in found]


def of_speech(ran: Ran) -> list[dict[str, Any]]:
    """The warnings of a run, but those of captions: the talker is quicker than a reader."""
    return [one for one in ran.envelope["warnings"] if not one["code"].startswith("caption.")]


def test_a_line_is_spoken_and_heard_in_the_film(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    board = film("{id: a, scene: sea, dialogue: [{line: Hello there, at: 1}]}", top=talker.top)
    ran = vidgen("render", board, "--json")
    assert ran.code == 0 and talker.said == [("Hello there", "", "en")]
    assert heard(Path("film.mp4")) == [pytest.approx((1.0, 1.55), abs=0.03)]
    (line,) = ran.data["speech"]
    assert (line["line"], line["engine"], line["seconds"], line["estimate"]) == ("a.line1", "command", 0.55, False)
    assert [event["event"] for event in ran.lines if "speech" in event.get("event", "")] == ["speech.started", "speech.done"]


def test_a_changed_line_is_spoken_again_and_nothing_else_is_made_anew(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    shots = ["{id: a, scene: sea, dialogue: Hello there}", "{id: b, scene: hills, dialogue: Good night}"]
    vidgen("render", film(*shots, top=talker.top))
    assert vidgen("render", film(*shots, top=talker.top), "--json").code == 0 and len(talker.said) == 2
    ran = vidgen("render", film(shots[0], shots[1].replace("night", "bye"), top=talker.top), "--json")
    assert [words for words, *_ in talker.said] == ["Hello there", "Good night", "Good bye"]
    assert all(shot["reused"] for shot in ran.data["shots"])


def test_a_line_keeps_its_sound_where_its_shot_gets_another_id_or_place(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    vidgen("render", film(HELLO, "{id: b, scene: hills}", top=talker.top))
    moved = film("{id: b, scene: hills}", HELLO.replace("id: a", "id: z"), top=talker.top)
    assert vidgen("render", moved).code == 0 and len(talker.said) == 1


def test_lines_of_a_shot_follow_each_other_after_a_pause(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    lines = "[{line: Hello there}, {line: Who are you}, {line: Nobody at all, pause: 1}]"
    board = film(f"{{id: a, scene: sea, duration: 5, dialogue: {lines}}}", top=talker.top)
    assert vidgen("render", board).code == 0
    assert heard(Path("film.mp4")) == [
        pytest.approx((0.0, 0.55), abs=0.03),
        pytest.approx((0.9, 1.45), abs=0.03),
        pytest.approx((2.45, 3.1), abs=0.03),
    ]


def test_a_shot_is_as_long_as_its_words_once_they_are_spoken(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    words = "The last ferry left at nine and there will be no other one before the morning comes again"
    board = film(f"{{id: a, scene: sea, duration: auto, dialogue: {words}}}", top=talker.top)
    planned = vidgen("plan", board, "--json")
    assert planned.data["duration_s"] == 6.5 and planned.data["speech"][0]["estimate"]
    assert [one["code"] for one in planned.envelope["warnings"]] == ["speech.estimated"]
    rendered = vidgen("render", board, "--json")
    assert rendered.data["duration_s"] == 5.0 and of_speech(rendered) == []  # 4.45 s of speech and half a second
    assert vidgen("plan", board, "--json").data["duration_s"] == 5.0


def test_words_longer_than_their_shot_go_on_over_the_cut_and_are_told_of(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    words = "The last ferry left at nine and there will be no other one before the morning comes again"
    board = film(f"{{id: a, scene: sea, dialogue: {words}}}", "{id: b, scene: hills}", top=talker.top)
    ran = vidgen("render", board, "--json")
    (warning,) = of_speech(ran)
    assert warning["code"] == "sound.words_over_cut" and "need 1.5 s more than the shot" in warning["message"]
    assert heard(Path("film.mp4")) == [pytest.approx((0.0, 4.45), abs=0.04)]


def test_a_line_runs_over_the_parts_of_a_split_shot(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    words = "Nothing that was said that evening was remembered by anybody, " * 3
    board = film(f"{{id: a, scene: sea, duration: auto, dialogue: [{{line: '{words}'}}]}}", top=talker.top)
    ran = vidgen("render", board, "--json")
    assert [shot["id"] for shot in ran.data["shots"]] == ["aa", "ab"] and len(talker.said) == 1
    assert heard(Path("film.mp4")) == [pytest.approx((0.0, len(words.strip()) / 20), abs=0.05)]


def test_recordings_follow_each_other_and_lengthen_their_shot_as_spoken_lines_do(
    vidgen: Vidgen, film: Film, talker: Talker, tmp_path: Path
) -> None:
    from vidgen.media.ffmpeg import run_ffmpeg

    run_ffmpeg(["-f", "lavfi", "-i", "sine=frequency=300:duration=2.5", str(tmp_path / "own.wav")], what="tone")
    lines = "[{line: One, file: own.wav}, {line: Two, file: own.wav}]"
    ran = vidgen("render", film(f"{{id: a, scene: sea, duration: auto, dialogue: {lines}}}"), "--json")
    assert ran.code == 0 and ran.data["duration_s"] == 6.0 and talker.said == []
    assert heard(Path("film.mp4")) == [pytest.approx((0.0, 2.5), abs=0.03), pytest.approx((2.85, 5.35), abs=0.03)]


def test_plan_and_dry_run_say_who_speaks_and_speak_nothing(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    board = film(HELLO, top=f"characters: {{mia: {{voice: alto}}}}\n{talker.top}")
    planned = vidgen("plan", board)
    assert "mia: command alto" in planned.out and "1 line to be spoken" in planned.out
    dry = vidgen("render", board, "--dry-run", "--json")
    assert dry.data["speech"][0]["voice"] == "alto" and talker.said == [] and not (board.parent / ".vidgen").exists()


def test_what_nobody_can_say_is_silent_with_a_remedy(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("render", film("{scene: sea, voiceover: Il fait nuit}", top="language: fr\n"), "--json")
    (warning,) = ran.envelope["warnings"]
    assert ran.code == 0 and warning["code"] == "sound.not_spoken" and "speech.command can name a program" in warning["message"]
    assert ran.data["speech"][0]["engine"] is None


def test_speech_can_be_turned_off(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("render", film(HELLO, top="speech: off\n"), "--json")
    assert ran.code == 0 and ran.data["speech"][0]["why_silent"] == "speech: off" and not list(Path().rglob("speech/*.wav"))


def test_a_damaged_line_is_spoken_again(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    board = film(HELLO, top=talker.top)
    vidgen("render", board)
    (kept,) = (board.parent / ".vidgen/film/speech").glob("*.wav")
    kept.write_bytes(kept.read_bytes()[:-1000] + bytes(1000))
    assert vidgen("render", board).code == 0 and len(talker.said) == 2


def test_only_the_lines_of_the_shots_that_are_made_are_spoken(vidgen: Vidgen, film: Film, talker: Talker) -> None:
    board = film(HELLO, "{id: b, scene: hills, dialogue: Good night}", top=talker.top)
    assert vidgen("render", board, "--shot", "b").code == 0 and [words for words, *_ in talker.said] == ["Good night"]


def test_a_failure_of_the_speaker_ends_the_run_with_its_words_before_takes_are_made(
    vidgen: Vidgen, film: Film, talker: Talker
) -> None:
    talker.file.write_text("import sys; sys.exit('no such voice')")
    ran = vidgen("render", film(HELLO, top=talker.top), "--json")
    error = ran.envelope["error"]
    assert (ran.code, error["code"], error["where"]) == (4, "speech.failed", "a.line1") and "no such voice" in error["message"]
    assert not list(Path().rglob("takes/*.mp4")) and not Path("film.mp4").exists()
