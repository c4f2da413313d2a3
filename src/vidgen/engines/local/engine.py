"""The engine ``local``: video diffusion models on the user's own GPUs, through diffusers in worker processes."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import capabilities
from vidgen.engines.base import Cancelled, LocalEngine, Progress
from vidgen.engines.local.pool import WorkerPool, device_groups
from vidgen.errors import InputError, MissingError, ProcessingError, VidgenError
from vidgen.media.answers import Answers
from vidgen.takes.request import Generated, Order, ShotRequest, TakeRequest

if TYPE_CHECKING:
    from vidgen.engines.local.folder import ModelFolder
    from vidgen.engines.local.job import MadeTake

__all__ = ["Local"]

PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "safetensors")
_DENOISING = 0.9
"""Share of the time of a batch that the steps take; decoding and encoding are the rest."""


class Local(LocalEngine):
    """Runs a model of the table, of the hub, or of a folder in diffusers layout; one worker process for each device."""

    name = "local"
    together = True

    def __init__(self) -> None:
        self._pool = WorkerPool()
        self._folders: Answers[str, ModelFolder] = Answers(keeps=(InputError, MissingError))

    @property
    def at_once(self) -> int:  # type: ignore[override]
        """One shot for each device, or for each group of them."""
        return len(device_groups())

    def capabilities(self, model: str | None = None) -> Capabilities:
        """The table's row; for a folder or a hub id what its family can. Raises InputError for a folder that is no model."""
        from vidgen.catalog.diffusion import model as known

        row = capabilities("local", model) or Capabilities(engine="local", kind="local")
        if model is None or known(model) is not None:
            return row
        folder = self._folder(model)
        family, tasks = folder.family, folder.tasks
        return replace(
            row,
            model=model,
            tasks=tasks,
            max_s=round(family.max_frames / family.fps, 2),
            max_short_side=None,
            first_frame=bool({"image_to_video", "first_last_frame"} & set(tasks)),
            last_frame="first_last_frame" in tasks,
            references=family.references,
            seed=True,
            negative=family.negative,
            moves=(),
            audio="always" if family.audio else False,
            prompt_order=family.prompt_order,
            prompt_chars=family.prompt_chars,
            note=family.note,
        )

    def available(self) -> str | None:
        """What is missing: packages of the extra ``local``. Loads none of them."""
        missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
        return f"{', '.join(missing)} not installed; pip install 'vidgen[local]'" if missing else None

    def model_key(self, model: str | None) -> str | None:
        """The model's name or that of its folder's content, and its revision."""
        folder = self._folder(model or _default_model())
        return f"{folder.model.name}@{folder.revision}" if folder.model else folder.revision

    def order(self, request: ShotRequest) -> Order:
        """See ``Engine``: the length, size and rate that the model makes. Raises MissingError as ``model_key`` does, InputError
        where the model cannot make the shot.
        """
        from vidgen.engines.local.batch_builder import order_of

        return order_of(request, self._folder(_model_of(request)))

    def check(self, request: ShotRequest) -> None:
        """See ``Engine``. A model that is not here is not judged: ``model_key`` says so when it is needed."""
        from vidgen.engines.local.checking import check

        with contextlib.suppress(MissingError):
            check(request, self._folder(_model_of(request)))

    def preflight(self, request: ShotRequest) -> Sequence[tuple[str, str]]:
        """See ``Engine``: pictures and videos are opened."""
        from vidgen.engines.local.checking import check_files

        self.check(request)
        check_files(request)
        return ()

    def prepare(self, requests: Sequence[ShotRequest]) -> None:
        """Encode the prompts of the whole film, one model after the other, before any of them is loaded to draw."""
        from vidgen.engines.local.batch_builder import prompt_of
        from vidgen.engines.local.load_plan import load_of
        from vidgen.engines.local.settings import settings

        by_model: dict[str, list[ShotRequest]] = {}
        for request in requests:
            by_model.setdefault(_model_of(request), []).append(request)
        for model, shots in by_model.items():
            folder = self._folder(model)
            prompts = [prompt_of(shot, folder) for shot in shots]
            task: Any = next(iter(folder.tasks))
            cancelled = self.stopped or (lambda: False)
            with self._pool.acquire(model, cancelled) as (host, device):
                load = load_of(folder, task, device, settings())
                host.prepare(load, folder.family.name, folder.revision, prompts, cancelled)

    def generate(
        self, take: TakeRequest, out: Path, *, progress: Progress = lambda share: None, cancelled: Cancelled = lambda: False
    ) -> Generated:
        """Make one take. Raises InputError, MissingError, ProcessingError, Cancelled."""
        (made,) = self.generate_many([take], [out], progress=progress, cancelled=cancelled)
        if isinstance(made, VidgenError):
            raise made
        return made

    def generate_many(
        self,
        takes: Sequence[TakeRequest],
        outs: Sequence[Path],
        *,
        progress: Progress = lambda share: None,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated | VidgenError]:
        """Make takes of one shot in as few runs of the model as memory allows."""
        from vidgen.engines.local.batch_builder import build_batch
        from vidgen.engines.local.settings import settings

        model = _model_of(takes[0].request)
        folder = self._folder(model)
        with self._pool.acquire(model, cancelled) as (host, device), _cleared(outs):
            built = build_batch(takes, folder, device, outs, settings())
            steps = _Steps(takes, progress, self.on_preview)
            try:
                made: list[MadeTake | VidgenError] = [*host.make(built.batch, steps.receive, cancelled)]
            except VidgenError as error:
                if not steps.finished:
                    raise
                made = [steps.finished.get(take.take, error) for take in takes]
        progress(1.0)
        first = next((one for one in made if not isinstance(one, VidgenError)), None)
        return [_result(one, built.notices if one is first else ()) for one in made]

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def _folder(self, model: str) -> ModelFolder:
        """The model as it was found when this engine first used it: read, and named by its content, once a run."""
        from vidgen.engines.local.folder import find_model

        return self._folders.of(model, lambda: find_model(model))


class _Steps:
    """What a worker reports of a batch: steps as one share that only grows, previews, and takes as they are finished."""

    def __init__(
        self, takes: Sequence[TakeRequest], progress: Progress, on_preview: Callable[[str, Mapping[str, Any]], None] | None
    ) -> None:
        self._takes, self._progress, self._on_preview = takes, progress, on_preview
        self._done: dict[int, float] = {}
        self._share = 0.0
        self.finished: dict[int, MadeTake] = {}

    def receive(self, message: dict[str, Any]) -> None:
        """Take one message of the protocol."""
        from vidgen.engines.local import wire

        self.finished.update((one.take, one) for one in wire.made_of(message.get("made", [])))
        for take in message["takes"]:
            self._done[take] = message["step"] / max(1, message["steps"])
        share = min(_DENOISING, sum(self._done.values()) / len(self._takes) * _DENOISING)
        if share > self._share:
            self._share = share
            self._progress(share)
        if self._on_preview and message.get("preview"):
            counts = {name: message[name] for name in ("takes", "step", "steps")}
            self._on_preview(self._takes[0].request.shot, {**counts, **message["preview"]})


def _result(made: MadeTake | VidgenError, notices: Sequence[tuple[str, str]]) -> Generated | VidgenError:
    if isinstance(made, VidgenError):
        return made
    if made.rejected or made.file is None:
        return ProcessingError("take.rejected", f"take {made.take} {made.rejected}")
    return Generated(made.file, made.manifest, True, 0.0, (*notices, *made.notices))


@contextmanager
def _cleared(outs: Sequence[Path]) -> Iterator[None]:
    """Remove what a job leaves beside its takes, and unfinished takes where it fails."""
    try:
        yield
    except BaseException:
        for out in outs:
            out.unlink(missing_ok=True)
        raise
    finally:
        for out in outs:
            for leftover in out.parent.glob(f".{out.stem}.*"):
                leftover.unlink(missing_ok=True)


def _model_of(request: ShotRequest) -> str:
    return request.model or _default_model()


def _default_model() -> str:
    from vidgen.catalog.engines import engine_table

    return str(engine_table()["local"][0].model)
