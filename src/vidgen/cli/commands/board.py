"""Commands about a storyboard: plan, lint, pick, schema, new, presets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidgen.cli.options import BoardArg, Candidates, Engine, Json, Model, PresetName, Seed, UnknownModel, Work
from vidgen.cli.output import Output

if TYPE_CHECKING:
    from vidgen.planning.plan import Plan
    from vidgen.render.post_plan import ShotPost


def plan(
    board: BoardArg,
    engine: Engine = None,
    model: Model = None,
    allow_unknown_model: UnknownModel = False,
    candidates: Candidates = None,
    preset: PresetName = None,
    seed: Seed = None,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Show shots, frames, prompts, engines, cost and lint. No network, writes nothing."""
    with Output("plan", as_json) as out:
        from vidgen.cli.tables import plan_table
        from vidgen.engines.registry import Engines
        from vidgen.render.clip_checks import check_clips
        from vidgen.render.load_plan import lint_of, plan_of
        from vidgen.render.post_plan import plan_posts, post_notices
        from vidgen.render.preflight import check_shots
        from vidgen.render.recovery import stored_troubles

        engines = Engines()
        loaded, planned = plan_of(
            board,
            engine=engine,
            model=model,
            candidates=candidates,
            preset=preset,
            seed=seed,
            allow_unknown_model=allow_unknown_model,
            engines=engines,
        )
        check_shots(planned.shots, engines)
        of_clips = check_clips(loaded, planned)
        findings = lint_of(loaded, engines)
        posts = plan_posts(planned)
        stored = stored_troubles(planned, board, work, engines)
        notices = [*planned.notices, *of_clips, *post_notices(posts), *stored]
        if as_json:
            out.warn(notices)
        else:
            plan_table(planned, posts, notices, findings, board)
        out.result(plan_data(planned, posts) | {"lint": [finding.as_dict() for finding in findings]})


def plan_data(planned: Plan, posts: Mapping[str, ShotPost]) -> dict[str, Any]:
    """``data`` of ``plan --json``."""
    from vidgen.render.post_plan import downloads, post_seconds

    return {
        "title": planned.board.title,
        "shots": [
            {
                "id": shot.id,
                "scene": shot.scene,
                "start_frame": shot.start_frame,
                "frames": shot.frames,
                "duration_s": round(float(shot.frames / planned.fps), 6),
                "transition_frames": shot.transition_frames,
                "engine": shot.engine,
                "model": shot.model,
                "why_engine": shot.why_engine,
                "prompt": shot.request.prompt if shot.request else None,
                "negative": shot.request.negative if shot.request else None,
                "camera": shot.request.camera.move if shot.request else None,
                "continues": shot.continues,
                "candidates": shot.candidates,
                "seconds_each": round(shot.seconds_each, 6),
                "make_seconds": shot.make_seconds,
                "estimated_usd": shot.estimated_usd,
                "post": posts[shot.id].as_dict() if shot.id in posts else None,
            }
            for shot in planned.shots
        ],
        "total_frames": planned.total_frames,
        "duration_s": round(planned.duration_s, 6),
        "fps": number(planned.fps),
        "width": planned.width,
        "height": planned.height,
        "preset": planned.preset,
        "estimated_usd": planned.estimated_usd,
        "make_seconds": planned.make_seconds,
        "post_seconds": post_seconds(posts),
        "downloads": [{"model": load.name, "bytes": load.bytes} for load in downloads(posts.values())],
    }


def number(rate: Any) -> int | float:
    """A rate as a JSON number."""
    return int(rate) if rate == int(rate) else round(float(rate), 6)


def lint(
    boards: Annotated[list[Path], typer.Argument(metavar="BOARD.yaml...", help="Storyboards.", show_default=False)],
    format_: Annotated[str, typer.Option("--format", help="text, json, github or sarif.")] = "text",
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely, in place.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too (exit 2).")] = False,
    as_json: Json = False,
) -> None:
    """Check storyboards for what video models do badly, with place and remedy."""
    with Output("lint", as_json) as out:
        from vidgen.errors import InputError
        from vidgen.render.load_plan import lint_boards

        if format_ not in ("text", "json", "github", "sarif"):
            raise InputError("usage.invalid", f"--format {format_} is not known", hint="text, json, github or sarif")
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
        from vidgen.render.picks import pin

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
    title: Annotated[str | None, typer.Option(help="Title of the film.", show_default=False)] = None,
    language: Annotated[str, typer.Option(help="en or ja.")] = "en",
    as_json: Json = False,
) -> None:
    """Write a starter storyboard. Never overwrites."""
    with Output("new", as_json) as out:
        from vidgen.render.load_plan import write_starter

        write_starter(file, title or file.stem, language)
        out.say(f"{file} written; next: vidgen plan {file}")
        out.result({"file": str(file)})


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
