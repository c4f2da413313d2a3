"""Commands that look things up: engines, models, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidgen.cli.options import Json
from vidgen.cli.output import Output

engines_app = typer.Typer(help="Engines: what they can do and what they cost.", invoke_without_command=True)
models_app = typer.Typer(help="Model weights and fonts.", no_args_is_help=True)


@engines_app.callback()
def engines(
    context: typer.Context,
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="A short table for documents.")] = False,
    stale: Annotated[bool, typer.Option("--stale", help="Rows that may no longer be true: old, or unlike the SDKs.")] = False,
) -> None:
    """Engines: what they can do, what they cost, and whether they run here."""
    if context.invoked_subcommand:
        return
    with Output("engines", as_json) as out:
        if stale:
            _stale(out)
            return
        from vidgen.cli.tables import engine_table
        from vidgen.render.about import engine_rows

        rows = engine_rows()
        if markdown:
            from vidgen.render.engine_guide import engine_guide

            out.say(engine_guide(rows))
        elif not as_json:
            engine_table(rows)
        out.result({"engines": rows})


def _stale(out: Output) -> None:
    from datetime import date

    from vidgen.render.staleness import DAYS, stale_rows

    rows, missing = stale_rows(date.today())
    for row in rows:
        why = f"read {row['as_of']}, {row['days']} days ago" if row["why"] == "age" else f"the SDK disagrees: {row['text']}"
        out.say(f"{row['engine']} {row['model']}: {why}")
    for line in missing:
        out.note(f"not compared: {line}")
    out.say(f"{len(rows)} rows are older than {DAYS} days or unlike the providers' SDKs")
    out.result({"stale": rows, "not_compared": missing})


@engines_app.command("recommend")
def recommend(
    use_case: Annotated[str | None, typer.Option(help="What for: English or Japanese name.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Which engine for which job."""
    with Output("engines recommend", as_json) as out:
        from vidgen.cli.tables import use_case_table
        from vidgen.render.about import recommendations

        rows = recommendations(use_case)
        if not as_json:
            use_case_table(rows)
        out.result({"use_cases": rows})


@models_app.command("list")
def models_list(as_json: Json = False) -> None:
    """Every model and font: task, licence, size, state, what reads it, where it is."""
    with Output("models list", as_json) as out:
        from vidgen.cli.tables import diffusion_table, model_table
        from vidgen.media.home import vidgen_home
        from vidgen.render.about import model_rows
        from vidgen.render.diffusion_models import diffusion_rows

        rows, video = model_rows(), diffusion_rows()
        if not as_json:
            model_table(rows, vidgen_home())
            diffusion_table(video)
        out.result({"models": [*rows, *video]})


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
    """Fetch models, or take your own copy of them, and check every byte. NAME may be a hub id of a video model."""
    with Output("models pull", as_json) as out:
        from vidgen.cli.progress import downloading, fetching
        from vidgen.cli.questions import confirm_download
        from vidgen.errors import InputError
        from vidgen.render.about import model_rows
        from vidgen.render.diffusion_models import is_diffusion, pull_diffusion
        from vidgen.weights.registry import model
        from vidgen.weights.store import install_from

        if not names and not everything:
            raise InputError("usage.invalid", "which model?", hint="vidgen models pull NAME..., or --all; vidgen models list")
        wanted = list(dict.fromkeys(names or ()))
        video = [name for name in wanted if is_diffusion(name)]
        small = [name for name in wanted if name not in video]
        rows = model_rows(() if everything else small, verify=True) if everything or small else []
        fetch = fetching(out)
        for row in rows:
            path = install_from(model(row["name"]), own) if own else fetch(row["name"])
            out.say(f"{row['name']}: {path}{' (was here)' if row['state'] == 'here' else ''}")
            row["where"] = str(path)
        tell = (lambda line: None) if as_json else out.note
        for name in video:
            with downloading(out, name) as on_bytes:
                path = pull_diffusion(name, say=tell, agree=None if yes else confirm_download(out), on_bytes=on_bytes)
            out.say(f"{name}: {path}")
            rows.append({"name": name, "where": str(path)})
        pulled = [{"name": row["name"], "path": row["where"]} for row in rows]
        out.result({"models": pulled, **(pulled[0] if len(pulled) == 1 else {})})


@models_app.command("verify")
def models_verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Model names; all without.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Check every model that is here against its checksum."""
    with Output("models verify", as_json) as out:
        from vidgen.cli.tables import diffusion_table, model_table
        from vidgen.errors import MissingError
        from vidgen.media.home import vidgen_home
        from vidgen.render.about import model_rows
        from vidgen.render.diffusion_models import diffusion_rows, is_diffusion

        video = [name for name in names or () if is_diffusion(name)]
        small = [name for name in names or () if name not in video]
        pulled = diffusion_rows(video, verify=True) if video or not names else []
        if not names:
            pulled = [row for row in pulled if row["state"] in ("here", "damaged")]
        rows = model_rows(small, verify=True) if small or not names else []
        if not as_json:
            model_table(rows, vidgen_home())
            diffusion_table(pulled)
        rows += pulled
        out.data = {"models": rows}
        bad = [row for row in rows if row["state"] == "damaged"]
        if bad:
            told = "; ".join(f"{row['name']}: {problem}" for row in bad for problem in row["problems"])
            again = " ".join(row["name"] for row in bad)
            raise MissingError("models.damaged", f"damaged: {told}", hint=f"vidgen models pull {again}, which gets them again")
        absent = [row["name"] for row in rows if names and row["state"] == "absent"]
        if absent:
            remedy = f"vidgen models pull {' '.join(absent)}"
            raise MissingError("models.missing", f"not here: {', '.join(absent)}", hint=remedy)


def doctor(
    trace: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Run a model for two steps and show the shapes on the way.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """What this machine can do, and what to do about the rest."""
    with Output("doctor", as_json) as out:
        from vidgen.cli.tables import doctor_table, trace_table

        if trace:
            from vidgen.testing.tiny import traced

            stages = traced(trace)
            if not as_json:
                trace_table(stages)
            out.result({"model": trace, "stages": stages})
            return
        from vidgen.render.about import diagnose

        checks = diagnose()
        if not as_json:
            doctor_table(checks)
        out.result({"checks": checks, "ok": all(check["state"] != "bad" for check in checks)})
