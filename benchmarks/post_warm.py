"""Our stream against pure inference, both with a loaded network, in one process: ``python -m benchmarks.post_warm JOB ...``.

Pure inference is the engine alone, in a loop over the same pictures (and the same moments), which lie decoded in memory. The
stream is the whole of ``upscale_file`` or ``interpolate_file``: probing, decoding, inference, encoding, checking.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.post_ways import interpolator, spent, upscaler
from benchmarks.real_clips import excerpt
from vidgen.media.probe import probe_video
from vidgen.post import PostSettings, interpolate_file, upscale_file
from vidgen.post.pictures import load_engines, pictures
from vidgen.post.reading import read_frames
from vidgen.post.retime import retime
from vidgen.post.scene_changes import SceneChangeDetector
from vidgen.post.stages import Pair, PairInterpolator, Picture
from vidgen.post.work import plan_work
from vidgen.weights.store import pull

Round = dict[str, tuple[float, float, float]]
"""Of each action what ``spent`` says."""


def upscale(clip: str, folder: Path, *, frames: int, size: tuple[int, int], rounds: int, scale: int = 2) -> list[Round]:
    source = excerpt(clip, folder / "in.mp4", frames=frames, size=size)
    engine, held = upscaler(scale), decoded(source)
    calls = [held[start : start + engine.batch] for start in range(0, len(held), engine.batch)]
    stream = partial(upscale_file, source, folder / "out.mp4", scale=scale)
    return _against_network(engine, "enlarge", calls, stream, rounds)


def interpolate(clip: str, folder: Path, *, frames: int, size: tuple[int, int], rounds: int, fps: int, own: int) -> list[Round]:
    source = excerpt(clip, folder / "in.mp4", frames=frames, size=size, rate=own)
    stream = partial(interpolate_file, source, folder / "out.mp4", rate=fps, engine="rife")
    return _against_network(interpolator(), "between", batches(source, fps), stream, rounds)


def _against_network(engine: Any, method: str, calls: Sequence[Any], stream: Callable[[], object], rounds: int) -> list[Round]:
    """The calls of an engine alone (``pure``), the stream, and the stream without the network (``rest``): with an engine that
    has the pictures ready.
    """
    work = getattr(engine, method)
    made: list[Any] = []

    def pure() -> None:
        made[:] = [work(call) for call in calls]

    def rest() -> None:
        ready = iter(made)
        setattr(engine, method, lambda call: next(ready))
        stream()
        delattr(engine, method)

    work(calls[0])
    return _rounds({"pure": pure, "stream": stream, "rest": rest}, rounds)


def orders(clip: str, folder: Path, *, frames: int, size: tuple[int, int], rounds: int, fps: int, own: int) -> list[Round]:
    """Both at once, up to the encoder, in both orders; ``chosen`` is the one that the route takes, without a time."""
    source = excerpt(clip, folder / "in.mp4", frames=frames, size=size, rate=own)
    settings = PostSettings(size[0] * 2, size[1] * 2, Fraction(fps), interpolate="rife")
    work = plan_work(probe_video(source), settings)
    engines = load_engines(work, pull)

    def run(enlarge_first: bool) -> Callable[[], object]:
        way = replace(work, route=replace(work.route, enlarge_first=enlarge_first))
        return lambda: _drain(pictures(way, engines, cancelled=lambda: False))

    _drain(islice(pictures(work, engines, cancelled=lambda: False), 3))
    found = _rounds({"interpolate first": run(False), "upscale first": run(True)}, rounds)
    chosen = "upscale first" if work.route.enlarge_first else "interpolate first"
    return [{**one, f"chosen: {chosen}": (0.0, 0.0, 0.0)} for one in found]


class _Listener(PairInterpolator):
    """Notes the pairs that an engine would be given, in its batches."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.heard: list[list[Pair]] = []

    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        self.heard.append(list(pairs))
        return [[pair.before for _ in pair.times] for pair in pairs]


def batches(source: Path, fps: int) -> list[list[Pair]]:
    work = plan_work(probe_video(source), PostSettings(*_size(source), Fraction(fps), interpolate="rife"))
    listener, detector = _Listener(interpolator().batch), SceneChangeDetector()
    read = detector.watch(decoded(source), 0)
    _drain(retime(read, work.clock.times, detector.changes, listener, Fraction(fps), work.frames))
    return listener.heard


def _size(source: Path) -> tuple[int, int]:
    info = probe_video(source)
    return info.width, info.height


def decoded(source: Path) -> list[Picture]:
    width, height = _size(source)
    shape = height, width, 3
    return [np.frombuffer(data, np.uint8).reshape(shape) for data in read_frames(probe_video(source), "rgb24")]


def _drain(items: Iterable[object]) -> None:
    for _ in items:
        pass


def _rounds(actions: dict[str, Callable[[], object]], rounds: int) -> list[Round]:
    """What each action takes, in rounds; every other time the first two change places."""
    found: list[Round] = []
    for number in range(rounds):
        order = list(actions) if number % 2 == 0 else [*reversed(list(actions)[:2]), *list(actions)[2:]]
        found.append({name: spent(lambda name=name: in_a_thread(actions[name])) for name in order})
    return found


def in_a_thread(action: Callable[[], object]) -> None:
    """Run it in a thread, as the stream's stages are. In the main thread OpenMP's workers turn idle in circles while they wait:
    a little faster on a machine that has nothing else to do, several times slower on any other.
    """
    with ThreadPoolExecutor(1) as aside:
        aside.submit(action).result()


def main() -> None:
    job, clip, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    options["size"] = tuple(options["size"])
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as folder:
        jobs = {"upscale": upscale, "interpolate": interpolate, "orders": orders}
        print(json.dumps(jobs[job](clip, Path(folder), **options)))


if __name__ == "__main__":
    main()
