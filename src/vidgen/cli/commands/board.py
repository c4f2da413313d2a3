"""Commands about a storyboard: plan, lint, pick, schema, new, presets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidgen.cli.options import BoardArg, Candidates, Engine, Json, Model, PresetName, Seed, UnknownModel, Work
from vidgen.cli.output import Output

if TYPE_CHECKING:
    pass


def plan(
    board: BoardArg,
    engine: Engine = None,
    model: Model = None,
    allow_unknown_model: UnknownModel = False,
    candidates: Candidates = None,
    preset: PresetName = None,
    seed: Seed = None,
    nodes: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help="Estimate wall time on so many nodes of a cluster.", show_default=False),
    ] = None,
    gpu: Annotated[str | None, typer.Option(help="The GPU of each node, such as H200.", show_default=False)] = None,
    usd_per_hour: Annotated[float | None, typer.Option(min=0, help="What one node costs.", show_default=False)] = None,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Show shots, frames, prompts, engines, cost and lint. No network, writes nothing."""
    with Output("plan", as_json) as out:
        from vidgen.app.plan import cluster_of, plan_board
        from vidgen.cli.tables import plan_table
        from vidgen.planning.compile import Overrides
        from vidgen.planning.presets import preset as preset_named

        chosen = preset_named(preset) if preset else None
        cluster = cluster_of(nodes, gpu, usd_per_hour)
        report = plan_board(board, Overrides(engine, model, candidates, seed, chosen, allow_unknown_model), work, cluster)
        if as_json:
            out.warn(report.notices)
        else:
            plan_table(report.plan, report.posts, report.notices, report.findings, board, report.speech_lines())
            if report.cluster:
                out.say(report.cluster.line())
        out.result(report.as_dict())


def lint(
    boards: Annotated[list[Path], typer.Argument(metavar="BOARD.yaml...", help="Storyboards.", show_default=False)],
    format_: Annotated[str, typer.Option("--format", help="text, json, github or sarif.")] = "text",
    fix: Annotated[bool, typer.Option("--fix", help="Apply safe fixes in place.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too (exit 2).")] = False,
    as_json: Json = False,
) -> None:
    """Check storyboards for what video models do badly. Each finding has its line and a remedy."""
    with Output("lint", as_json) as out:
        from vidgen.app.lint import lint_boards
        from vidgen.errors import InputError

        if format_ not in ("text", "json", "github", "sarif"):
            raise InputError("usage.invalid", f"unknown --format {format_}", hint="text, json, github or sarif")
        report = lint_boards(boards, fix=fix)
        if not as_json and (text := report.formatted(format_)):
            say = out.say_json if format_ in ("json", "sarif") else out.say
            say(text)
        if fix and not as_json:
            out.note(f"{report.fixed} fixed")
        out.data = report.as_dict()
        if error := report.error(strict):
            raise error


def pick(
    board: BoardArg,
    shot: Annotated[str, typer.Argument(help="Shot id.", show_default=False)],
    take: Annotated[int, typer.Argument(min=1, help="Take number.", show_default=False)],
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Pin a take: it wins until the shot's request changes."""
    with Output("pick", as_json) as out:
        from vidgen.app.pick import pin

        pinned = pin(board, shot, take, work=work)
        out.say(f"{shot}: take {take} is pinned; render again to cut it in")
        out.result(pinned)


def schema(as_json: Json = False) -> None:
    """Print the JSON Schema of the storyboard."""
    with Output("schema", as_json) as out:
        import json

        from vidgen.storyboard.schema import storyboard_schema

        value = storyboard_schema()
        out.say_json(json.dumps(value, ensure_ascii=False, indent=2))
        out.result({"schema": value})


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The storyboard to write.", show_default=False)],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A script (.fountain, .txt) or shot list (.csv, .tsv) to make it of.", show_default=False),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the film.", show_default=False)] = None,
    language: Annotated[
        str | None, typer.Option(help="en or ja; with --from that of the text if left out, else en.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a starter storyboard, or one made of a script or shot list. Never overwrites."""
    with Output("new", as_json) as out:
        from vidgen.app.new import write_from, write_starter

        if source is None:
            write_starter(file, title, language)
            out.say(f"{file} written; next: vidgen plan {file}")
            out.result({"file": str(file)})
            return
        made = write_from(file, source, title, language)
        out.warn(made.notices())
        out.say(made.summary())
        out.result(made.as_dict())


def presets(as_json: Json = False) -> None:
    """List the delivery presets."""
    with Output("presets", as_json) as out:
        from vidgen.cli.tables import preset_table
        from vidgen.planning.presets import presets as all_presets

        found = all_presets()
        if not as_json:
            preset_table(found)
        out.result(
            {
                "presets": [
                    {"name": name, **entry.file.model_dump(mode="json", exclude_none=True)} for name, entry in found.items()
                ]
            }
        )
