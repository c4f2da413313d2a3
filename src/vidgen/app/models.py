"""``vidgen models``: weights and fonts, and models of video diffusion: listed, fetched, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.errors import InputError, MissingError
from vidgen.inventory.video_models import diffusion_rows, is_diffusion
from vidgen.weights.registry import model
from vidgen.weights.store import install_from, rows

Row = dict[str, Any]


@dataclass(frozen=True)
class Models:
    """Rows of ``weights`` (networks of post-processing, fonts) and of ``video`` (models of video diffusion).

    A row has name, task, licence, size, sources, state and where the files are.
    """

    weights: Sequence[Row]
    video: Sequence[Row]

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``models list --json`` and ``models verify --json``."""
        return {"models": [*self.weights, *self.video]}

    def error(self, names: Sequence[str]) -> MissingError | None:
        """What fails ``models verify``: damaged files, and those of the ``names`` that are not here."""
        every = [*self.weights, *self.video]
        if damaged := [row for row in every if row["state"] == "damaged"]:
            problems = "; ".join(f"{row['name']}: {problem}" for row in damaged for problem in row["problems"])
            again = " ".join(row["name"] for row in damaged)
            hint = f"vidgen models pull {again}, which gets them again"
            return MissingError("models.damaged", f"damaged: {problems}", hint=hint)
        if absent := [row["name"] for row in every if names and row["state"] == "absent"]:
            hint = f"vidgen models pull {' '.join(absent)}"
            return MissingError("models.missing", f"not here: {', '.join(absent)}", hint=hint)
        return None


def list_models() -> Models:
    """Every model and font. Reads no weights."""
    return Models(rows(), diffusion_rows())


def verify_models(names: Sequence[str]) -> Models:
    """Those of the names, or everything that is here, each file read and compared with its checksum. Raises InputError
    ``models.unknown``.
    """
    video = [name for name in names if is_diffusion(name)]
    small = [name for name in names if name not in video]
    pulled = diffusion_rows(video, verify=True) if video or not names else []
    if not names:
        pulled = [row for row in pulled if row["state"] in ("here", "damaged")]
    return Models(rows(small, verify=True) if small or not names else [], pulled)


@dataclass(frozen=True)
class Pulled:
    """A model that is here now, and whether it was before."""

    name: str
    path: Path
    was_here: bool = False

    def summary(self) -> str:
        """The line that a person reads."""
        return f"{self.name}: {self.path}{' (was here)' if self.was_here else ''}"

    def as_dict(self) -> dict[str, str]:
        """One entry of ``models`` in ``models pull --json``."""
        return {"name": self.name, "path": str(self.path)}


def pull_models(
    names: Sequence[str],
    *,
    everything: bool,
    own: Path | None,
    fetch: Callable[[str], Path],
    pull_video: Callable[[str], Path],
) -> Iterator[Pulled]:
    """Fetch models one after the other, or take the user's ``own`` copy of small ones, and check every byte.

    Args:
        fetch: downloads a small model; pull_video: downloads a model of video diffusion (``pull_diffusion``).

    Raises InputError where no model is named or one is not known.
    """
    if not names and not everything:
        raise InputError("usage.invalid", "which model?", hint="vidgen models pull NAME..., or --all; vidgen models list")
    named = list(dict.fromkeys(names))
    video = [name for name in named if is_diffusion(name)]
    small = [name for name in named if name not in video]
    for row in rows(() if everything else small, verify=True) if everything or small else []:
        path = install_from(model(row["name"]), own) if own else fetch(row["name"])
        yield Pulled(row["name"], path, row["state"] == "here")
    for name in video:
        yield Pulled(name, pull_video(name))


def pulled_data(pulled: Sequence[Pulled]) -> dict[str, Any]:
    """``data`` of ``models pull --json``; of a single model also its name and path."""
    entries = [one.as_dict() for one in pulled]
    return {"models": entries, **(entries[0] if len(entries) == 1 else {})}
