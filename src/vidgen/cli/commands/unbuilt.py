"""Commands that are not built yet: they say so and exit 3."""

from __future__ import annotations

from typing import Annotated

import typer

from vidgen.cli.options import BoardArg, Json
from vidgen.cli.output import Output


def review(
    board: BoardArg,
    serve: Annotated[bool, typer.Option("--serve", help="Let a person pick in the browser.")] = False,
    port: Annotated[int | None, typer.Option(help="Port of --serve.", show_default=False)] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page.")] = False,
    as_json: Json = False,
) -> None:
    """Write the review page of all takes (not in this version)."""
    _not_yet("review", "choose with: vidgen pick BOARD.yaml SHOT TAKE", as_json)


def _not_yet(command: str, hint: str, as_json: bool) -> None:
    from vidgen import __version__
    from vidgen.errors import MissingError

    with Output(command, as_json):
        raise MissingError("command.not_yet", f"vidgen {command} is not in version {__version__}", hint=hint)
