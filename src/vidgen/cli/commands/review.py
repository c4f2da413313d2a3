"""``vidgen review``: dailies in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidgen.cli.options import BoardArg, Json, Work
from vidgen.cli.output import Output


def review(
    board: BoardArg,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Where it goes.  [default: .vidgen/<stem>/review]",
            show_default=False,
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Write the review page: every shot with its takes, side by side."""
    with Output("review", as_json) as out:
        import webbrowser

        from vidgen.media.wording import counted
        from vidgen.review.writing import write_review

        done = write_review(board, folder=output, work=work, warn=out.warn)
        takes = sum(len(shot.takes) for shot in done.film.shots)
        out.say(f"{done.output}: {counted(len(done.film.shots), 'shot')}, {counted(takes, 'take')}")
        if open_:
            webbrowser.open(done.output.absolute().as_uri())
        out.result(done.as_dict())
