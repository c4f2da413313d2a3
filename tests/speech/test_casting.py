"""Who says a line, with which voice and in which words: decided by the storyboard alone, always in the same way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidgen.speech.casting import Cast, CastLine
from vidgen.speech.speaker import Speaker, Utterance
from vidgen.speech.speakers import Speakers
from vidgen.speech.words import language_of, manner_of, pronounced
from vidgen.storyboard.model import Storyboard


class Choir(Speaker):
    """Four English voices, the last of which is a download."""

    name = "choir"
    languages = ("en",)

    def missing(self) -> str | None:
        return None

    def version(self) -> str:
        return "1"

    def voices(self, language: str) -> tuple[str, ...]:
        return ("soprano", "alto", "tenor", "bass")

    def at_hand(self, language: str) -> tuple[str, ...]:
        return self.voices(language)[:3]

    def speak(self, utterance: Utterance, out: Path, cancelled: Callable[[], bool]) -> None:
        raise AssertionError("a cast says nothing")


def lines(dialogue: list[dict[str, Any]], **board: Any) -> list[CastLine]:
    """The cast lines of a film of one shot with this dialogue."""
    shots = [{"id": "a", "dialogue": dialogue}]
    film = Storyboard.model_validate({"vidgen": 1, "scenes": [{"id": "s", "shots": shots}], **board})
    speakers = Speakers(film.speech or Speakers().speech)
    speakers._made = {"hibari": Choir(), "kokoro-ja": Choir()}
    return list(Cast(film, speakers).lines(film.scenes[0].shots[0]))


def voices(*who: str | None, **board: Any) -> list[str]:
    return [line.utterance.voice for line in lines([{"who": one, "line": "Hello"} for one in who], **board)]


def test_a_line_has_its_own_voice_else_that_of_its_speaker_else_that_of_the_film() -> None:
    board = {"characters": {"mia": {"voice": "alto"}, "tom": {}}, "speech": {"voice": "bass"}}
    said = [{"who": "mia", "line": "x"}, {"who": "mia", "line": "x", "voice": "tenor"}, {"who": "tom", "line": "x"}]
    assert [line.utterance.voice for line in lines(said, **board)] == ["alto", "tenor", "bass"]


def test_people_without_a_voice_get_different_ones_and_the_same_every_time() -> None:
    assert voices("mia", "tom", "mia", None) == ["soprano", "alto", "soprano", "tenor"]
    assert voices("tom", "mia", characters={"mia": {}, "tom": {}}) == ["alto", "soprano"]


def test_a_voice_that_somebody_has_is_given_to_nobody_else() -> None:
    assert voices("mia", "tom", characters={"tom": {"voice": "soprano"}}) == ["alto", "soprano"]


def test_a_voice_that_there_is_not_is_replaced_with_a_guess() -> None:
    (line,) = lines([{"who": "mia", "line": "Hello", "voice": "Altoo"}])
    (notice,) = line.notices
    assert (
        line.utterance.voice == "soprano"
        and notice.code == "speech.voice_replaced"
        and "(did you mean alto?)" in notice.message
    )


def test_the_case_of_a_voice_does_not_matter() -> None:
    assert voices("mia", characters={"mia": {"voice": "ALTO"}}) == ["alto"]


def test_words_are_said_as_the_line_its_speaker_and_the_film_say() -> None:
    board = {
        "characters": {"Siobhan": {"say": "shiv-awn"}, "tom": {"say": {"live": "lyve"}}},
        "speech": {"say": {"Kyoto": "kyoh-toe"}},
    }
    said = [
        {"who": "tom", "line": "Siobhan lives; we live in Kyoto."},
        {"who": "Siobhan", "line": "I live, Siobhan said.", "say": {"Siobhan": "me"}},
        {"who": "tom", "line": "2024", "say": "twenty twenty-four"},
    ]
    words = [line.utterance.text for line in lines(said, **board)]
    assert words == ["shiv-awn lives; we lyve in kyoh-toe.", "I live, me said.", "twenty twenty-four"]


@pytest.mark.parametrize(
    ("text", "says", "said"),
    [
        ("AI said maintain", {"ai": "A I"}, "A I said maintain"),
        ("東京タワーと東京", {"東京": "とうきょう", "東京タワー": "タワー"}, "タワーととうきょう"),
        ("a.b (c)", {"a.b": "dot"}, "dot (c)"),
        ("one two", {"one": "two", "two": "one"}, "two one"),
        ("  spaces   and\nlines ", {}, "spaces and lines"),
    ],
)
def test_hints_change_whole_words_once(text: str, says: dict[str, str], said: str) -> None:
    assert pronounced(text, says) == said


@pytest.mark.parametrize(
    ("text", "film", "language"),
    [
        ("Hello", "en", "en"),
        ("こんにちは", "en", "ja"),
        ("京都", "ja", "ja"),
        ("OK, let's go", "ja", "en"),
        ("3, 2, 1", "ja", "ja"),
        ("Bonjour", "fr-CA", "fr"),
    ],
)
def test_the_language_of_a_line_is_the_films_unless_its_letters_say_otherwise(text: str, film: str, language: str) -> None:
    assert language_of(text, film) == language


def test_a_delivery_is_pace_and_level_where_the_engine_cannot_act() -> None:
    assert manner_of("slowly, whispering").speed < 0.85 and manner_of("whispering").gain_db < 0 < manner_of("怒って").gain_db
    (line,) = lines([{"line": "Hello", "delivery": "with a lump in her throat"}])
    assert [notice.code for notice in line.notices] == ["engine.wish_ignored"]


def test_the_key_of_a_line_is_its_content() -> None:
    first, same, other, slower = lines(
        [{"line": "Hello", "voice": "alto"}, {"line": " Hello ", "voice": "alto", "at": 2}, {"line": "Hello", "voice": "bass"},
         {"line": "Hello", "voice": "alto", "speed": 0.9}]
    )  # fmt: skip
    assert first.key == same.key and len({first.key, other.key, slower.key}) == 3


@pytest.mark.parametrize("words", ["...", "!?", "……"])
def test_a_line_without_words_is_not_spoken(words: str) -> None:
    assert lines([{"line": words}]) == []


@pytest.mark.parametrize("words", ["안녕", "你好", "Привет", "مرحبا", "ー"])
def test_words_in_letters_that_a_voice_does_not_know_are_silent_and_said_to_be(words: str) -> None:
    (line,) = lines([{"who": "Mia", "line": words}])
    assert line.speaker is None and line.why


def test_a_line_with_figures_or_some_known_words_is_spoken() -> None:
    assert all(line.speaker for line in lines([{"who": "Mia", "line": "12"}, {"who": "Mia", "line": "Say 안녕 to him"}]))
