"""open-sora: Open-Sora 2.0 by its own program, ``torchrun ... scripts/diffusion/inference.py``, in its own environment.

Each take is one run of that program, which loads its 11 billion parameters anew.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import capabilities
from vidgen.engines.base import Cancelled, LocalEngine, Progress
from vidgen.engines.open_sora.command import MODEL, order_of, plan
from vidgen.engines.open_sora.setup import revision, setup
from vidgen.errors import InputError, MissingError, ProcessingError
from vidgen.media.files import atomic
from vidgen.media.scratch import scratch_folder
from vidgen.takes.request import Generated, Order, ShotRequest, TakeRequest

__all__ = ["OpenSora"]

_MILESTONES = (
    ("Building dataset", 0.01),
    ("Building models", 0.03),
    ("Generating image condition", 0.2),
    ("Generating video", 0.3),
    ("Saved to", 0.95),
)
"""What the program says on its way, and about how far it then is."""


class OpenSora(LocalEngine):
    """Text, first frame, or first and last frame to 24 frames a second, up to 129 of them, about 256 or 768 pixels square."""

    name = "open-sora"
    at_once = 1

    def capabilities(self, model: str | None = None) -> Capabilities:
        """The table's row. Raises InputError for another model."""
        if model not in (None, MODEL):
            raise InputError(
                "engine.unknown_model",
                f"open-sora has no model {model!r}",
                hint=f"it has {MODEL}; its folder says which weights",
            )
        return capabilities(self.name, model) or Capabilities(engine=self.name, model=MODEL, kind="local")

    def available(self) -> str | None:
        """What is missing of the program, its weights or its launcher, and what to do."""
        try:
            setup()
        except MissingError as error:
            return f"{error.message.removeprefix('open-sora: ')}; {error.hint}"
        return None

    def order(self, request: ShotRequest) -> Order:
        """See ``Engine``: the length, resolution, shape and rate that the program is told."""
        return order_of(request)

    def model_key(self, model: str | None) -> str | None:
        """The model and the program's version. Raises MissingError where it is not here."""
        self.capabilities(model)
        return f"{MODEL}@{revision(setup().folder)}"

    def generate(
        self, take: TakeRequest, out: Path, *, progress: Progress = lambda share: None, cancelled: Cancelled = lambda: False
    ) -> Generated:
        """Make one take. Raises InputError, MissingError, ProcessingError, Cancelled."""
        from vidgen.engines.program import run_program

        self.capabilities(take.request.model)
        with scratch_folder() as scratch:
            job = plan(take, setup(), scratch)
            code, said = run_program(
                job.argv,
                what="Open-Sora",
                cwd=job.setup.folder,
                silence_s=job.setup.silence_s,
                on_line=_milestones(progress),
                cancelled=cancelled,
            )
            clips = sorted(scratch.glob("samples/video_*/*.mp4"))
            if code or not clips:
                raise _failure(code, said, take.request)
            _keep(clips[0], out, take.request, cancelled)
        progress(1.0)
        return Generated(out, job.manifest, True, 0.0, tuple(job.notices))


def _milestones(progress: Progress) -> Callable[[str], None]:
    """A listener that turns what the program says into a share that only grows."""
    told = 0.0

    def hear(line: str) -> None:
        nonlocal told
        share = max((share for words, share in _MILESTONES if words in line), default=0.0)
        if share > told:
            told = share
            progress(share)

    return hear


def _keep(clip: Path, out: Path, request: ShotRequest, cancelled: Cancelled) -> None:
    """Take the program's clip over, byte for byte, once every picture of it was decoded."""
    from vidgen.media.exact import probe_exact
    from vidgen.media.normalise import check_usable

    try:
        check_usable(probe_exact(clip, cancelled=cancelled), request.fps, request.frames)
    except InputError as error:
        text = f"Open-Sora's clip cannot be used: {error.message.replace(str(clip), 'it')}"
        raise ProcessingError("generation.failed", text, where=request.shot) from error
    with atomic(out) as part:
        shutil.copyfile(clip, part)


def _failure(code: int, said: Sequence[str], request: ShotRequest) -> ProcessingError:
    """What went wrong, in the program's own last words; torchrun's report after them says nothing of the cause."""
    if any("out of memory" in line.lower() for line in said):
        return ProcessingError(
            "local.out_of_memory",
            "Open-Sora needs more memory than the GPU has",
            hint="params: {quality: draft}, or more GPUs: open-sora: {gpus: N, offload: true} in config.yaml",
            where=request.shot,
        )
    words = [line for line in said if re.search(r"\b[A-Z]\w*(Error|Exception)\b", line) and "ChildFailedError" not in line]
    last = (words or list(said) or ["it said nothing"])[-1][:400]
    how = f"ended with the status {code}" if code else "made no clip"
    return ProcessingError(
        "generation.failed",
        f"Open-Sora {how}: {last}",
        hint="run its own command once to see that it works",
        where=request.shot,
    )
