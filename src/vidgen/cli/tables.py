"""Tables on the terminal, from finished rows.

In a pipe each row is one line. A narrow terminal gets fewer columns, or a paragraph for each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from vidgen.cli.columns import Column, column_lines, folds
from vidgen.cli.escaping import shown
from vidgen.cli.screen import console, text
from vidgen.media.wording import counted, listed

if TYPE_CHECKING:
    from vidgen.errors import Notice
    from vidgen.planning.plan import FilmShot, Plan
    from vidgen.planning.presets import Preset
    from vidgen.qc import Check
    from vidgen.render.commands import Commands
    from vidgen.render.post_plan import ShotPost
    from vidgen.storyboard.lint import Finding

_CHECKS = {"ok": "green", "warn": "yellow", "bad": "red", "info": "cyan"}
_WEIGHTS = {"here": "green", "damaged": "red", "absent": "dim", "gone": "dim"}


def _print(columns: Sequence[Column], rows: Iterable[Sequence[object] | str], heads: int = 1) -> None:
    """Print a table on stdout. ``heads``: number of first columns that identify a row."""
    out = console()
    texts = [shown(row) if isinstance(row, str) else [shown(str(cell)) for cell in row] for row in rows]
    rule = "-" if out.options.ascii_only else "─"

    def paint(line: str, style: str) -> str:
        with out.capture() as held:
            out.print(text(line, style=style), end="", soft_wrap=True)
        return held.get()

    coloured = {"paint": paint} if out.is_terminal and not out.legacy_windows else {}
    lines = "\n".join(column_lines(columns, texts, out.width, rule, heads=heads, **coloured))
    out.file.write(f"{lines}\n")


def _write(lines: Sequence[str], style: str = "", out: Console | None = None) -> None:
    """Print lines below a table, wrapped on a terminal. Without colour they bypass Rich, which is slow."""
    out = out or console()
    wrapped = "\n".join(row for line in lines for row in _folded(shown(line), out.width))
    if wrapped and style and out.is_terminal:
        out.print(text(wrapped, style=style), soft_wrap=True)
    elif wrapped:
        out.file.write(f"{wrapped}\n")


def _folded(line: str, width: int) -> Iterable[str]:
    """A line wrapped to the terminal's width, with continuation lines indented."""
    for part in line.split("\n"):
        if len(part) <= width and part.isascii():
            yield part
            continue
        before = part[: len(part) - len(part.lstrip())]
        first, *more = folds(part.lstrip(), max(1, width - len(before) - 2))
        yield before + first
        yield from (f"{before}  {row}" for row in more)


def dollars(value: float | None) -> str:
    """A price as text: ``$0.48``, ``free``, or ``?`` if unknown."""
    return "?" if value is None else "free" if value == 0 else f"${value:,.2f}"


def clock(seconds: float) -> str:
    """A time as text: ``1:04.50``."""
    minutes, rest = divmod(round(seconds, 2), 60)
    return f"{int(minutes)}:{rest:05.2f}"


def about(seconds: float | None) -> str:
    """A duration as text: ``about 40 s``, ``about 12 min``, or ``unknown time``."""
    if seconds is None:
        return "unknown time"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


PLAN = (
    Column("shot"), Column("at", right=True, spare=True), Column("length", right=True),
    Column("frames", right=True, spare=True), Column("camera"), Column("prompt", folds=20), Column("engine"),
    Column("takes", right=True, spare=True),
    Column("cost", right=True),
)  # fmt: skip


def _camera_and_prompt(shot: FilmShot) -> tuple[str, str]:
    from vidgen.planning.plan import UserClip

    if isinstance(shot, UserClip):
        return "-", f"your clip {shot.clip.name}"
    return shot.request.camera.move, shot.request.prompt


def _takes(plan: Plan, shot: FilmShot) -> str:
    """``5``; ``up to 5`` where it ends with the first good one; ``5 to 10`` where more may follow."""
    least, most = shot.candidates, shot.candidates
    if plan.adds_takes and shot.engine != "clip":
        most = 2 * least
    if plan.stops_when_good and least > 1:
        return f"up to {most}"
    return str(least) if least == most else f"{least} to {most}"


def _handles(plan: Plan) -> Iterator[str]:
    """How much longer takes are than their shots: what trims, sound cuts and an editor can use at no cost."""
    spare: dict[str, list[str]] = {}
    for shot in plan.generated:
        if shot.handles_s >= 0.05:
            spare.setdefault(f"{shot.handles_s:.1f}", []).append(shot.id)
    for seconds, shots in spare.items():
        yield f"{seconds} s in {'each take' if len(shots) == len(plan.shots) else 'takes of ' + listed(shots)}"


def plan_table(
    plan: Plan,
    posts: Mapping[str, ShotPost],
    notices: Sequence[Notice],
    findings: Sequence[Finding],
    file: Path,
    speech: Sequence[str] = (),
) -> None:
    """Print the plan: times, lengths, prompts, engines and costs of the shots, post-processing, warnings and lint findings."""
    from vidgen.render.post_plan import post_lines

    _write([plan.board.title or file.stem], "bold")
    _print(PLAN, [
        (
            shot.id,
            clock(float(shot.start_frame / plan.fps)),
            f"{float(shot.frames / plan.fps):.2f} s",
            shot.frames,
            *_camera_and_prompt(shot),
            f"{shot.engine}{' ' + shot.model if shot.model else ''}",
            _takes(plan, shot),
            dollars(shot.estimated_usd),
        )
        for shot in plan.shots
    ])  # fmt: skip
    shots, frames = counted(len(plan.shots), "shot"), counted(plan.total_frames, "frame")
    _write([
        f"{shots}, {clock(plan.duration_s)}, {frames} at {float(plan.fps):g} frames/s, "
        f"{plan.width}x{plan.height}; takes: {dollars(plan.estimated_usd)}, {about(plan.make_seconds)} to make"
    ])  # fmt: skip
    _write(["; ".join(sorted({f"{shot.engine}: {shot.why_engine}" for shot in plan.shots}))], "dim")
    if handles := list(_handles(plan)):
        _write([f"handles: {'; '.join(handles)}"], "dim")
    for line in post_lines(posts, [shot.id for shot in plan.shots]):
        _write([line], "dim" if line.startswith(" ") else "")
    _write(speech)
    _write([f"warning: {notice.shot + ': ' if notice.shot else ''}{notice.message}" for notice in notices], "yellow")
    for severe, colour in ((False, "yellow"), (True, "red")):
        _write([one.text(str(file)) for one in findings if (one.severity == "error") == severe], colour)


def preset_table(found: Mapping[str, Preset]) -> None:
    """Print the presets with size, rate and use."""
    columns = (Column("preset"), Column("日本語"), Column("size"), Column("fps", right=True), Column("for", folds=24))
    _print(columns, [
        (name, file.ja, " ".join(filter(None, (file.resolution, file.aspect))), file.fps or "", file.use)
        for name, file in ((name, preset.file) for name, preset in found.items())
    ])  # fmt: skip


ENGINES = (
    Column("model"), Column("long", right=True), Column("size", right=True), Column("makes", folds=11),
    Column("$/s", right=True), Column("seed", spare=True), Column("sound", spare=True), Column("pictures", spare=True),
    Column("refs", right=True, spare=True), Column("negative", spare=True),
    Column("here", spare=True, styles={"ready": "green", "no": "dim", "retired": "dim"}),
)  # fmt: skip


def engine_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the comparison of engines, and below it why engines are not ready."""
    lines: list[Sequence[object] | str] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or before["engine"] != row["engine"]:
            lines.append(row["engine"])
        lines.append((
            f" {row['model']}",
            f"{row['max_s']:g} s" if row["max_s"] else "any",
            f"{row['max_short_side']}p" if row["max_short_side"] else "any",
            ", ".join(row["tasks_short"]),
            row["price"],
            _yes(row["seed"]), _yes(row["audio"]), row["pictures"], row["references"] or "-", _yes(row["negative"]),
            "ready" if row["ready"] else "retired" if row["retired_on"] else "no",
        ))  # fmt: skip
    _print(ENGINES, lines)
    dates = sorted({row["as_of"] for row in rows if row["as_of"]})
    read = f", as read {' to '.join(dict.fromkeys((dates[0], dates[-1])))}" if dates else ""
    _write([f"$/s: US dollars a second, from the smallest size to the largest{read}; ? is not known"])
    for engine in dict.fromkeys(row["engine"] for row in rows):
        models = [row for row in rows if row["engine"] == engine]
        if not any(row["ready"] for row in models):
            _write([f"{engine}: {models[0]['state']}"], "dim")


def _yes(value: object) -> str:
    return "in prompt" if value == "words" else "yes" if value else "no"


def use_case_table(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print the recommended engines by use case, with the price per second at 720p."""
    columns = (
        Column("use case"), Column("日本語", spare=True), Column("engines ($/s at 720p)", folds=20), Column("preset"),
        Column("why", folds=20),
    )  # fmt: skip
    _print(columns, [
        (
            row["name"], row["ja"], ", ".join(f"{name} ({_rate(row['price_720p'].get(name))})" for name in row["engines"]),
            row["preset"], row["why"],
        )
        for row in rows
    ])  # fmt: skip


def _rate(value: float | None) -> str:
    return "?" if value is None else f"{value:g}" if value else "free"


def model_table(rows: Iterable[Mapping[str, Any]], home: Path) -> None:
    """Print weights and fonts: licence, size, state, user, and path below ``home``."""
    columns = (
        Column("name"), Column("task"), Column("licence", folds=12), Column("size", right=True),
        Column("state", styles=_WEIGHTS), Column("for", folds=12, spare=True), Column("where", folds=12, spare=True),
    )  # fmt: skip
    _print(columns, [
        (
            row["name"], row["task"], row["licence"], f"{row['bytes'] / 1e6:.1f} MB", row["state"], row["used_by"] or "",
            Path(row["where"]).relative_to(home) if row["state"] != "absent" else "",
        )
        for row in rows
    ])  # fmt: skip
    _write([f"kept in {home}"], "dim")


def diffusion_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print video diffusion models: state, fit on this machine ("about" marks an estimated memory), licence."""
    columns = (
        Column("video model"), Column("size"), Column("state", styles=_WEIGHTS), Column("on this machine", folds=12),
        Column("licence", folds=12),
    )  # fmt: skip
    if rows:
        _print(columns, [
            (
                row["name"], row["parameters"], row["state"], row["fits"],
                row["licence"] + (f"; {row['limits']}" if row["limits"] else ""),
            )
            for row in rows
        ])  # fmt: skip


def trace_table(stages: Iterable[Mapping[str, Any]]) -> None:
    """Print the stages of a model with the shapes of their inputs and outputs."""
    columns = (Column("stage"), Column("what happens", folds=16), Column("in", folds=12), Column("out", folds=12))
    _print(columns, [(stage["stage"], stage["does"], _shapes(stage["in"]), _shapes(stage["out"])) for stage in stages])


def _shapes(shapes: Iterable[Sequence[int]]) -> str:
    return ", ".join("x".join(map(str, shape)) for shape in shapes)


def doctor_table(checks: Iterable[Mapping[str, Any]]) -> None:
    """Print the checks of ``doctor``: state, check, result and remedy."""
    columns = (Column("", styles=_CHECKS), Column("check"), Column("found", folds=16), Column("what to do", folds=16))
    _print(columns, [(check["state"], check["name"], check["found"], check["remedy"] or "") for check in checks], heads=2)


def score_table(report: Mapping[str, Any]) -> None:
    """Print ranked clips with the scores of the families and the vetoes."""
    families = list(report["candidates"][0]["families"]) if report["candidates"] else []
    columns = (
        Column("rank", right=True), Column("clip", folds=12), Column("total", right=True),
        *(Column(name, right=True) for name in families), Column("vetoes", folds=12),
    )  # fmt: skip
    _print(columns, [
        (
            card["rank"], card["file"], "-" if card["total"] is None else f"{card['total']:.3f}",
            *("-" if card["families"][name] is None else f"{card['families'][name]:+.2f}" for name in families),
            "; ".join(f"{veto['code']} at {veto['at_s']} s" for veto in card["vetoes"]),
        )
        for card in sorted(report["candidates"], key=lambda entry: entry["rank"])
    ], heads=2)  # fmt: skip


def check_table(checks: Iterable[Check]) -> None:
    """Print the checks of a file: result, check, value, what is asked, where, and what the check means."""
    from vidgen.qc.presets import check_rows

    columns = (
        Column("", styles={"ok": "green", "FAIL": "red", "-": "dim"}), Column("check"), Column("found", folds=12),
        Column("asked", folds=12), Column("at", right=True), Column("which is", folds=20, spare=True),
    )  # fmt: skip
    rows = []
    for check in checks:
        row = check_rows()[check.id]
        value = f"{check.value:.5g}" if isinstance(check.value, float) else str(check.value)
        unit = f" {row.unit}" if row.unit and row.unit != "pixels" else ""
        asked = check.limit.text() if check.limit else ""
        place = "" if check.at_s is None else clock(check.at_s)
        result = "-" if check.limit is None else "ok" if check.ok else "FAIL"
        rows.append((result, check.id, f"{value}{unit}", asked, place, row.says))
    _print(columns, rows, heads=2)


def ledger_table(found: Mapping[str, Any], commands: Commands) -> None:
    """Print the paid takes, their total cost, and the commands to settle open ones."""
    columns = (
        Column("no.", right=True), Column("shot"), Column("take", right=True), Column("engine"), Column("state"),
        Column("job or reference", folds=12), Column("cost", right=True), Column("when", folds=10),
    )  # fmt: skip
    if found["takes"]:
        _print(columns, [
            (
                row["number"], row["shot"], row["take"], f"{row['engine']} {row['model'] or ''}".strip(), row["state"],
                row["job"] or row["reference"],
                dollars(row["estimated_usd"] if row["actual_usd"] is None else row["actual_usd"]),
                str(row["created"])[:16].replace("T", " "),
            )
            for row in found["takes"]
        ], heads=2)  # fmt: skip
    _write([f"{row['number']}: {row['state']}: {row['words']}" for row in found["takes"] if row["words"]])
    _write([f"spent and reserved: {found['spent_usd']:.2f} USD"])
    if found["unpriced"]:
        _write([f"and {found['unpriced']} whose price is not known"])
    for states, advice in _OPEN.items():
        _settle(found, states, advice, commands)


def changes_table(found: Mapping[str, Any], board: Path, *, dry_run: bool) -> None:
    """Print what an import changes in a storyboard, and what it leaves out."""
    from vidgen.storyboard.editing import written

    def cell(key: str, value: object) -> str:
        missing = "not in the film" if key == "order" else "-"
        return missing if value is None else written(value, quoted=False)

    columns = (Column("shot"), Column("key"), Column("before", folds=16), Column("after", folds=16))
    rows = [
        (one["shot"], one["key"], *(cell(one["key"], one[when]) for when in ("before", "after"))) for one in found["changes"]
    ]
    if rows:
        _print(columns, rows, heads=2)
    if found["not_taken"]:
        _write(["not taken over:", *(f"  {words}" for words in found["not_taken"])])
    done = "nothing to change" if not rows else "nothing is written" if dry_run else f"{counted(len(rows), 'change')} written"
    _write([f"{board}: {done}"])


_OPEN: Mapping[tuple[str, ...], str] = {
    ("unknown", "submitting"): "of unknown outcome: look for the reference at the provider, then one of",
    ("undelivered",): "paid for and without a usable result: look at the job at the provider, then one of",
}
"""Advice on attempts that a run cannot settle, by their states."""


def _settle(found: Mapping[str, Any], states: Sequence[str], advice: str, commands: Commands) -> None:
    """Print how to settle the attempts in these states, with command lines for the first."""
    numbers = [row["number"] for row in found["takes"] if row["state"] in states]
    if not numbers:
        return
    _write([f"no. {listed(numbers)}: {advice}"])
    for line in (commands.found(numbers[0]), commands.lost(numbers[0])):  # not wrapped, to be copied
        console().print(text(f"  {line}"), soft_wrap=True)
