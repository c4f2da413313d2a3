"""``vidgen review``: dailies in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidgen.cli.options import BoardArg, Json, Work
from vidgen.cli.output import Output

if TYPE_CHECKING:
    from vidgen.review.desk import Desk


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
    serve: Annotated[bool, typer.Option("--serve", help="Let a person pick in the browser, until Ctrl-C.")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of --serve.  [default: a free one]", show_default=False)
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Write the review page: every shot with its takes, side by side."""
    with Output("review", as_json) as out:
        _check_flags(serve, port)
        if serve:
            from vidgen.review.desk import Desk

            out.result(_serve(out, Desk(board, work, output, out.warn), port or 0, open_))
            return
        from vidgen.media.wording import counted
        from vidgen.review.writing import write_review

        done = write_review(board, folder=output, work=work, warn=out.warn)
        takes = sum(len(shot.takes) for shot in done.film.shots)
        out.say(f"{done.output}: {counted(len(done.film.shots), 'shot')}, {counted(takes, 'take')}")
        if open_:
            _open(done.output.absolute().as_uri())
        out.result(done.as_dict())


def _check_flags(serve: bool, port: int | None) -> None:
    from vidgen.errors import InputError

    if port is not None and not serve:
        raise InputError("usage.invalid", "--port is for --serve", hint="add --serve")


def _serve(out: Output, desk: Desk, port: int, open_: bool) -> dict[str, Any]:
    """Serve until Ctrl-C, which is how it is meant to end."""
    import threading

    from vidgen.cli.signals import Ended
    from vidgen.review.server import ReviewServer

    with ReviewServer(desk, port) as server:
        threading.Thread(target=desk.watch, daemon=True).start()
        try:
            out.event("review.serving", url=server.url)
            out.say(server.url)
            if open_:
                _open(server.url)
            server.serve_forever(poll_interval=0.1)
        except Ended:
            raise
        except KeyboardInterrupt:
            pass
        finally:
            desk.close()
        return {"url": server.url, "shots": desk.state()["shots"]}


def _open(address: str) -> None:
    import webbrowser

    webbrowser.open(address)
