from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.cut.clips import MakeShot, film_of

from vidgen.cut.assembly import assemble
from vidgen.cut.layout import Block
from vidgen.cut.layout import lay_out as lay_out_titles
from vidgen.cut.looks import plain
from vidgen.cut.showing import Shown
from vidgen.cut.timeline import Cue, TextLook, Timeline, Transition
from vidgen.cut.titles import ass_text, literal, title_notices
from vidgen.media.frames import read_frames

SIZE = (320, 180)
Pictures = npt.NDArray[np.float64]


@pytest.fixture
def render(tmp_path: Path, make_shot: MakeShot):
    """``render(cue, ...)``: the frames of one dark shot of 24 frames with these titles, [frames, height, width], grey."""

    def draw(*cues: Cue, frames: int = 24, size: tuple[int, int] = SIZE, rate: Fraction = Fraction(24)) -> Pictures:
        name = f"t{abs(hash((cues, frames, size, rate))):x}"
        shot = make_shot(name, 40, frames, step=0, size=size, rate=rate, cues=cues)
        out = tmp_path / f"{name}.mp4"
        assemble(Timeline(rate, *size, (shot,)), tmp_path / name, out)
        return grey(out)

    return draw


def lay_out(cues: tuple[Cue, ...], width: int, height: int) -> list[Block]:
    return [placed.block for placed in lay_out_titles(cues, width, height) if placed]


def script_of(*cues: Cue) -> str:
    return ass_text([Shown(block, 0, 24) for block in lay_out(cues, *SIZE)], *SIZE, 24)


def grey(film: Path) -> Pictures:
    return np.stack([frame.mean(axis=2) for frame in read_frames(film)])


def bright(picture: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is bright, as shares of the picture."""
    rows, columns = np.nonzero(picture > 150)
    height, width = picture.shape
    return columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height


STILL = TextLook(fade=0)


def test_a_japanese_and_english_title_stands_in_the_middle(render) -> None:
    left, top, right, bottom = bright(render(Cue("京都の秋\nAutumn in Kyoto", 0, 24, style=STILL))[12])
    assert abs((left + right) / 2 - 0.5) < 0.02
    assert abs((top + bottom) / 2 - 0.5) < 0.06
    assert 0.2 < right - left < 0.7


def test_a_title_is_as_wide_as_it_was_measured(render) -> None:
    cue = Cue("静かな石の道 quiet path", 0, 24, role="caption", style=STILL)
    [block] = lay_out((cue,), *SIZE)
    left, _, right, _ = bright(render(cue)[12])
    assert (right - left) * SIZE[0] == pytest.approx(block.width, rel=0.06)


@pytest.mark.parametrize(
    ("position", "across", "down"),
    [("top_left", 0, 0), ("top", 1, 0), ("top_right", 2, 0), ("left", 0, 1), ("center", 1, 1)]
    + [("right", 2, 1), ("bottom_left", 0, 2), ("bottom", 1, 2), ("bottom_right", 2, 2)],
)
def test_each_position_is_where_it_says_and_inside_the_safe_area(render, position: str, across: int, down: int) -> None:
    left, top, right, bottom = bright(render(Cue("Kyoto", 0, 2, role="caption", position=position, style=STILL), frames=2)[0])
    assert 0.045 < left < right < 0.955
    assert 0.045 < top < bottom < 0.955
    assert int((left + right) / 2 * 3) == across
    assert int((top + bottom) / 2 * 3) == down


def test_a_title_shows_on_exactly_its_frames_at_any_rate(render) -> None:
    for rate in (Fraction(24), Fraction(60), Fraction(30000, 1001), Fraction(120)):
        shown = render(Cue("KYOTO", 5, 11, style=STILL), frames=14, rate=rate).max(axis=(1, 2)) > 150
        assert list(np.nonzero(shown)[0]) == [5, 6, 7, 8, 9, 10]


def test_a_title_fades_in_and_out(render) -> None:
    seen = render(Cue("KYOTO", 0, 24, style=TextLook(fade=0.25))).max(axis=(1, 2))
    assert seen[0] < seen[2] < seen[5] <= seen[12] + 3
    assert seen[23] < seen[21] < seen[18] + 3


def test_what_looks_like_a_command_is_drawn_as_letters(render) -> None:
    plain_height = np.subtract(*bright(render(Cue("BIG", 0, 24, role="caption", style=STILL))[12])[::-2])
    tricky = render(Cue("{\\fs200}BIG\\N", 0, 24, role="caption", style=STILL))[12]
    left, top, right, bottom = bright(tricky)
    assert bottom - top < 2 * plain_height
    [wide] = lay_out((Cue("{\\fs200}BIG\\N", 0, 24, role="caption", style=STILL),), *SIZE)
    assert (right - left) * SIZE[0] == pytest.approx(wide.width, rel=0.1)


@pytest.mark.parametrize(
    "text",
    [
        "100%",
        "%{pts} 'quoted' \"double\"",
        "x'[o];movie=/etc/hostname,[o][m]overlay,drawtext=text='y",
        "a:b\\:c,d;e=f",
        "Dialogue: 0,0:00:00.00,9:00:00.00,Default,,0,0,0,,x",
        "\\",
        "{",
        "}{\\p1}m 0 0 l 100 100",
    ],
)
def test_no_text_breaks_the_picture(render, text: str) -> None:
    picture = render(Cue(text, 0, 2, role="subtitle", style=STILL), frames=2)[0]
    assert picture.max() > 100
    assert abs(float(np.median(picture)) - 40) < 3
    assert np.nonzero(picture > 100)[0].min() > 0.7 * SIZE[1]


def test_newlines_in_a_title_cannot_start_a_script_line() -> None:
    script = script_of(Cue("a\nDialogue: 9,evil\r\n[Events]\u2028x", 0, 24))
    assert sum(line.startswith("Dialogue:") for line in script.splitlines()) == 2
    assert script.count("\n[Events]") == 1


def test_control_and_direction_characters_are_left_out() -> None:
    assert plain("a\u202eb\x00c\x1b[0m\u2066d\tx\ud800") == "abc[0md x"
    assert plain("a\r\nb\u2028c") == "a\nb\nc"


def test_backslashes_and_braces_are_made_harmless() -> None:
    assert literal("\\N{\\b1}") == "\\\u2060N\\{\\\u2060b1\\}"


def test_titles_that_share_a_place_and_a_time_are_stacked(render) -> None:
    first, second = Cue("one", 0, 24, role="caption", style=STILL), Cue("two", 6, 24, role="caption", style=STILL)
    lower, upper = lay_out((first, second), *SIZE)
    assert upper.y + upper.em * 0.1 < lower.y - lower.height + upper.em
    pictures = render(first, second)
    assert bright(pictures[12])[1] < bright(pictures[3])[1]
    assert bright(pictures[12])[3] == bright(pictures[3])[3]


def test_a_text_too_long_for_the_picture_is_set_smaller() -> None:
    [block] = lay_out((Cue("京都の秋は美しい。" * 60, 0, 24),), *SIZE)
    assert block.height <= SIZE[1]
    [short] = lay_out((Cue("京都", 0, 24),), *SIZE)
    assert short.em > block.em


def test_a_tall_picture_gets_titles_for_its_width() -> None:
    [block] = lay_out((Cue("Autumn", 0, 24),), 1080, 1920)
    assert block.em == pytest.approx(0.09 * 1080)


def test_the_users_style_wins_over_the_role() -> None:
    look = TextLook(font="serif", size=20, colour="#ff8000", outline=2, box=False, position="top_right", fade=0)
    [block] = lay_out((Cue("x", 0, 24, role="lower_third", style=look),), *SIZE)
    assert (block.look.font, block.em, block.anchor, block.look.box) == ("serif", 36.0, 9, False)
    assert "&H000080FF" in script_of(Cue("x", 0, 24, style=look))


def test_a_box_is_dark_behind_its_letters(render) -> None:
    cue = Cue("lower third", 0, 24, role="lower_third", style=TextLook(fade=0))
    picture = render(cue)[12]
    assert (picture < 36).sum() > 200
    assert picture.max() > 180


def test_a_colour_comes_out_as_it_was_asked(tmp_path: Path, make_shot: MakeShot) -> None:
    look = TextLook(font="sans", size=50, colour="#C04020", fade=0)
    shot = make_shot("s01", 40, 2, step=0, size=(1280, 720), cues=(Cue("■", 0, 2, style=look),))
    assemble(Timeline(Fraction(24), 1280, 720, (shot,)), tmp_path / "w", tmp_path / "film.mp4")
    frame = next(iter(read_frames(tmp_path / "film.mp4"))).astype(int)
    assert np.abs(frame[360, 640] - (0xC0, 0x40, 0x20)).max() < 6


def test_letters_that_the_font_lacks_are_said() -> None:
    notices = title_notices((Cue("京都 \U00013000 ok", 0, 24), Cue("秋 ł สวัสดี \U0001f341", 0, 24)), "s01")
    assert [(notice.code, notice.shot) for notice in notices] == [("text.missing_glyphs", "s01")]
    assert "\U00013000" in notices[0].message


def test_a_font_that_is_not_there_is_said(make_shot: MakeShot) -> None:
    notices = title_notices(
        (Cue("x", 0, 24, style=TextLook(font="Helvetica")), Cue("y", 0, 24, style=TextLook(font="明朝"))), "s01"
    )
    assert [notice.code for notice in notices] == ["text.font_replaced"]
    [block] = lay_out((Cue("y", 0, 24, role="caption", style=TextLook(font="明朝")),), *SIZE)
    assert block.look.font == "serif"


def test_a_title_goes_on_through_a_transition(tmp_path: Path, make_shot: MakeShot) -> None:
    """Frame by frame, the film with a dissolve is the mix of the two titled shots, at and on both sides of its borders."""
    titles = (Cue("KYOTO", 2, 22, style=TextLook(fade=0.4)),), (Cue("AUTUMN", 3, 24, position="top", style=TextLook(fade=0.4)),)
    shots = [
        make_shot(f"s{n}", base, 24, step=0, size=SIZE, cues=cues)
        for n, (base, cues) in enumerate(zip((40, 90), titles, strict=True))
    ]
    alone = []
    for shot in shots:
        assemble(Timeline(Fraction(24), *SIZE, (shot,)), tmp_path / "w", tmp_path / f"{shot.id}.mp4")
        alone.append(grey(tmp_path / f"{shot.id}.mp4"))
    film = Timeline(Fraction(24), *SIZE, (shots[0], replace(shots[1], transition=Transition("dissolve", 8))))
    assemble(film, tmp_path / "w", tmp_path / "film.mp4")
    found = grey(tmp_path / "film.mp4")
    for frame in range(40):
        share = min(1.0, max(0.0, (frame - 16) / 8))
        wanted = (1 - share) * alone[0][min(frame, 23)] + share * alone[1][max(frame - 16, 0)]
        assert np.abs(found[frame] - wanted).mean() < 1.5, frame
        assert np.abs(found[frame] - wanted).max() < 40, frame


def test_a_title_changes_only_the_pieces_it_touches(tmp_path: Path, make_shot: MakeShot) -> None:
    states: dict[str, str] = {}

    def hear(name: str, data: dict[str, object]) -> None:
        if name == "cut.segment":
            states[str(data["name"])] = str(data["state"])

    one, two = make_shot("s01", 40), make_shot("s02", 90, transition=("dissolve", 6))
    assemble(film_of(one, two), tmp_path / "w", tmp_path / "f.mp4")
    titled = replace(one, cues=(Cue("early", 0, 10),))
    assemble(film_of(titled, two), tmp_path / "w", tmp_path / "f.mp4", on_event=hear)
    assert states == {"s01": "encoded", "s01 > s02": "reused", "s02": "reused"}


@pytest.mark.parametrize("text", ["مرحبا بكم", "שלום עולם", "สวัสดีครับ", "Łódź ăș", "\U0001f3ac" * 4])
def test_other_scripts_are_drawn_with_letters_and_not_with_boxes(render, text: str) -> None:
    """Each is as wide as the font of its script says; a box for each letter would be wider or narrower."""
    cue = Cue(text, 0, 2, role="caption", style=TextLook(fade=0, size=12))
    left, _, right, _ = bright(render(cue, frames=2)[0])
    [block] = lay_out((cue,), *SIZE)
    assert (right - left) * SIZE[0] == pytest.approx(block.width, rel=0.12)


def test_a_line_from_right_to_left_begins_at_the_right(render) -> None:
    """The exclamation mark ends the line, so that it is at the left."""
    large = TextLook(fade=0, size=16)
    plain_line, marked = (
        bright(render(Cue(f"שלום{end}", 0, 2, role="caption", position="right", style=large), frames=2)[0]) for end in ("", "!")
    )
    assert marked[2] == pytest.approx(plain_line[2], abs=0.01) and marked[0] < plain_line[0] - 0.005


@pytest.mark.parametrize("text", ["م{\\p1}ل\\Nن", "ł\\", "🎬{", "م}{\\fs200}م", "\u200fم\u202e{\\r}"])
def test_commands_between_letters_of_several_fonts_stay_letters(text: str) -> None:
    """A change of font is a command of ours; a user's brace or backslash beside it never becomes one."""
    script = script_of(Cue(text, 0, 24), Cue(text, 0, 24, role="credits"))
    for line in script.splitlines():
        if line.startswith("Dialogue:"):
            body = line.split(",", 9)[9].replace("\\{", "").replace("\\}", "")
            ours = re.sub(r"\{(\\(an\d|pos\([\d.,-]+\)|fad\([\d,]+\)|blur[\d.]+|fn[A-Za-z ]+|fs[\d.]+))+\}", "", body)
            assert not set("{}") & set(ours) and not re.search(r"\\(?!\u2060)", ours), line


def test_a_letter_that_no_font_of_vidgen_has_is_not_drawn_by_a_font_of_the_machine(
    tmp_path: Path, make_shot: MakeShot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fontTools.ttLib import TTFont

    from vidgen.weights.fonts import font_file

    cue = Cue("\u16a0", 0, 24, style=STILL)
    shots = [make_shot(name, 40, 24, step=0, size=SIZE, rate=Fraction(24), cues=(cue,)) for name in ("here", "there")]
    assemble(Timeline(Fraction(24), *SIZE, shots[:1]), tmp_path / "h", tmp_path / "h.mp4")

    font = TTFont(font_file("sans"))
    for table in font["cmap"].tables:
        if table.isUnicode() and table.format in (4, 12):
            table.cmap[0x16A0] = font.getBestCmap()[ord("A")]
    for name in font["name"].names:
        name.string = "Machine"
    folder = tmp_path / "fonts"
    folder.mkdir()
    font.save(folder / "machine.otf")
    (tmp_path / "fonts.conf").write_text(f"<fontconfig><dir>{folder}</dir><cachedir>{folder}</cachedir></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    assemble(Timeline(Fraction(24), *SIZE, shots[1:]), tmp_path / "t", tmp_path / "t.mp4")
    assert bright(grey(tmp_path / "h.mp4")[12])
    assert np.array_equal(grey(tmp_path / "h.mp4"), grey(tmp_path / "t.mp4"))
