"""Tables on the terminal, made with Rich. Each takes finished rows; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

from vidgen.cli.columns import Column, column_lines
from vidgen.cli.screen import console, text
from vidgen.cli.words import shown
from vidgen.media.wording import counted, listed

if TYPE_CHECKING:
    from vidgen.errors import Notice
    from vidgen.planning.plan import Plan
    from vidgen.planning.presets import Preset
    from vidgen.render.commands import Commands
    from vidgen.render.posting import ShotPost
    from vidgen.storyboard.lint import Finding

WIDE = 120
"""From here on tables show all their columns."""
_STATES = {"ok": "green", "warn": "yellow", "bad": "red", "info": "cyan"}


def _table(*columns: str | tuple[str, Mapping[str, Any]], title: str | None = None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        name, options = column if isinstance(column, tuple) else (column, {})
        table.add_column(name, **options)
    return table


def dollars(value: float | None) -> str:
    """``$0.48``, ``free``, or ``?`` where it is not known."""
    return "?" if value is None else "free" if value == 0 else f"${value:,.2f}"


def clock(seconds: float) -> str:
    """``1:04.5``."""
    minutes, rest = divmod(round(seconds, 2), 60)
    return f"{int(minutes)}:{rest:05.2f}"


def about(seconds: float | None) -> str:
    """``about 40 s``, ``about 12 min``, or ``unknown time``."""
    if seconds is None:
        return "unknown time"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


RIGHT: Mapping[str, Any] = {"justify": "right", "no_wrap": True}
FIXED: Mapping[str, Any] = {"no_wrap": True}


def plan_table(
    plan: Plan, posts: Mapping[str, ShotPost], notices: Sequence[Notice], findings: Sequence[Finding], file: Path
) -> None:
    """The plan as a producer reads it: when, how long, what, who makes it, for how much, and what is then done to it."""
    from vidgen.render.posting import post_lines

    out = console()
    rows: list[Sequence[str]] = [
        (
            shot.id,
            clock(float(shot.start_frame / plan.fps)),
            f"{float(shot.frames / plan.fps):.2f} s",
            str(shot.frames),
            shot.request.camera.move if shot.request else "-",
            shot.request.prompt if shot.request else f"your clip {shot.clip.name if shot.clip else ''}",
            f"{shot.engine}{' ' + shot.model if shot.model else ''}",
            str(shot.candidates),
            dollars(shot.estimated_usd),
        )
        for shot in plan.shots
    ]
    kept = [index for index, column in enumerate(PLAN) if out.width >= NARROW or column.name not in LEFT_OUT]
    columns, rows = [PLAN[index] for index in kept], [[shown(row[index]) for index in kept] for row in rows]
    title, names, *lines = plan.board.title or file.stem, *column_lines(columns, rows, out.width, _rule(out))
    _write(out, [title, names], "bold")
    _write(out, lines)
    shots, frames = counted(len(plan.shots), "shot"), counted(plan.total_frames, "frame")
    out.print(
        f"{shots}, {clock(plan.duration_s)}, {frames} at {float(plan.fps):g} frames/s, "
        f"{plan.width}x{plan.height}; takes: {dollars(plan.estimated_usd)}, {about(plan.make_seconds)} to make"
    )
    if reasons := sorted({f"{shot.engine}: {shot.why_engine}" for shot in plan.shots}):
        out.print("; ".join(reasons), style="dim")
    for line in post_lines(posts, [shot.id for shot in plan.shots]):
        out.print(text(line, style="dim" if line.startswith(" ") else ""))
    _write(out, [f"warning: {notice.shot + ': ' if notice.shot else ''}{notice.message}" for notice in notices], "yellow")
    for severe, colour in ((False, "yellow"), (True, "red")):
        _write(out, [one.text(str(file)) for one in findings if (one.severity == "error") == severe], colour)


PLAN = (
    Column("shot"), Column("at", right=True), Column("length", right=True), Column("frames", right=True), Column("camera"),
    Column("prompt", folds=True), Column("engine"), Column("takes", right=True), Column("cost", right=True),
)  # fmt: skip


NARROW, LEFT_OUT = 100, ("at", "frames", "takes")
"""Terminals with fewer columns are shown a plan without these."""


def _rule(out: Console) -> str:
    return "-" if out.options.ascii_only else "─"


def _write(out: Console, lines: Sequence[str], style: str = "") -> None:
    """Lines as they are: many at once, and past Rich where it has no colour to give them, since it takes its time."""
    words = "\n".join(map(shown, lines))
    if words and style and out.is_terminal:
        out.print(text(words, style=style), soft_wrap=True)
    elif words:
        out.file.write(f"{words}\n")


def preset_table(found: Mapping[str, Preset]) -> None:
    """The presets, their size, rate and use."""
    table = _table(("preset", FIXED), ("日本語", FIXED), ("size", FIXED), ("fps", RIGHT), "for")
    for name, preset in found.items():
        file = preset.file
        table.add_row(name, file.ja, " ".join(filter(None, (file.resolution, file.aspect))), str(file.fps or ""), file.use)
    console().print(table)


def engine_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """The comparison of engines. A narrow terminal gets fewer columns; what an engine lacks here stands below."""
    out = console()
    wide = out.width >= WIDE
    names = ("engine", "model") if wide else ("model",)
    more = (("pictures", FIXED), ("refs", RIGHT), ("negative", FIXED)) if wide else ()
    table = _table(
        *((name, FIXED) for name in names), ("long", RIGHT), ("size", RIGHT), "makes", *more,
        ("seed", FIXED), *([("sound", FIXED)] if wide else []), ("$/s", RIGHT), *([("here", FIXED)] if wide else []),
    )  # fmt: skip
    table.padding, table.show_edge = (0, 1, 0, 0), wide  # every column counts
    before = ""
    for row in rows:
        head = row["engine"] if row["engine"] != before else ""
        if head and not wide:
            table.add_row(text(head, style="bold"))
        before = row["engine"]
        said = "ready" if row["ready"] else "retired" if row["retired_on"] else "no"
        table.add_row(
            *([text(head, style="bold"), row["model"]] if wide else [f" {row['model']}"]),
            f"{row['max_s']:g} s" if row["max_s"] else "any",
            f"{row['max_short_side']}p" if row["max_short_side"] else "any",
            ", ".join(name for name in row["tasks_short"] if not wide or name != "first+last"),
            *([row["pictures"], str(row["references"] or "-"), _yes(row["negative"])] if wide else []),
            _yes(row["seed"]), *([_yes(row["audio"])] if wide else []), row["price"],
            *([text(said, style="green" if row["ready"] else "dim")] if wide else []),
        )  # fmt: skip
    out.print(table)
    dates = sorted({row["as_of"] for row in rows if row["as_of"]})
    read = f", as read {' to '.join(dict.fromkeys((dates[0], dates[-1])))}" if dates else ""
    out.print(f"$/s: US dollars a second, from the smallest size to the largest{read}; ? is not known")
    for engine in dict.fromkeys(row["engine"] for row in rows):
        models = [row for row in rows if row["engine"] == engine]
        if not any(row["ready"] for row in models):
            out.print(text(f"{engine}: {models[0]['state']}", style="dim"))


def _yes(able: object) -> str:
    return "in words" if able == "words" else "yes" if able else "no"


def use_case_table(rows: Iterable[Mapping[str, Any]]) -> None:
    """Which engine for which job, and what a second of it costs at 720p."""
    out = console()
    wide = out.width >= WIDE
    table = _table(("use case", FIXED), *([("日本語", FIXED)] if wide else []), "engines ($/s at 720p)", "preset", "why")
    table.padding = (0, 1, 0, 0)
    for row in rows:
        engines = ", ".join(f"{name} ({_rate(row['price_720p'].get(name))})" for name in row["engines"])
        table.add_row(row["name"], *([row["ja"]] if wide else []), engines, row["preset"], row["why"])
    out.print(table)


def _rate(value: float | None) -> str:
    return "?" if value is None else f"{value:g}" if value else "free"


def model_table(rows: Iterable[Mapping[str, Any]], home: Path) -> None:
    """Weights and fonts: what they are, what reads them, and where below ``home``."""
    table = _table(
        ("name", FIXED), ("task", FIXED), ("licence", FIXED), ("size", RIGHT), ("state", FIXED),
        ("for", {"overflow": "fold"}), ("where", FIXED),
    )  # fmt: skip
    for row in rows:
        style = {"here": "green", "damaged": "red"}.get(row["state"], "dim")
        table.add_row(
            row["name"], row["task"], row["licence"], f"{row['bytes'] / 1e6:.1f} MB", text(row["state"], style=style),
            row["used_by"] or "", str(Path(row["where"]).relative_to(home)) if row["state"] != "absent" else "",
        )  # fmt: skip
    out = console()
    out.print(table)
    out.print(text(f"kept in {home}", style="dim"), soft_wrap=True)


def diffusion_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Video diffusion models: whether each fits this machine (memory that is not "about" so much was published), licence."""
    if not rows:
        return
    table = _table(("video model", FIXED), ("size", FIXED), ("state", FIXED), "on this machine", "licence")
    for row in rows:
        style = {"here": "green", "damaged": "red"}.get(row["state"], "dim")
        licence = row["licence"] + (f"; {row['limits']}" if row["limits"] else "")
        table.add_row(row["name"], row["parameters"], text(row["state"], style=style), row["fits"], licence)
    console().print(table)


def trace_table(stages: Iterable[Mapping[str, Any]]) -> None:
    """The stages of a model: what each does, and the shapes that go in and come out."""
    table = _table(("stage", FIXED), "what happens", ("in", FIXED), ("out", FIXED))
    for stage in stages:
        shown = ["\n".join(" x ".join(map(str, shape)) for shape in stage[side]) for side in ("in", "out")]
        table.add_row(stage["stage"], stage["does"], *shown)
    console().print(table)


def doctor_table(checks: Iterable[Mapping[str, Any]]) -> None:
    """One line a check: state, what, and what to do about it."""
    table = _table(("", FIXED), ("check", FIXED), "found", "what to do")
    for check in checks:
        table.add_row(text(check["state"], style=_STATES[check["state"]]), check["name"], check["found"], check["remedy"] or "")
    console().print(table)


def score_table(report: Mapping[str, Any]) -> None:
    """Ranked clips with the families that were measured and the vetoes."""
    families = list(report["candidates"][0]["families"]) if report["candidates"] else []
    table = _table(("rank", RIGHT), "clip", ("total", RIGHT), *((name, RIGHT) for name in families), "vetoes")
    for card in sorted(report["candidates"], key=lambda entry: entry["rank"]):
        values = [card["families"][name] for name in families]
        table.add_row(
            str(card["rank"]), card["file"], "-" if card["total"] is None else f"{card['total']:.3f}",
            *("-" if value is None else f"{value:+.2f}" for value in values),
            "; ".join(f"{veto['code']} at {veto['at_s']} s" for veto in card["vetoes"]),
        )  # fmt: skip
    console().print(table)


def ledger_table(found: Mapping[str, Any], commands: Commands) -> None:
    """What was bought, what it cost together, and what a person may type to settle what is open."""
    table = _table(("no.", RIGHT), "shot", ("take", RIGHT), "engine", "state", "job or reference", ("cost", RIGHT), "when")
    for row in found["takes"]:
        cost = row["actual_usd"] if row["actual_usd"] is not None else row["estimated_usd"]
        model = f"{row['engine']} {row['model'] or ''}".strip()
        place = row["job"] or row["reference"]
        when = str(row["created"])[:16].replace("T", " ")
        table.add_row(str(row["number"]), row["shot"], str(row["take"]), model, row["state"], place, dollars(cost), when)
    screen = console()
    if found["takes"]:
        screen.print(table)
    for row in found["takes"]:
        if row["words"]:
            screen.print(text(f"{row['number']}: {row['state']}: {row['words']}"), soft_wrap=True)
    screen.print(f"spent and set aside: {found['spent_usd']:.2f} USD")
    if found["unpriced"]:
        screen.print(f"and {found['unpriced']} whose price is not known")
    if found["unsettled"]:
        _settle(found, ("unknown", "submitting"), "of unknown fate: look for the reference at the provider, then", commands)
    if found["undelivered"]:
        _settle(
            found, ("undelivered",), "paid for and without a usable result: look at the job at the provider, then", commands
        )


def _settle(found: Mapping[str, Any], states: Sequence[str], words: str, commands: Commands) -> None:
    """How to settle the attempts in these states, with command lines for the first."""
    numbers = [row["number"] for row in found["takes"] if row["state"] in states]
    lines = f"no. {listed(numbers)}: {words} {commands.found(numbers[0])} or {commands.lost(numbers[0])}"
    console().print(text(lines), soft_wrap=True)
