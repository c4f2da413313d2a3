"""Where titles stand: inside the safe area of the picture's shape, clear of each other, and from the right side where they are
read from the right.
"""

from __future__ import annotations

import pytest

from vidgen.cut.layout import Block, lay_out
from vidgen.cut.looks import safe_area, tables
from vidgen.cut.timeline import Cue, TextLook

WIDE, TALL, SQUARE, SCOPE = (1920, 1080), (1080, 1920), (1080, 1080), (2048, 858)


def blocks(*cues: Cue, size: tuple[int, int] = WIDE) -> list[Block]:
    return [placed.block for placed in lay_out(cues, *size) if placed]


def text_of(block: Block) -> list[str]:
    return ["".join(run.text for run in line) for line in block.lines]


@pytest.mark.parametrize(
    ("size", "left", "top", "right", "bottom"),
    [(WIDE, 0.05, 0.05, 0.95, 0.95), (SCOPE, 0.05, 0.05, 0.95, 0.95), (SQUARE, 0.05, 0.05, 0.95, 0.95)]
    + [(TALL, 0.06, 0.14, 0.88, 0.65)],
)
def test_titles_stay_in_the_safe_area_of_the_picture(
    size: tuple[int, int], left: float, top: float, right: float, bottom: float
) -> None:
    """Players of tall video put names, captions and buttons over its edges."""
    for position in tables()["positions"]:
        for role in ("title", "lower_third", "caption", "subtitle", "credit"):
            [block] = blocks(Cue("雨の京都 " * 9, 0, 9, role=role, position=position), size=size)
            x0, y0, x1, y1 = block.box
            assert left * size[0] - 1 < x0 < x1 < right * size[0] + 1, (role, position)
            assert top * size[1] - 1 < y0 < y1 < bottom * size[1] + 1, (role, position)


@pytest.mark.parametrize("size", [WIDE, TALL, SQUARE, SCOPE])
def test_a_caption_a_subtitle_and_a_lower_third_do_not_cover_each_other(size: tuple[int, int]) -> None:
    found = blocks(
        Cue("Anna Kowalska\nDirector of photography", 0, 50, role="lower_third"),
        Cue("It is raining again, and it will rain tomorrow too, they say", 5, 30, role="caption"),
        Cue("雨の日も、やまない雨も好きだと言っていたのを覚えている。", 10, 40, role="subtitle"),
        size=size,
    )
    for index, one in enumerate(found):
        for other in found[:index]:
            assert (
                one.box[1] >= other.box[3]
                or one.box[3] <= other.box[1]
                or one.box[0] >= other.box[2]
                or one.box[2] <= other.box[0]
            )


def test_titles_at_other_times_keep_their_place() -> None:
    first, second = blocks(Cue("one", 0, 10, role="caption"), Cue("two", 10, 20, role="caption"))
    assert first.y == second.y


def test_a_long_word_is_set_smaller_rather_than_broken() -> None:
    [block] = blocks(Cue("Donaudampfschifffahrtsgesellschaft", 0, 9), size=TALL)
    assert text_of(block) == ["Donaudampfschifffahrtsgesellschaft"]
    assert 0.028 * 1080 < block.em < 0.09 * 1080
    [block] = blocks(Cue("W" * 200, 0, 9), size=TALL)
    assert len(block.lines) > 1, "but not so small that nobody can read it"


def test_a_text_from_right_to_left_stands_at_the_right() -> None:
    area = safe_area(*WIDE)
    [arabic], [english] = (blocks(Cue(text, 0, 9, role="lower_third")) for text in ("محمد علي", "Ali"))
    assert english.box[0] == area.left and english.column == 0
    assert arabic.box[2] == area.right and arabic.column == 2


def test_where_a_side_is_asked_for_its_lines_are_even_at_the_right() -> None:
    [block] = blocks(Cue("السلام عليكم\nنص", 0, 9, role="caption", position="left"))
    assert block.box[0] == safe_area(*WIDE).left and block.column == 2


def test_each_script_in_a_line_has_its_font() -> None:
    [block] = blocks(Cue("Kyoto 京都 مرحبا ł", 0, 9, style=TextLook(font="sans")))
    assert [run.font for run in block.lines[0]] == [
        "NotoSansJP-Regular.otf",
        "NotoSansArabic[wght].ttf",
        "NotoSansJP-Regular.otf",
        "NotoSans[wght].ttf",
    ]
    assert not block.rtl
