"""local: video diffusion models on the user's own GPU, through diffusers. This side stays light; workers do the work."""

from __future__ import annotations

import contextlib
import importlib.util
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import capabilities
from vidgen.engines.base import Cancelled, LocalEngine, Progress
from vidgen.errors import Cancelled as Interrupted
from vidgen.errors import InputError, MissingError, ProcessingError, VidgenError
from vidgen.media.answers import Answers
from vidgen.takes.request import Generated, Order, ShotRequest, TakeRequest

if TYPE_CHECKING:
    from vidgen.engines.local.folder import ModelFolder

__all__ = ["Local"]

PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "safetensors")
_DENOISING = 0.9
"""Share of the time of a batch that the steps take; decoding and encoding are the rest."""


class Local(LocalEngine):
    """Runs a model of the table, of the hub, or of a folder in diffusers layout; one worker process for each device."""

    name = "local"
    together = True

    def __init__(self) -> None:
        self._hosts: list[_Place] = []
        self._free = threading.Condition()
        self._folders: Answers[str, ModelFolder] = Answers(keeps=(InputError, MissingError))

    @property
    def at_once(self) -> int:  # type: ignore[override]
        """One shot for each device, or for each group of them."""
        return len(_groups())

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
        from vidgen.engines.local.batch_builder import load_of, prompt_of
        from vidgen.engines.local.settings import settings

        by_model: dict[str, list[ShotRequest]] = {}
        for request in requests:
            by_model.setdefault(_model_of(request), []).append(request)
        for wanted, shots in by_model.items():
            folder = self._folder(wanted)
            prompts = [prompt_of(shot, folder) for shot in shots]
            task: Any = next(iter(folder.tasks))
            stopped = self.stopped or (lambda: False)
            with self._host(wanted, stopped) as (host, device):
                host.prepare(load_of(folder, task, device, settings()), folder.family.name, folder.revision, prompts, stopped)

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
        from vidgen.engines.local import wire
        from vidgen.engines.local.batch_builder import build_batch
        from vidgen.engines.local.settings import settings

        model = _model_of(takes[0].request)
        folder = self._folder(model)
        with self._host(model, cancelled) as (host, device), _cleared(outs):
            asked = build_batch(takes, folder, device, outs, settings())
            track = _Progress(len(takes), progress)
            finished: dict[int, Any] = {}

            def step(message: dict[str, Any]) -> None:
                track.step(message)
                finished.update((one.take, one) for one in wire.made_of(message.get("made", [])))
                if self.on_preview and message.get("preview"):
                    told = {name: message[name] for name in ("takes", "step", "steps")}
                    self.on_preview(takes[0].request.shot, {**told, **message["preview"]})

            try:
                made = host.make(asked.batch, step, cancelled)
            except VidgenError as error:
                if not finished:
                    raise
                made = [finished.get(take.take, error) for take in takes]
        progress(1.0)
        first = next((one for one in made if not isinstance(one, VidgenError)), None)
        return [_result(one, asked.notices if one is first else []) for one in made]

    def close(self) -> None:
        """End the workers."""
        for place in self._hosts:
            place.host.close()
        self._hosts = []

    def _folder(self, model: str) -> ModelFolder:
        """The model as it was found when this engine was first asked for it: looked at and named by its content once a run."""
        from vidgen.engines.local.folder import find_model

        return self._folders.of(model, lambda: find_model(model))

    @contextmanager
    def _host(self, model: str, cancelled: Cancelled = lambda: False) -> Iterator[tuple[Any, Any]]:
        """A free worker and its device, the one that has the model where it is free; waits where all are at work."""
        with self._free:
            if not self._hosts:
                self._hosts = _start()
            while not (free := [place for place in self._hosts if not place.busy]):
                self._free.wait(0.5)
                if cancelled():
                    raise Interrupted
            place = next((one for one in free if one.model == model), free[0])
            place.busy, place.model = True, model
        try:
            yield place.host, place.device
        finally:
            with self._free:
                place.busy = False
                self._free.notify()


@dataclass
class _Place:
    """A worker, its device, and the model that it worked with last."""

    host: Any
    device: Any
    model: str = ""
    busy: bool = False


def _start() -> list[_Place]:
    from vidgen.engines.local.host import Host

    places = []
    for device, *others in _groups():
        group = [one.torch_name for one in (device, *others)] if others else []
        places.append(_Place(Host(device.torch_name, group=group), device))
    return places


class _Progress:
    """Steps of several runs as one share that only grows."""

    def __init__(self, takes: int, progress: Progress) -> None:
        self._takes, self._progress = takes, progress
        self._done: dict[int, float] = {}
        self._told = 0.0

    def step(self, message: dict[str, Any]) -> None:
        """Hear of one step."""
        for take in message["takes"]:
            self._done[take] = message["step"] / max(1, message["steps"])
        share = min(_DENOISING, sum(self._done.values()) / self._takes * _DENOISING)
        if share > self._told:
            self._told = share
            self._progress(share)


def _result(made: Any, notices: Sequence[tuple[str, str]]) -> Generated | VidgenError:
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


def _groups() -> Sequence[Sequence[Any]]:
    """The devices, as many together as are to make each clip. Raises InputError where there are not so many."""
    from vidgen.engines.local.devices import device_of, devices
    from vidgen.engines.local.settings import settings

    wished = settings()
    found = [device_of(name) for name in wished.devices] if wished.devices else list(devices())
    size = wished.context_parallel
    groups = [found[start : start + size] for start in range(0, len(found) - size + 1, size)]
    if not groups:
        text = f"config.yaml: local.context_parallel: {size} devices are to work together, and there are {len(found)}"
        raise InputError("config.invalid", text, hint="leave it out, or name the devices: local: {devices: [cuda:0, cuda:1]}")
    return groups
