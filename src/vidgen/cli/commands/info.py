"""Commands that show information: engines, models, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidgen.cli.options import Json
from vidgen.cli.output import Output

if TYPE_CHECKING:
    from vidgen.app.models import Models

engines_app = typer.Typer(help="Engines: what they can do and what they cost.", invoke_without_command=True)
models_app = typer.Typer(help="Model weights and fonts.", no_args_is_help=True)


@engines_app.callback()
def engines(
    context: typer.Context,
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="A short table for documents.")] = False,
    stale: Annotated[bool, typer.Option("--stale", help="Rows that may be outdated: old, or different from the SDKs.")] = False,
) -> None:
    """Engines: what they can do, what they cost, and whether they run here."""
    if context.invoked_subcommand:
        return
    with Output("engines", as_json) as out:
        if stale:
            _stale(out)
            return
        from vidgen.cli.tables import engine_table
        from vidgen.inventory.engines import engine_rows

        rows = engine_rows()
        if markdown:
            from vidgen.inventory.engine_guide import engine_guide

            out.say(engine_guide(rows))
        elif not as_json:
            engine_table(rows)
        out.result({"engines": rows})


def _stale(out: Output) -> None:
    from datetime import date

    from vidgen.inventory.staleness import DAYS, stale_rows

    rows, missing = stale_rows(date.today())
    for row in rows:
        why = f"read {row['as_of']}, {row['days']} days ago" if row["why"] == "age" else f"the SDK disagrees: {row['text']}"
        out.say(f"{row['engine']} {row['model']}: {why}")
    for line in missing:
        out.note(f"not compared: {line}")
    out.say(f"{len(rows)} rows are older than {DAYS} days or differ from the providers' SDKs")
    out.result({"stale": rows, "not_compared": missing})


@engines_app.command("recommend")
def recommend(
    use_case: Annotated[str | None, typer.Option(help="What for: English or Japanese name.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Which engine for which job."""
    with Output("engines recommend", as_json) as out:
        from vidgen.cli.tables import use_case_table
        from vidgen.inventory.engines import recommendations

        rows = recommendations(use_case)
        if not as_json:
            use_case_table(rows)
        out.result({"use_cases": rows})


@models_app.command("list")
def models_list(as_json: Json = False) -> None:
    """List models and fonts: task, licence, size, state, used by, path."""
    with Output("models list", as_json) as out:
        from vidgen.app.models import list_models

        models = list_models()
        if not as_json:
            _models_tables(models)
        out.result(models.as_dict())


def _models_tables(models: Models) -> None:
    from vidgen.cli.tables import diffusion_table, model_table
    from vidgen.media.home import vidgen_home

    model_table(models.weights, vidgen_home())
    diffusion_table(models.video)


@models_app.command("pull")
def models_pull(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Model names.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every model and font.")] = False,
    own: Annotated[
        Path | None, typer.Option("--from", help="Your own copy: file, folder, wheel or zip.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a large download.")] = False,
    as_json: Json = False,
) -> None:
    """Download models, or install your own copy, and check their content. NAME may be a hub id of a video model."""
    with Output("models pull", as_json) as out:
        from vidgen.app.models import pull_models, pulled_data
        from vidgen.cli.progress import downloading, fetching
        from vidgen.cli.questions import confirm_download
        from vidgen.inventory.video_models import pull_diffusion

        say = (lambda line: None) if as_json else out.note

        def pull_video(name: str) -> Path:
            with downloading(out, name) as on_bytes:
                return pull_diffusion(name, say=say, agree=None if yes else confirm_download(out), on_bytes=on_bytes)

        pulled = []
        for one in pull_models(names or (), everything=everything, own=own, fetch=fetching(out), pull_video=pull_video):
            out.say(one.summary())
            pulled.append(one)
        out.result(pulled_data(pulled))


@models_app.command("verify")
def models_verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Model names; all without.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Check installed models against their checksums."""
    with Output("models verify", as_json) as out:
        from vidgen.app.models import verify_models

        models = verify_models(names or ())
        if not as_json:
            _models_tables(models)
        out.data = models.as_dict()
        if error := models.error(names or ()):
            raise error


def doctor(
    trace: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Run a model for two steps and show the shapes on the way.", show_default=False),
    ] = None,
    ray_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Check the nodes of this Ray cluster instead.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Check what this machine can do, and how to get the rest."""
    with Output("doctor", as_json) as out:
        from vidgen.cli.tables import doctor_table, trace_table

        if trace:
            from vidgen.testing.tiny import traced

            stages = traced(trace)
            if not as_json:
                trace_table(stages)
            out.result({"model": trace, "stages": stages})
            return
        if ray_address:
            from vidgen.app.cluster_doctor import diagnose_cluster

            nodes = diagnose_cluster(ray_address)
            if not as_json:
                doctor_table(nodes.checks)
            out.result(nodes.as_dict())
            return
        from vidgen.app.doctor import diagnose

        diagnosis = diagnose()
        if not as_json:
            doctor_table(diagnosis.checks)
        out.result(diagnosis.as_dict())
