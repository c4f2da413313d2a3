"""Commands on paid takes."""

from __future__ import annotations

from typing import Annotated

import typer

from vidgen.cli.options import BoardArg, Json, Work
from vidgen.cli.output import Output

takes_app = typer.Typer(help="Paid takes: what was bought from providers, and its state.", no_args_is_help=True)


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
