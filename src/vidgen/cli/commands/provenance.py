"""Commands on where a film comes from: show, verify, init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidgen.cli.options import Json, Work
from vidgen.cli.output import Output

provenance_app = typer.Typer(
    help="Show and verify where a film comes from; make a key to sign films with.", no_args_is_help=True
)

Film = Annotated[Path, typer.Argument(metavar="FILE", help="A film.", show_default=False)]
Sidecar = Annotated[
    Path | None,
    typer.Option("--sidecar", metavar="FILE.json", help="Its record.  [default: beside the film]", show_default=False),
]


@provenance_app.command("show")
def show(film: Film, sidecar: Sidecar = None, as_json: Json = False) -> None:
    """Say who or what made each part of a film. Its signature is checked, its frames are not."""
    with Output("provenance show", as_json) as out:
        from vidgen.app.provenance import lines, show_film

        found = show_film(film, sidecar, out.warn)
        for line in lines(found, checked=False):
            out.say(line)
        out.result(found.as_dict())


@provenance_app.command("verify")
def verify(
    film: Film,
    sidecar: Sidecar = None,
    board: Annotated[
        Path | None,
        typer.Option(
            "--board", metavar="BOARD.yaml", help="The storyboard, to prove the film against its takes.", show_default=False
        ),
    ] = None,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Check that a film is the one that was made, shot by shot. Exit 4 names the first shot that differs; a film that is not
    signed is no error."""
    with Output("provenance verify", as_json) as out:
        from vidgen.app.provenance import lines, verify_film

        found = verify_film(film, sidecar, board, work, out.warn)
        for line in lines(found, checked=True):
            out.say(line)
        out.result(found.as_dict(), found.error())


@provenance_app.command("init")
def init(
    name: Annotated[
        str | None, typer.Option("--name", help="Who signs.  [default: the user's name]", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and a self-made certificate in vidgen's folder. It proves that a film did not change, not who made it."""
    with Output("provenance init", as_json) as out:
        from vidgen.app.provenance import SELF_MADE_TEXT, init_key

        made = init_key(name)
        out.say(f"{made.certificate}: certificate of {made.name}")
        out.say(f"{made.key}: key; keep it to yourself")
        out.say(SELF_MADE_TEXT)
        out.result(made.as_dict())
