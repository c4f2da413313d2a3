"""The speech of a run: lines are spoken before takes are planned in full, since shots may be as long as their words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vidgen.errors import Notice
from vidgen.media.wording import counted, listed
from vidgen.planning.plan import Plan, PlannedShot
from vidgen.render.events import Listener
from vidgen.render.project import Workspace
from vidgen.render.spending import Bill, BillItem
from vidgen.speech.kept import KeptLines
from vidgen.speech.saying import Sayer
from vidgen.speech.voices import FilmVoices, Spoken
from vidgen.takes.budget import price_text

Warn = Callable[[Iterable[Notice]], None]


@dataclass(frozen=True)
class Agreed:
    """What a person agreed to before lines were bought: the whole ``bill``, its ``speech``, and the limit of the run in US
    dollars.
    """

    bill: Bill
    speech: tuple[BillItem, ...]
    limit_usd: float | None

    def whole(self, bill: Bill) -> Bill:
        """The bill of the takes that are needed now, with the speech that was bought in this run."""
        before = self.bill
        return replace(bill, items=(*bill.items, *self.speech), spent_usd=before.spent_usd, unpriced=before.unpriced)

    def covers(self, bill: Bill) -> bool:
        """Whether that is no more than what was agreed to."""
        before, now = self.bill.estimated_usd, self.whole(bill).estimated_usd
        return before is None or (now is not None and round(now - before, 6) <= 0)


def speech_items(lines: Iterable[Spoken]) -> tuple[BillItem, ...]:
    """What lines would cost that are not kept."""
    speakers = ((one, one.line.speaker) for one in lines)
    items = (BillItem(f"{by.name} {by.version()}", 1, one.price_usd) for one, by in speakers if by)
    return Bill.of(item for item in items if item.usd != 0).items


def with_speech(bill: Bill, lines: Sequence[Spoken]) -> tuple[Bill, tuple[BillItem, ...]]:
    """A bill with the lines that are to be bought, and those alone."""
    items = speech_items(lines)
    return replace(bill, items=(*bill.items, *items)), items


def missing_lines(voices: FilmVoices, shots: Iterable[PlannedShot]) -> list[Spoken]:
    """The lines of planned shots that are to be spoken."""
    return voices.missing({shot.parent for shot in shots})


def say_lines(
    lines: Sequence[Spoken],
    space: Workspace,
    *,
    listener: Listener,
    limit_usd: float | None = None,
    regenerate: Collection[str] = (),
) -> None:
    """Speak lines, one after the other. Each is kept as soon as it is there; the first that fails ends it."""
    kept = KeptLines(space.root, look_only=False)

    def journal() -> Any:
        assert space.journal is not None  # the project is open for writing
        return space.journal

    sayer = Sayer(kept, journal, space.run_id, "", limit_usd)
    for number, line in enumerate((one.line for one in lines), 1):
        part = line.part
        about: dict[str, Any] = {"shot": part.shot, "line": part.label, "engine": line.speaker and line.speaker.name}
        about |= {"number": number, "total": len(lines)}
        again = space.commands.line("render", space.commands.board, "--regenerate", part.shot)
        listener("speech.started", **about)
        said = replace(sayer, anew=part.shot in regenerate, remedy=f"{again} buys it anew").say(line)
        listener("speech.done", **about, seconds=round(said.seconds, 3), file=str(said.file), cost_usd=said.cost_usd)


def speech_data(voices: FilmVoices, plan: Plan) -> list[dict[str, Any]]:
    """``speech`` in the ``data`` of ``plan`` and ``render``: every line of the plan's shots without a recording."""
    return [one.as_dict() for one in _of(voices, plan)]


def speech_summary(voices: FilmVoices, plan: Plan) -> list[str]:
    """Who says what, for a person: a line for each voice, and what is still to be spoken."""
    spoken: dict[tuple[str, str], dict[str, None]] = {}
    lines = list(_of(voices, plan))
    for one in lines:
        if one.line.speaker:
            voice = (one.line.speaker.name, one.line.utterance.voice)
            spoken.setdefault(voice, {})[one.line.part.who or "narration"] = None
    found = [f"{listed(list(who))}: {' '.join(filter(None, voice))}" for voice, who in spoken.items()]
    todo = [one for one in lines if one.missing]
    if todo:
        items = speech_items(todo)
        price = f", for {price_text(Bill(items).estimated_usd)}" if items else ""
        found.append(f"{counted(len(todo), 'line')} to be spoken{price}")
    return found


def estimate_with(usd: float | None, lines: Sequence[Spoken]) -> float | None:
    """An estimate with the price of lines that are to be spoken; None where one is not known."""
    speech = Bill(speech_items(lines)).estimated_usd
    return None if usd is None or speech is None else round(usd + speech, 6)


def _of(voices: FilmVoices, plan: Plan) -> Iterator[Spoken]:
    shots = {shot.parent for shot in plan.shots}
    return (one for one in voices.lines if one.line.part.shot in shots)
