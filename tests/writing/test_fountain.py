"""A Fountain screenplay as a storyboard: what each of its elements becomes."""

from __future__ import annotations

import pytest

from storyboards_made import made_of
from vidgen.storyboard.writing.screenplay import cue_of

BRICK = """\
Title:
    _**BRICK & STEEL**_
Credit: Written by
Author: Stu Maschwitz

# Act one

= They sit in the sun.

EXT. BRICK'S PATIO - DAY #1-A#

A gorgeous day. BRICK (40s, tanned) cracks a beer. [[his last one]]

STEEL (V.O.)
(quiet)
Beer's ready!

@McAVOY
Are they *cold*?
  
Very cold?

/* Cut this:

STEEL
No. */

CUT TO:

INT. GARAGE - CONTINUOUS

Empty. Dust in the light.

> FADE TO BLACK.

.THE ROAD

> THE END <
"""


def test_headings_become_scenes_and_action_becomes_shots() -> None:
    board = made_of(BRICK)
    assert board.title == "BRICK & STEEL"
    assert [(scene.id, scene.heading) for scene in board.scenes] == [
        ("sc1-A", "EXT. BRICK'S PATIO - DAY"),
        ("sc02", "INT. GARAGE - CONTINUOUS"),
        ("sc03", "THE ROAD"),
    ]
    assert [scene.scene for scene in board.scenes] == [
        "brick's patio, exterior, day",
        "garage, interior, day",  # CONTINUOUS is the time of the scene before
        "the road",
    ]
    first = board.scenes[0].shots[0]
    assert first.action == "A gorgeous day. BRICK (40s, tanned) cracks a beer."
    assert board.scenes[1].shots[0].action == "Empty. Dust in the light."


def test_what_is_said_belongs_to_the_shot_with_who_says_it() -> None:
    (shot,) = made_of(BRICK).scenes[0].shots
    assert [(line.who, line.line, line.delivery) for line in shot.dialogue or ()] == [
        ("STEEL", "Beer's ready!", "voice-over, quiet"),
        ("McAVOY", "Are they cold? Very cold?", None),
    ]
    assert shot.characters == ("McAVOY", "BRICK")  # STEEL is not seen


def test_people_are_described_as_in_the_brackets_after_their_name() -> None:
    board = made_of("INT. BAR - NIGHT\n\nJOAN (30) enters, and OLD TOM (80s, bent).\n\nJOAN\nHi.\n\nBOB (CONT'D)\nJoan.\n")
    assert list(board.characters) == ["JOAN", "BOB", "OLD TOM"]
    assert board.characters["OLD TOM"].description == "80s, bent"
    assert board.characters["JOAN"].description == "aged 30"
    assert board.characters["BOB"].description is None  # said as something to decide


def test_a_transition_leads_into_the_next_shot() -> None:
    board = made_of("One.\n\nDISSOLVE TO:\n\nINT. B - DAY\n\nTwo.\n\n> FADE OUT.\n\nFADE IN:\n\nINT. C - DAY\n\nThree.\n")
    assert [shot.transition and shot.transition.type for shot in board.shots] == [None, "dissolve", "fade_black"]


def test_a_fade_at_the_end_is_told_as_it_has_no_shot_to_lead_into() -> None:
    board = made_of("One.\n\n> FADE OUT.\n")
    assert "FADE OUT." in " ".join(board.decide)


def test_centred_text_is_a_title_card() -> None:
    card = made_of(BRICK).scenes[-1].shots[-1]
    assert [text.text for text in card.text or ()] == ["THE END"]


def test_dual_dialogue_begins_together() -> None:
    (shot,) = made_of("They turn.\n\nBRICK\nRun!\n\nSTEEL ^\nRun!\n").scenes[0].shots
    assert [(line.who, str(line.at)) for line in shot.dialogue or ()] == [("BRICK", "0s"), ("STEEL", "0s")]


def test_notes_sections_and_synopses_are_comments_and_boneyard_is_gone() -> None:
    board = made_of(BRICK)
    for words in ("# note: his last one", "# Act one", "# They sit in the sun.", "# author: Stu Maschwitz"):
        assert words in board.text
    assert "Cut this" not in board.text and "No." not in board.text


FORCED = {
    ".MY PLACE": ("heading", "MY PLACE"),
    "...and then": ("action", "...and then"),
    "!INT. IS NOT A PLACE": ("action", "INT. IS NOT A PLACE"),
    "!CUT TO:": ("action", "CUT TO:"),
    "int. small house": ("heading", "int. small house"),
    "I/E. CAR - NIGHT": ("heading", "I/E. CAR - NIGHT"),
    "5 \\* 3": ("action", "5 * 3"),
    "INTERNAL DOUBT": ("action", "INTERNAL DOUBT"),
    "He waits. /* not closed": ("action", "He waits. /* not closed"),
}


@pytest.mark.parametrize("line", FORCED)
def test_forced_elements_and_their_neighbours(line: str) -> None:
    board = made_of(f"{line}\n\nSomething happens.\n")
    kind, words = FORCED[line]
    assert (board.scenes[0].heading if kind == "heading" else board.scenes[0].shots[0].action) == words


@pytest.mark.parametrize(
    ("cue", "who", "seen", "delivery"),
    [
        ("MOM (O. S.)", "MOM", False, "off screen"),
        ("HANS (on the radio)", "HANS", True, "on the radio"),
        ("JOE (V.O.) (CONT’D)", "JOE", False, "voice-over"),
        ("花子の声", "花子", False, "off screen"),
        ("太郎（Ｎ）", "太郎", False, "voice-over"),
    ],
)
def test_a_cue_tells_who_is_seen(cue: str, who: str, seen: bool, delivery: str) -> None:
    assert cue_of(cue) == (who, seen, delivery)


def test_lengths_follow_the_words() -> None:
    long = " ".join(["word"] * 25)
    speech = "a" * 120  # 15 letters a second
    board = made_of(f"Short.\n\n{long}\n\nTalk.\n\nBOB\n{speech}\n")
    assert [str(shot.duration) for shot in board.scenes[0].shots] == ["3s", "5s", "9s"]


def test_talk_beyond_ten_seconds_goes_on_in_a_shot_of_its_own() -> None:
    board = made_of(f"Two people talk.\n\nANN\n{'a' * 90}\n\nBOB\n{'b' * 90}\n")
    first, second = board.scenes[0].shots
    assert [line.who for line in first.dialogue or ()] == ["ANN"]
    assert (second.action, second.characters) == ("BOB speaks", ("BOB",))


def test_a_heading_alone_is_a_shot_to_be_described() -> None:
    board = made_of("EXT. HARBOUR - DAWN\n\nINT. SHIP - DAY\n\nRats.\n")
    assert board.scenes[0].shots[0].action is None
    assert any("nothing is said" in words for words in board.decide)


def test_a_super_is_a_title_over_the_shot_and_not_a_picture_with_letters() -> None:
    for words in ('SUPER: "LAGOS, 1996"', "テロップ「LAGOS, 1996」"):
        (shot,) = made_of(f"A market.\n\n{words}\n").shots
        assert [text.text for text in shot.text or ()] == ["LAGOS, 1996"]


def test_marks_about_the_script_are_no_shots() -> None:
    board = made_of("Rain.\n\nBEGIN FLASHBACK:\n\nEXT. ROAD - DAY\n\nDust.\n\nEND FLASHBACK.\n")
    assert [shot.action for shot in board.shots] == ["Rain.", "Dust."]
    assert "# BEGIN FLASHBACK:" in board.text


def test_a_full_name_describes_the_person_of_the_cue() -> None:
    board = made_of("ADA OKAFOR (28, yellow scarf) waits.\n\nADA\nTuesday.\n")
    assert {name: person.description for name, person in board.characters.items()} == {"ADA": "28, yellow scarf"}


def test_parentheticals_belong_to_what_is_said_after_them() -> None:
    board = made_of("They wait.\n\nBOB\n(low)\n(slow)\nYes.\nNo.\n(loud)\nPerhaps!\n(leaves)\n")
    (shot,) = board.shots
    assert [(line.delivery, line.line) for line in shot.dialogue or ()] == [("low, slow", "Yes. No."), ("loud", "Perhaps!")]
    assert "# note: BOB: (leaves)" in board.text
