"""Commands on takes."""

from __future__ import annotations

from typing import Annotated

import typer

from vidgen.cli.options import (
    BoardArg,
    Candidates,
    Engine,
    Json,
    Model,
    PresetName,
    Seed,
    TakesFrom,
    TrustModel,
    Work,
    options_of,
)
from vidgen.cli.output import Output

takes_app = typer.Typer(help="Takes: what was bought from providers, and takes without a film.", no_args_is_help=True)


@takes_app.command("list")
def takes_list(board: BoardArg, work: Work = None, as_json: Json = False) -> None:
    """List paid takes: engine, time, cost and state."""
    with Output("takes list", as_json) as out:
        from vidgen.app.takes import ledger
        from vidgen.cli.tables import ledger_table
        from vidgen.render.commands import Commands

        found = ledger(board, work)
        if not as_json:
            ledger_table(found, Commands(board, work))
        out.result(found)


@takes_app.command("resolve")
def takes_resolve(
    board: BoardArg,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As in takes list.", show_default=False)],
    job: Annotated[str | None, typer.Option(help="The job's id at the provider.", show_default=False)] = None,
    lost: Annotated[bool, typer.Option("--lost", help="The provider has no such job: it may be sent again.")] = False,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Settle a request whose response was lost, after checking the provider's dashboard."""
    with Output("takes resolve", as_json) as out:
        from vidgen.app.takes import resolve

        row = resolve(board, number, job=job, lost=lost, work=work)
        out.say(f"{row['number']}: take {row['take']} of {row['shot']} is now {row['state']}")
        out.result(row)


@takes_app.command("make")
def takes_make(
    board: BoardArg,
    shot: Annotated[str, typer.Argument(metavar="SHOT", help="The shot's id.", show_default=False)],
    take: Annotated[int | None, typer.Option(min=1, help="Only this one.  [default: all]", show_default=False)] = None,
    engine: Engine = None,
    model: Model = None,
    trust_model: TrustModel = False,
    candidates: Candidates = None,
    preset: PresetName = None,
    seed: Seed = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=64, help="Takes made at once here.", show_default=False)] = None,
    takes_from: TakesFrom = None,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Make takes of one shot and no film; never with an engine that is paid for."""
    given = locals()
    with Output("takes make", as_json) as out:
        from vidgen.app.make_takes import MakeOptions, make_takes
        from vidgen.cli.progress import watching
        from vidgen.planning.compile import Overrides
        from vidgen.planning.presets import preset as preset_named

        overrides = options_of(Overrides, given, preset=preset_named(preset) if preset else None)
        options = options_of(MakeOptions, given, overrides=overrides, takes_from=tuple(takes_from or ()))
        with watching(out) as listener:
            made = make_takes(board, options, listener=listener, warn=out.warn)
        for line in made.summary():
            out.say(line)
        out.result(made.as_dict())
