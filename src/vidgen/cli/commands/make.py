"""Commands that make pictures: render a storyboard, or one shot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidgen.cli.options import (
    BoardArg,
    Candidates,
    Engine,
    Json,
    MaxCost,
    Model,
    PresetName,
    RayAddress,
    Seed,
    TakesFrom,
    TrustModel,
    UnknownModel,
    Work,
    options_of,
)
from vidgen.cli.output import Output


def render(
    board: BoardArg,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The film.  [default: <stem>.mp4]", show_default=False)
    ] = None,
    engine: Engine = None,
    model: Model = None,
    allow_unknown_model: UnknownModel = False,
    trust_model: TrustModel = False,
    candidates: Candidates = None,
    preset: PresetName = None,
    shot: Annotated[list[str] | None, typer.Option(help="Only this shot; repeatable.", show_default=False)] = None,
    seed: Seed = None,
    max_cost: MaxCost = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 6 where a shot needs review.")] = False,
    require_diffusion: Annotated[
        bool, typer.Option("--require-diffusion", help="Exit 3 where previz would make any shot.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Spend the estimate without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made and what it costs; make nothing.")] = False,
    regenerate: Annotated[
        list[str] | None, typer.Option(help="Make this shot's takes anew; repeatable.", show_default=False)
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=64, help="Takes made at once here.", show_default=False)] = None,
    contact_sheet: Annotated[
        bool, typer.Option("--contact-sheet", help="Write a picture of every shot beside the film.")
    ] = False,
    executor: Annotated[str, typer.Option(help="local, or ray: the nodes of a Ray cluster do the work.")] = "local",
    ray_address: RayAddress = None,
    takes_from: TakesFrom = None,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Storyboard to final cut."""
    given = locals()
    with Output("render", as_json) as out:
        from vidgen.app.render import RenderOptions, render_film
        from vidgen.cli.progress import watching
        from vidgen.cli.questions import confirm_spending
        from vidgen.planning.compile import Overrides
        from vidgen.planning.presets import preset as preset_named

        overrides = options_of(Overrides, given, preset=preset_named(preset) if preset else None)
        more = {"overrides": overrides, "shots": tuple(shot or ()), "regenerate": tuple(regenerate or ())}
        more["takes_from"] = tuple(takes_from or ())
        options = options_of(RenderOptions, given, **more)
        with watching(out) as listener:
            result = render_film(board, options, listener=listener, confirm=confirm_spending(out), warn=out.warn)
        for line in result.summary():
            out.say(line)
        out.result(result.as_dict(), result.review_error() if strict else None)


def shot(
    prompt: Annotated[str, typer.Argument(help="What is in the picture and what happens.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="The clip.")] = Path("shot.mp4"),
    engine: Engine = None,
    model: Model = None,
    allow_unknown_model: UnknownModel = False,
    trust_model: TrustModel = False,
    duration: Annotated[str, typer.Option(help="4, 4s or 96f.")] = "4",
    aspect: Annotated[str, typer.Option(help="16:9, 9:16, 1:1, ...")] = "16:9",
    resolution: Annotated[str, typer.Option(help="360p to 2160p, 4k, or WxH.")] = "720p",
    fps: Annotated[str, typer.Option(help="Frames per second.")] = "24",
    camera: Annotated[str | None, typer.Option(help="Camera move, English or Japanese.", show_default=False)] = None,
    motion: Annotated[str | None, typer.Option(help="Motion type, TYPE[:DETAIL].", show_default=False)] = None,
    motion_amount: Annotated[
        float | None, typer.Option(min=1, max=10, help="1 still to 10 violent.", show_default=False)
    ] = None,
    style: Annotated[str | None, typer.Option(help="Style words.", show_default=False)] = None,
    negative: Annotated[str | None, typer.Option(help="What must not appear.", show_default=False)] = None,
    image: Annotated[Path | None, typer.Option(help="Opening picture.", show_default=False)] = None,
    end_image: Annotated[Path | None, typer.Option(help="Closing picture.", show_default=False)] = None,
    video: Annotated[Path | None, typer.Option(help="Video to restyle.", show_default=False)] = None,
    reference: Annotated[list[Path] | None, typer.Option(help="Reference picture; repeatable.", show_default=False)] = None,
    sound: Annotated[bool, typer.Option("--sound", help="Ask an engine that can for sound.")] = False,
    seed: Seed = None,
    candidates: Candidates = None,
    max_cost: MaxCost = None,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Make one clip, no storyboard."""
    given = locals()
    with Output("shot", as_json) as out:
        from vidgen.app.shot import ShotOptions, render_shot
        from vidgen.cli.progress import watching

        options = options_of(ShotOptions, given, references=tuple(reference or ()))
        with watching(out) as listener:
            result = render_shot(options, listener=listener, warn=out.warn)
        for line in result.summary():
            out.say(line)
        out.result(result.as_dict())
