"""``vidgen review``: dailies in the browser."""

from __future__ import annotations

from collections.abc import Mapping
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
    bundle: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write one file to send, copies inside.", show_default=False)
    ] = None,
    max_mb: Annotated[
        float | None, typer.Option(min=0.01, help="Most MB of --bundle.  [default: 100]", show_default=False)
    ] = None,
    apply: Annotated[
        Path | None,
        typer.Option(metavar="NOTES.json", help="Bring back what was decided in a file of --bundle.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what --apply would change.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Write the review page: every shot with its takes, side by side."""
    with Output("review", as_json) as out:
        _check_flags(locals())
        if apply:
            from vidgen.app.notes import apply_notes

            applied = apply_notes(board, apply, work=work, dry_run=dry_run)
            for line in applied.lines():
                out.say(line)
            out.result(applied.as_dict())
            return
        if bundle:
            _bundle(out, board, bundle, work, max_mb, open_)
            return
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


_ONE_OF = ("--serve", "--bundle", "--apply")
_BELONGS = {"--port": "--serve", "--max-mb": "--bundle", "--dry-run": "--apply"}
_NOT_WITH = {"--output": ("--bundle", "--apply"), "--open": ("--apply",)}


def _check_flags(given: Mapping[str, Any]) -> None:
    """Raise InputError for flags that say nothing together."""
    from vidgen.errors import InputError

    used = {f"--{name.rstrip('_').replace('_', '-')}" for name, value in given.items() if value not in (None, False)}
    ways = [flag for flag in _ONE_OF if flag in used]
    if len(ways) > 1:
        raise InputError("usage.invalid", f"{ways[0]} and {ways[1]} do not go together", hint="give one of them")
    for flag, owner in _BELONGS.items():
        if flag in used and owner not in used:
            raise InputError("usage.invalid", f"{flag} is for {owner}", hint=f"add {owner}")
    for flag, others in _NOT_WITH.items():
        if flag in used and (way := next((way for way in ways if way in others), None)):
            raise InputError("usage.invalid", f"{flag} is not for {way}", hint=f"leave {flag} out")


def _bundle(out: Output, board: Path, page: Path, work: Path | None, max_mb: float | None, open_: bool) -> None:
    """Write one file to send."""
    from vidgen.media.wording import counted
    from vidgen.review.bundle import MB, write_bundle

    done = write_bundle(board, page, work=work, max_mb=max_mb, warn=out.warn)
    takes = sum(len(shot.takes) for shot in done.page.film.shots)
    out.say(f"{page}: {done.bytes / MB:.1f} MB, {counted(len(done.page.film.shots), 'shot')}, {counted(takes, 'take')}")
    if open_:
        _open(page.absolute().as_uri())
    out.result(done.as_dict())


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
