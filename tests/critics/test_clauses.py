"""A prompt is asked about clause by clause: what each clause is about is told by simple rules."""

from __future__ import annotations

from fractions import Fraction

import pytest

from vidgen.critics.clauses import MOST, Clause, clauses
from vidgen.scoring.types import Expectation
from vidgen.storyboard.model import Camera
from vidgen.takes.request import ShotRequest, Words


@pytest.mark.parametrize(
    ("prompt", "kinds"),
    [
        ("a red lighthouse, three boats, a man walking on the pier", ["object", "number", "action"]),
        ("slow dolly in; watercolour style", ["camera", "style"]),
        ('a sign that reads "Open. Now, please", rain', ["text", "object"]),
        ("morning in a tall building", ["object"]),
        ("a lens of 2.5 metres", ["camera"]),
        ("港の朝、三艘の船、男が桟橋を歩いている。", ["object", "number", "action"]),
        ("カメラが左にパンする、水彩画風、看板に「営業中」", ["camera", "style", "text"]),
        ("", []),
    ],
)
def test_the_kind_of_each_clause(prompt: str, kinds: list[str]) -> None:
    assert [clause.kind for clause in clauses(Expectation(prompt=prompt))] == kinds


def test_a_long_prompt_is_asked_about_in_part() -> None:
    assert len(clauses(Expectation(prompt=", ".join(f"thing {index}" for index in range(40))))) == MOST


def asked(prompt: str, **more: object) -> ShotRequest:
    size = {"frames": 24, "fps": Fraction(24), "width": 96, "height": 54, "base_seed": 1}
    return ShotRequest("a", "previz", "text_to_video", prompt, **size, **more)  # type: ignore[arg-type]


def test_words_of_a_storyboard_say_themselves_what_they_are_about() -> None:
    words = Words(scene="a calm sea", action="she turns", style="noir")
    request = asked("A calm sea. She turns. Noir.", words=words, camera=Camera(move="pan_left"))
    found = clauses(Expectation.of(request))
    assert (
        Clause("object", "a calm sea") in found and Clause("action", "she turns") in found and Clause("style", "noir") in found
    )
    assert [clause.kind for clause in found].count("camera") >= 1


def test_a_prompt_of_ones_own_is_split_itself() -> None:
    request = asked("two cats", words=Words(scene="a calm sea"))
    assert clauses(Expectation.of(request)) == [Clause("number", "two cats")]
