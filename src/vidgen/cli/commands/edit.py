"""Commands that go between vidgen and an editor's program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidgen.cli.options import BoardArg, Candidates, Engine, Json, Model, PresetName, Seed, Work, options_of
from vidgen.cli.output import Output


def export(
    board: BoardArg,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="otio, edl, fcp7xml, csv, or openjd: a job for a render farm.  [default: by the name of FILE, else otio]",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="File to write; of a job its folder.", show_default=False),
    ] = None,
    engine: Engine = None,
    model: Model = None,
    candidates: Candidates = None,
    seed: Seed = None,
    copy_media: Annotated[
        Path | None,
        typer.Option(
            "--copy-media",
            metavar="FOLDER",
            help="Copy all takes and sounds there, and refer to the copies.",
            show_default=False,
        ),
    ] = None,
    preset: PresetName = None,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Write the cut for editing programs (OTIO, EDL, FCP 7 XML), the shot list (CSV), or a farm's job (OpenJD)."""
    given = locals()
    with Output("export", as_json) as out:
        from vidgen.app.export import export_cut
        from vidgen.app.export_job import FORMAT, export_job
        from vidgen.media.wording import counted
        from vidgen.planning.compile import Overrides
        from vidgen.planning.presets import preset as preset_named

        overrides = options_of(Overrides, given, preset=preset_named(preset) if preset else None)
        if format_ == FORMAT:
            _refuse_copies(copy_media)
            job = export_job(board, output=output, overrides=overrides, work=work, warn=out.warn)
            out.say(job.summary())
            out.result(job.as_dict())
            return
        done = export_cut(
            board, format_=format_, output=output, media_folder=copy_media, overrides=overrides, work=work, warn=out.warn
        )
        out.say(f"{done.output}: {counted(len(done.cut.shots), 'shot')}, {counted(done.cut.frames, 'frame')}")
        if done.copied:
            out.say(f"{copy_media}: {counted(len(done.copied), 'file')}")
        out.result(done.as_dict())


def _refuse_copies(folder: Path | None) -> None:
    from vidgen.errors import InputError

    if folder:
        raise InputError(
            "usage.invalid", "--copy-media is not for a farm's job, which has all files in any case", hint="leave it out"
        )


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="CUT.otio", help="The cut, exported from the editing program.", show_default=False)
    ],
    board: BoardArg,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would change, and write nothing.")] = False,
    preset: PresetName = None,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Bring an editor's trims, order, takes and transitions back into the storyboard."""
    with Output("import", as_json) as out:
        from vidgen.app.import_cut import import_cut
        from vidgen.cli.tables import changes_table
        from vidgen.planning.compile import Overrides
        from vidgen.planning.presets import preset as preset_named

        overrides = Overrides(preset=preset_named(preset) if preset else None)
        done = import_cut(file, board, overrides=overrides, work=work, dry_run=dry_run)
        out.warn(done.notices)
        if not as_json:
            changes_table(done.as_dict(), board, dry_run=dry_run)
        out.result(done.as_dict())
