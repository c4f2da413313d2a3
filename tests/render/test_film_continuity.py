"""Over the whole film: takes are compared with what was picked before them, and the likest of equals is picked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Film, Ran, Vidgen, installed_package

TROUPE = '''
from benchmarks.drawn_film import View, shot
from vidgen.plugin import Capabilities, FrameWriter, Generated, LocalEngine, Price


class Troupe(LocalEngine):
    """Draws somebody somewhere. params: {person, place}; a list names one for each take."""

    name = "troupe"

    def capabilities(self, model=None):
        return Capabilities(
            engine="troupe", model=model or "one", kind="local", tasks=("text_to_video",), seed=True, diffusion=False,
            price=Price(per_second=0, source="runs on this machine"),
        )

    def generate(self, take, out, *, progress=lambda share: None, cancelled=lambda: False):
        wanted = {name: take.request.params[name] for name in ("person", "place")}
        of = {name: value[take.take - 1] if isinstance(value, (list, tuple)) else value for name, value in wanted.items()}
        view = View(**of, zoom=1.4, speed=0.25, seed=take.take)
        with FrameWriter(out, 320, 180, take.request.fps, frames=take.request.frames) as writer:
            for picture in shot(view, take.request.frames):
                writer.write(picture)
        return Generated(file=out, manifest={"model": "one", "seed": take.seed}, diffusion=False)
'''
TOP = "characters: {Mia: a tall woman}\n"
FIRST = "{id: a, scene: harbour, characters: Mia, params: {person: 3, place: 4}, %s}"
SECOND = "{id: b, scene: harbour, characters: Mia, params: {person: %s, place: %s}, candidates: 2, %s}"
COMMON = "duration: 1, engine: troupe"


@pytest.fixture
def troupe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    entries = "[vidgen.engines]\ntroupe = troupe_engine:Troupe\n"
    with installed_package(tmp_path / "site", monkeypatch, "troupe", {"troupe_engine": TROUPE}, entries):
        yield


def render(vidgen: Vidgen, board: Path, *options: str) -> Ran:
    board.write_text(board.read_text().replace("96x54", "320x180"))
    ran = vidgen("render", board, "--json", *options)
    assert ran.code == 0, ran.err
    return ran


def picks(ran: Ran) -> dict[str, int]:
    return {shot["id"]: shot["picked"] for shot in ran.data["shots"]}


def swapped(ran: Ran) -> list[str]:
    return [one["message"] for one in ran.envelope["warnings"] if one["code"] == "continuity.swapped"]


@pytest.mark.usefixtures("troupe")
@pytest.mark.parametrize("likest", [1, 2])
def test_the_take_that_shows_the_same_person_is_picked(vidgen: Vidgen, film: Film, likest: int) -> None:
    people = [3, 11] if likest == 1 else [11, 3]
    ran = render(vidgen, film(FIRST % COMMON, SECOND % (people, 4, COMMON), top=TOP))
    assert picks(ran) == {"a": 1, "b": likest} and swapped(ran) == []


@pytest.mark.usefixtures("troupe")
def test_where_no_take_shows_the_same_a_warning_says_so(vidgen: Vidgen, film: Film) -> None:
    ran = render(vidgen, film(FIRST % COMMON, SECOND % ([11, 12], 4, COMMON), top=TOP))
    assert len(swapped(ran)) == 1 and "Mia looks unlike a" in swapped(ran)[0]


@pytest.mark.usefixtures("troupe")
def test_a_person_who_picks_has_the_last_word(vidgen: Vidgen, film: Film) -> None:
    board = film(FIRST % COMMON, SECOND % ([11, 3], 4, f"{COMMON}, pick: 1"), top=TOP)
    ran = render(vidgen, board)
    assert picks(ran) == {"a": 1, "b": 1} and len(swapped(ran)) == 1


@pytest.mark.usefixtures("troupe")
def test_without_anything_in_common_nothing_is_compared(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    apart = SECOND.replace("harbour", "forest").replace("characters: Mia, ", "")
    ran = render(vidgen, film(FIRST % COMMON, apart % ([11, 12], 7, COMMON), top=TOP))
    assert swapped(ran) == [] and not list(tmp_path.rglob("*.look-*.json"))


@pytest.mark.usefixtures("troupe")
def test_the_same_picks_whatever_order_takes_are_made_in(vidgen: Vidgen, film: Film) -> None:
    board = film(FIRST % COMMON, SECOND % ([11, 3], 4, COMMON), top=TOP)
    first = render(vidgen, board)
    again = render(vidgen, board, "--jobs", "1", "--work", "other")
    assert picks(first) == picks(again) == {"a": 1, "b": 2}
