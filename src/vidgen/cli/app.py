"""The command table. Command modules import nothing heavy until a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidgen import __version__
from vidgen.cli.commands import board, edit, info, make, media, provenance, review, takes

app = typer.Typer(
    name="vidgen",
    help="Storyboard in, film out.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"vidgen {__version__}")
        raise typer.Exit()


@app.callback()
def vidgen(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say what is decided; twice: what is run.")] = 0,
    log_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Append it all to a file.", show_default=False)] = None,
) -> None:
    """Storyboard in, film out: plan, render, score and finish video on your own machine or in the cloud."""
    # The options are taken from the line before, wherever they stand on it (vidgen.cli.common). Here is their help.


_FILM, _CLIPS, _HELP = "Make a film", "Work on clips", "Look things up"

for _name, _run, _panel in (
    ("render", make.render, _FILM),
    ("plan", board.plan, _FILM),
    ("lint", board.lint, _FILM),
    ("pick", board.pick, _FILM),
    ("review", review.review, _FILM),
    ("export", edit.export, _FILM),
    ("import", edit.import_, _FILM),
    ("new", board.new, _FILM),
    ("shot", make.shot, _CLIPS),
    ("upscale", media.upscale, _CLIPS),
    ("interpolate", media.interpolate, _CLIPS),
    ("score", media.score, _CLIPS),
    ("qc", media.qc, _CLIPS),
    ("speak", media.speak, _CLIPS),
    ("doctor", info.doctor, _HELP),
    ("schema", board.schema, _HELP),
    ("presets", board.presets, _HELP),
):
    app.command(_name, rich_help_panel=_panel)(_run)

app.add_typer(takes.takes_app, name="takes", rich_help_panel=_FILM)
app.add_typer(provenance.provenance_app, name="provenance", rich_help_panel=_FILM)
app.add_typer(info.engines_app, name="engines", rich_help_panel=_HELP)
app.add_typer(info.models_app, name="models", rich_help_panel=_HELP)
