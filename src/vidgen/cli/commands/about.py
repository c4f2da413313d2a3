"""Commands that look things up: engines, models, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from vidgen.cli.options import Json
from vidgen.cli.output import Output

engines_app = typer.Typer(help="Engines: what they can do and what they cost.", invoke_without_command=True)
models_app = typer.Typer(help="Model weights and fonts.", no_args_is_help=True)


@engines_app.callback()
def engines(context: typer.Context, as_json: Json = False) -> None:
    """Engines: what they can do, what they cost, and whether they run here."""
    if context.invoked_subcommand:
        return
    with Output("engines", as_json) as out:
        from vidgen.cli.tables import engine_table
        from vidgen.render.about import engine_rows

        rows = engine_rows()
        if not as_json:
            engine_table(rows)
        out.result({"engines": rows})


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
    """Every model and font: licence, size, sha256, where it is."""
    with Output("models list", as_json) as out:
        from vidgen.cli.tables import model_table
        from vidgen.render.about import model_rows

        rows = model_rows()
        if not as_json:
            model_table(rows)
        out.result({"models": rows})


@models_app.command("pull")
def models_pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Model name.", show_default=False)], as_json: Json = False
) -> None:
    """Fetch a model and check it."""
    with Output("models pull", as_json) as out:
        from vidgen.weights.store import pull

        path = pull(name)
        out.say(f"{name}: {path}")
        out.result({"name": name, "path": str(path)})


@models_app.command("verify")
def models_verify(as_json: Json = False) -> None:
    """Check every model that is here against its checksum."""
    with Output("models verify", as_json) as out:
        from vidgen.cli.tables import model_table
        from vidgen.errors import InputError
        from vidgen.render.about import model_rows

        rows = model_rows(verify=True)
        if not as_json:
            model_table(rows)
        out.data = {"models": rows}
        if bad := [row["name"] for row in rows if row["state"] == "damaged"]:
            raise InputError("models.damaged", f"damaged: {', '.join(bad)}", hint=f"vidgen models pull {bad[0]}")


def doctor(as_json: Json = False) -> None:
    """What this machine can do, and what to do about the rest."""
    with Output("doctor", as_json) as out:
        from vidgen.cli.tables import doctor_table
        from vidgen.render.about import diagnose

        checks = diagnose()
        if not as_json:
            doctor_table(checks)
        out.result({"checks": checks, "ok": all(check["state"] != "bad" for check in checks)})
