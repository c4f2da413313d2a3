"""A paid take that is damaged here is not bought again as long as there is another way to it, and the reason is said first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import Film, Ran, Vidgen
from vidgen.app.render import RenderOptions, render_film
from vidgen.cli.questions import _bill_lines
from vidgen.errors import ProcessingError
from vidgen.render.spending import Bill
from vidgen.takes.budget import Limit
from vidgen.testing import ScriptedRemote, engine_added

SHOT = "{id: a, scene: sea, engine: scripted}"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[ScriptedRemote]:
    remote = ScriptedRemote(tmp_path / "provider", price=0.1)
    with engine_added("scripted", lambda: remote):
        yield remote


@pytest.fixture
def board(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> Path:
    """A film of one shot, whose one take is bought and stored."""
    file = film(SHOT)
    assert vidgen("render", file, "--yes").code == 0
    return file


def clip(board: Path) -> Path:
    (file,) = board.parent.glob(".vidgen/film/takes/*/*.mp4")
    return file


def no_longer_offered(provider: ScriptedRemote) -> None:
    for job in provider.jobs():
        provider._save({**job, "failure": "expired"})


def no_longer_known(provider: ScriptedRemote) -> None:
    for file in provider.folder.glob("job-*.json"):
        file.rename(file.with_suffix(".forgotten"))


def told(ran: Ran, code: str) -> list[str]:
    return [row["message"] for row in ran.envelope["warnings"] if row["code"] == code]


def another_clip(file: Path) -> None:
    file.write_bytes(file.read_bytes()[::-1])


HARM: dict[str, Callable[[Path], Any]] = {
    "another clip": another_clip,
    "gone with its record": lambda file: [file.unlink(), file.with_suffix(".json").unlink()],
    "a folder in its place": lambda file: [file.unlink(), file.mkdir(), (file / "x").write_text("x")],
    "folders in place of it and its record": lambda file: [
        [one.unlink(), one.mkdir()] for one in (file, file.with_suffix(".json"))
    ],
    "damaged with its record": lambda file: [another_clip(file), file.with_suffix(".json").write_text("{")],
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_a_damaged_clip_is_fetched_again_and_not_bought(
    harm: Callable[[Path], Any], vidgen: Vidgen, board: Path, provider: ScriptedRemote
) -> None:
    harm(clip(board))
    looked = vidgen("render", board, "--dry-run", "--json")
    assert looked.data["estimated_usd"] == 0 and "fetches it again from scripted" in told(looked, "take.fetched_again")[0]
    ran = vidgen("render", board, "--json")  # nobody consented to anything
    assert ran.code == 0 and ran.data["cost_usd"] == 0 and len(provider.jobs()) == 1
    assert "was fetched again" in told(ran, "take.fetched_again")[-1]
    quiet = vidgen("render", board, "--json")
    assert quiet.data["shots"][0]["reused"] and not told(quiet, "take.fetched_again")
    assert vidgen("takes", "list", board, "--json").data["spent_usd"] == pytest.approx(0.3)


@pytest.mark.parametrize("lose", [no_longer_offered, no_longer_known])
def test_what_the_provider_has_no_more_is_offered_with_the_reason_before_money_is_spent(
    lose: Callable[[ScriptedRemote], None], vidgen: Vidgen, board: Path, provider: ScriptedRemote
) -> None:
    clip(board).unlink()
    lose(provider)
    for _ in range(2):  # however often it is asked
        ran = vidgen("render", board, "--json")
        (why,) = told(ran, "take.lost")
        assert ran.code == 5 and ran.envelope["error"]["code"] == "budget.no_consent"
        assert "the stored take 1 of a (scripted) is gone" in why and "cannot give it again" in why and "0.30 USD" in why
    before = provider.created
    assert vidgen("render", board, "--yes").code == 0 and provider.created == before + 1
    assert vidgen("takes", "list", board, "--json").data["spent_usd"] == pytest.approx(0.6)


def test_the_question_about_money_says_why(board: Path, provider: ScriptedRemote, tmp_path: Path) -> None:
    clip(board).unlink()
    no_longer_offered(provider)
    asked: list[str] = []

    def no(bill: Bill, limit: Limit | None) -> bool:
        asked.extend(_bill_lines(bill, limit))
        return False

    with pytest.raises(Exception, match="declined"):
        render_film(board, RenderOptions(output=tmp_path / "film.mp4"), confirm=no)
    assert any(line.startswith("a: the stored take 1") and "bought anew" in line for line in asked)
    assert provider.created == 1


def test_a_provider_that_is_down_is_no_reason_to_buy_again(
    vidgen: Vidgen, board: Path, provider: ScriptedRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(job_id: str) -> Any:
        raise ProcessingError("provider.fault", "scripted has a fault of its own")

    clip(board).unlink()
    with monkeypatch.context() as patched:
        patched.setattr(provider, "poll", down)
        assert vidgen("render", board, "--yes", "--json").envelope["error"]["code"] == "provider.fault"
    assert provider.created == 1
    assert vidgen("render", board).code == 0 and provider.created == 1


@pytest.mark.parametrize(
    "harm",
    [lambda file: file.write_text(""), Path.unlink, lambda file: (file.unlink(), file.mkdir())],
    ids=["emptied", "gone", "a folder"],
)
def test_a_damaged_record_beside_a_whole_clip_is_made_anew_from_the_journal(
    harm: Callable[[Path], Any], vidgen: Vidgen, board: Path, provider: ScriptedRemote
) -> None:
    no_longer_offered(provider)
    record = clip(board).with_suffix(".json")
    before = json.loads(record.read_text())
    harm(record)
    looked = vidgen("render", board, "--dry-run", "--json")
    assert told(looked, "take.record_restored") and looked.data["estimated_usd"] == 0
    ran = vidgen("render", board, "--json")
    assert ran.code == 0 and told(ran, "take.record_restored") and provider.created == 1
    after = json.loads(record.read_text())
    others = ("made", "manifest", "check")
    assert {name: after[name] for name in before if name not in others} == {
        name: value for name, value in before.items() if name not in others
    }
    assert after["manifest"]["job"] == before["manifest"]["job"]
    assert not told(vidgen("render", board, "--json"), "take.record_restored")


def test_a_look_changes_nothing(vidgen: Vidgen, board: Path, provider: ScriptedRemote) -> None:
    another_clip(clip(board))
    clip(board).with_suffix(".json").write_text("{")

    def everything() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in board.parent.rglob("*") if file.is_file()}

    before = everything()
    for command in (("plan",), ("render", "--dry-run"), ("takes", "list")):
        assert vidgen(*command, board).code == 0
    assert vidgen("pick", board, "a", 1).code == 2
    assert everything() == before


def test_plan_says_which_paid_takes_are_damaged(vidgen: Vidgen, board: Path, film: Film) -> None:
    assert told(vidgen("plan", board, "--json"), "take.corrupt") == []
    clip(board).write_bytes(b"x")
    (said,) = told(vidgen("plan", board, "--json"), "take.corrupt")
    assert said.startswith("take 1, bought from scripted: its clip has 1 byte instead of")
    film(SHOT.replace("sea", "hill"))  # the shot asks for another take now
    assert told(vidgen("plan", board, "--json"), "take.corrupt") == []


def test_takes_are_found_though_the_journal_is_gone(vidgen: Vidgen, board: Path, provider: ScriptedRemote) -> None:
    (board.parent / ".vidgen" / "film" / "journal.db").unlink()
    assert vidgen("render", board, "--dry-run", "--json").data["estimated_usd"] == 0
    assert vidgen("pick", board, "a", 1).code == 0
    assert vidgen("render", board).code == 0 and provider.created == 1


def test_a_journal_that_was_emptied_before_any_take_was_stored_stops_the_run(
    vidgen: Vidgen, film: Film, provider: ScriptedRemote
) -> None:
    provider.failure_modes = ("expired",)
    board = film(SHOT)
    assert vidgen("render", board, "--yes").code == 4
    (board.parent / ".vidgen" / "film" / "journal.db").write_bytes(b"")
    ran = vidgen("render", board, "--yes", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "journal.corrupt") and provider.created == 1


def a_folder(record: Path) -> None:
    record.unlink()
    record.mkdir()


@pytest.mark.parametrize("harm", [lambda record: record.write_text("{"), a_folder], ids=["cut off", "a folder"])
def test_who_takes_a_film_over_is_told_which_record_is_damaged(
    harm: Callable[[Path], Any], vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    """Of a drawn take, which no journal knows: a render makes it anew, and nothing else stops for it."""
    board = film("{id: a, scene: calm sea, duration: 1}")
    assert vidgen("render", board).code == 0
    record = clip(board).with_suffix(".json")
    harm(record)
    for command in (("export", "--format", "otio", "-o", "cut.otio"), ("review",)):
        ran = vidgen(command[0], board, *command[1:], "--json")
        (missing,) = told(ran, "export.no_take")
        assert ran.code == 0 and f"the record of its take 1, {record}, is damaged" in missing
    assert vidgen("render", board, "--json").code == 0 and record.is_file()
    assert not told(vidgen("review", board, "--json"), "export.no_take")
