"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

T = TypeVar("T")


def options_of(kind: type[T], given: Mapping[str, Any], **more: Any) -> T:
    """A dataclass filled from the command's parameters with the same names. Lists become tuples.

    Args:
        kind: the dataclass.
        given: the command's ``locals()``.
        more: fields whose parameters have other names.
    """
    names = [one.name for one in fields(kind) if one.name in given and one.name not in more]  # type: ignore[arg-type]
    return kind(**{name: tuple(given[name]) if isinstance(given[name], list) else given[name] for name in names}, **more)


BoardArg = Annotated[Path, typer.Argument(metavar="BOARD.yaml", help="The storyboard.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="NDJSON events and one result envelope on stdout.")]
Engine = Annotated[str | None, typer.Option(help="Engine for every shot; auto never spends money.", show_default=False)]
Model = Annotated[str | None, typer.Option(help="Model of the engine, or a local model folder.", show_default=False)]
UnknownModel = Annotated[bool, typer.Option("--allow-unknown-model", help="Send model names that the table does not know.")]


def _trust(trusted: bool) -> bool:
    if trusted:
        from vidgen.settings import choose

        choose(trust_model=True)
    return trusted


TrustModel = Annotated[
    bool, typer.Option("--trust-model", callback=_trust, help="Load a local model's pickles and code: they can do anything.")
]
Candidates = Annotated[int | None, typer.Option(min=1, max=16, help="Takes per shot.", show_default=False)]
Seed = Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="Seed of the first take.", show_default=False)]
MaxCost = Annotated[float | None, typer.Option(min=0, help="Most US dollars this run may spend.", show_default=False)]
PresetName = Annotated[str | None, typer.Option("--preset", help="Delivery preset (vidgen presets).", show_default=False)]
Work = Annotated[
    Path | None, typer.Option(help="Folder for takes and segments.  [default: .vidgen/<stem>]", show_default=False)
]
TakesFrom = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FOLDER", help="Use the takes of other work folders, too, as a farm makes them; repeatable.", show_default=False
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(help="The cluster, HOST:PORT.  [default: RAY_ADDRESS, else a Ray of its own here]", show_default=False),
]
