"""What is said becomes captions that can be read: lines, times, names, and files that players show as they are."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from vidgen.cut.caption_files import srt_text, vtt_text
from vidgen.cut.captions import Spoken, mp4_language, set_captions
from vidgen.cut.timeline import Caption

LONG = "I did not think that you would come back to this old house after all these years, my friend, and so late."
LONG_JA = "何年も経ってから、あなたがこの古い家に戻ってくるとは思いませんでした。さあ、どうぞ中へお入りください。"


def said(text: str, start: float = 0, end: float = 2, who: str = "") -> Spoken:
    return Spoken(text, Fraction(str(start)), Fraction(str(end)), who)


def captions(*spoken: Spoken, language: str = "en", film: int = 60) -> tuple[Caption, ...]:
    return set_captions(spoken, language, Fraction(film)).captions


def test_a_caption_begins_and_ends_with_its_words() -> None:
    (one,) = captions(said("Good evening.", 1.24, 3.5))
    assert (float(one.start), float(one.end), one.lines) == (1.24, 3.5, ("Good evening.",))


def test_it_outlasts_words_that_are_said_faster_than_they_are_read() -> None:
    (one,) = captions(said("I thought it was you at the door.", 0, 0.5))
    assert float(one.end) == pytest.approx(33 / 20, abs=0.06) and one.short_by == 0


def test_but_not_into_the_next_one_nor_beyond_the_film() -> None:
    first, last = captions(said("I thought it was you at the door.", 0, 0.5), said("It was me all the time.", 1, 1.2), film=2)
    assert first.end < last.start and last.end == 2 and first.short_by > 0 and last.short_by > 0


def test_words_that_are_spoken_at_once_are_shown_at_once() -> None:
    one, other = captions(said("Go on, then.", 0, 3, "mia"), said("No!", 1, 2, "tom"))
    assert one.end == 3 and other.start == 1


@pytest.mark.parametrize(("language", "text", "most"), [("en", LONG, 42), ("ja", LONG_JA, 16), ("ko", "가나다 " * 30, 16)])
def test_long_words_become_captions_of_two_lines_of_the_usual_length(language: str, text: str, most: int) -> None:
    found = captions(said(text, 0, 8), language=language)
    assert len(found) > 1 and all(len(one.lines) <= 2 and len(line) <= most for one in found for line in one.lines)
    assert re.sub(r"\s", "", "".join(one.text for one in found)) == re.sub(r"\s", "", text), "no letter is lost"
    assert all(before.end <= after.start for before, after in zip(found, found[1:], strict=False))


def test_whole_sentences_stay_together() -> None:
    first, second = captions(
        said("It rained all day and nobody came to the door. We waited until the lamps were lit along the river.", 0, 6)
    )
    assert first.lines[-1].endswith("door.") and second.lines[0].startswith("We waited")


def test_japanese_breaks_between_phrases() -> None:
    lines = [line for one in captions(said(LONG_JA, 0, 8), language="ja") for line in one.lines]
    assert "何年も経ってから、" in lines[0] and not any(line.startswith(("、", "。", "て", "に")) for line in lines)


def test_speakers_are_named_where_one_answers_another() -> None:
    alone = captions(said("Good evening.", who="mia"), said("It is late.", 3, 4, "mia"))
    assert [one.text for one in alone] == ["Good evening.", "It is late."]
    spoken = said("Good evening.", who="mia"), said("You again.", 3, 4, "tom"), said("Me again.", 20, 21, "tom")
    assert [one.text for one in captions(*spoken)] == ["Mia: Good evening.", "Tom: You again.", "Me again."]
    assert captions(said("はい。", who="美亜"), said("いいえ。", 3, 4, "太郎"), language="ja")[0].text == "（美亜）はい。"


HOSTILE = ["<b>bold</b>", r"{\an8}up", "a --> b", "&amp; <v x>", "1\n\n00:00:01,000", "\x1b[31mred\x00", "\u202eback"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_looks_like_markup_is_shown_as_it_is(text: str) -> None:
    track = set_captions([said(text, who="<i>")], "en", Fraction(9))
    srt, vtt = srt_text(track), vtt_text(track)
    assert srt.count(" --> ") == vtt.count(" --> ") == 1 and "\x00" not in srt + vtt and "\x1b" not in srt + vtt
    assert not re.search(r"<\w|\{\\", srt.split("\n", 2)[2]), "nothing that a player takes for a tag"
    assert len(re.findall("<", vtt)) == 1 and "<v &lt;i&gt;>" in vtt


def test_mp4_has_codes_of_three_letters() -> None:
    assert [mp4_language(code) for code in ("ja", "en-GB", "jpn", "xx")] == ["jpn", "eng", "jpn", "und"]
