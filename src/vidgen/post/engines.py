"""The engines, and which one ``auto`` is. Light: nothing heavy is loaded before ``Chosen.load``."""

from __future__ import annotations

import difflib
import math
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from vidgen.errors import InputError, MissingError, Notice
from vidgen.media.home import vidgen_home
from vidgen.media.rate import rate_text
from vidgen.post.device import gpu_here
from vidgen.post.stages import Engine, FilterInterpolator, FilterUpscaler
from vidgen.settings import settings

Fetch = Callable[[str], Path]
"""Has a model's verified files here and returns their folder: ``weights.store.pull``, or that with progress around it."""

DEFAULT_UPSCALE_MODEL = "realesr-animevideov3"
WEIGHTS_SUFFIXES = (".safetensors", ".pth")
"""A model that ends in one of these is a file of the user's own."""


SMALLEST_MINTERPOLATE = 32
"""Pixels a side under which ffmpeg's motion search has no blocks."""


class Minterpolate(FilterInterpolator):
    """ffmpeg's motion-compensated interpolation; its own scene detection is off, since it misses cuts and sees false ones."""

    name = "minterpolate"

    def filter(self, rate: Fraction) -> str:
        """See ``FilterInterpolator``."""
        return f"minterpolate=fps={rate_text(rate)}:mi_mode=mci:scd=none"


class Nearest(FilterInterpolator):
    """Takes the frame that is shown at each time: for lower rates, where nothing has to be made up."""

    name = "nearest"

    def filter(self, rate: Fraction) -> str:
        """See ``FilterInterpolator``."""
        return f"fps={rate_text(rate)}:round=near"


class Blend(FilterInterpolator):
    """Mixes the two frames around each time: soft, and without the tears that a wrong motion makes."""

    name = "blend"

    def filter(self, rate: Fraction) -> str:
        """See ``FilterInterpolator``."""
        return f"minterpolate=fps={rate_text(rate)}:mi_mode=blend:scd=none"


class Lanczos(FilterUpscaler):
    """Lanczos resampling: sharp edges, no invented detail."""

    name = "lanczos"

    def filter(self, width: int, height: int) -> str:
        """See ``FilterUpscaler``."""
        return f"scale={width}:{height}:flags=lanczos+accurate_rnd+full_chroma_int"


@dataclass(frozen=True)
class Network:
    """An engine that runs a network in Python: the module whose ``load`` makes it, what that imports, and the optional
    dependency of vidgen that brings it.
    """

    module: str
    imports: tuple[str, ...]
    extra: str

    def missing(self) -> str | None:
        """The first package that is not installed; None where the engine can be loaded."""
        return next((name for name in self.imports if find_spec(name) is None), None)


INTERPOLATORS: Mapping[str, type[FilterInterpolator] | Network] = {
    "rife": Network("vidgen.post.rife.engine", ("torch", "safetensors"), "post"),
    "minterpolate": Minterpolate,
    "blend": Blend,
    "nearest": Nearest,
}
UPSCALERS: Mapping[str, type[FilterUpscaler] | Network] = {
    "ncnn": Network("vidgen.post.esrgan.ncnn_engine", ("ncnn",), "post"),
    "torch": Network("vidgen.post.esrgan.torch_engine", ("torch",), "post"),
    "realesrgan": Network("vidgen.post.esrgan.package_engine", ("realesrgan", "torch"), "realesrgan"),
    "lanczos": Lanczos,
}


@dataclass(frozen=True)
class Chosen:
    """The engine that will be used, and why. ``network`` is false for a step of the ffmpeg graph."""

    name: str
    model: str | None
    why: str
    network: bool
    load: Callable[[Fetch], Engine]
    notices: tuple[Notice, ...] = ()


def choose_interpolator(name: str, source: Fraction, target: Fraction, *, light: bool = False, download: bool = True) -> Chosen:
    """The engine for a change of rate, and why. ``light``: ``auto`` is the one that costs little; ``download``: whether it may
    be one whose weights are not here yet.

    Raises MissingError for an engine whose packages are not installed, InputError for an unknown one.
    """
    _known("interpolate", name, INTERPOLATORS)
    if target < source and name in ("auto", "nearest"):
        return _filter(Nearest, "interpolate: frames are left out, since the rate falls")
    if name != "auto":
        return _interpolator(name, f"interpolate: {name} was asked for")
    if light:
        return _filter(Minterpolate, "interpolate: auto is minterpolate, since an animatic needs no network")
    if reason := _no_rife(download):
        text = f"auto took minterpolate instead of RIFE: {reason}"
        return _filter(Minterpolate, f"interpolate: {text}", (Notice("post.light_engine", text),))
    return _interpolator("rife", f"interpolate: auto is rife, on the {'GPU' if gpu_here() else 'CPU'}")


def _no_rife(download: bool) -> str | None:
    """Why ``auto`` cannot be RIFE here."""
    from vidgen.weights.registry import model
    from vidgen.weights.store import status

    rife = INTERPOLATORS["rife"]
    if isinstance(rife, Network) and (package := rife.missing()):
        return f"the package {package} is not installed (pip install 'vidgen[{rife.extra}]')"
    if status(model("rife-4.0")).state == "here":
        return None
    if settings().offline:
        return "its weights are not here and VIDGEN_OFFLINE forbids downloads (vidgen models pull rife-4.0)"
    if not download:
        return "its weights are not here (vidgen models pull rife-4.0)"
    return None


def _interpolator(name: str, why: str) -> Chosen:
    entry = INTERPOLATORS[name]
    if not isinstance(entry, Network):
        return _filter(entry, why)
    module = _module(name, entry)

    def load(fetch: Fetch) -> Engine:
        return _kept((module, vidgen_home()), lambda: import_module(module).load(fetch("rife-4.0")))

    return Chosen(name, "rife-4.0", why, True, load)


def choose_upscaler(
    name: str, model: str | None, *, ratio: float = 2.0, tile: int | None = None, light: bool = False
) -> Chosen:
    """The engine for a change of size, and why.

    Args:
        name: ``auto`` or an engine. model: None for the usual one; a file of the user's own ends in .safetensors or .pth.
        ratio: how many times larger the picture becomes; at 1 and below there is nothing for a network to do.
        tile: size of the tiles in pixels; None: as fits. light: ``auto`` without a model is the engine that costs little.

    Raises MissingError for an engine whose packages are not installed, InputError for an unknown engine or model.
    """
    _known("upscale", name, UPSCALERS)
    own = model is not None and model.lower().endswith(WEIGHTS_SUFFIXES)
    named = _model_named(model) if model and not own else model
    if name == "lanczos" and model:
        raise InputError("usage.invalid", f"lanczos has no model {model}", hint="leave the model out, or the engine")
    if name == "lanczos" or ratio <= 1:
        return _filter(
            Lanczos, "upscale: lanczos was asked for" if ratio > 1 else "upscale: lanczos, since the picture shrinks"
        )
    if name == "auto" and light and model is None:
        return _filter(Lanczos, "upscale: auto is lanczos, since an animatic needs no network")
    engine, why = (name, f"upscale: {name} was asked for") if name != "auto" else _auto_upscaler(own)
    entry = UPSCALERS[engine]
    assert isinstance(entry, Network)
    module = _module(engine, entry)
    wanted = named or DEFAULT_UPSCALE_MODEL
    factor = min(4, max(2, math.ceil(ratio - 0.01)))

    def load(fetch: Fetch) -> Engine:
        def make() -> Engine:
            folder = Path(wanted).parent if own else fetch(wanted)
            engine: Engine = import_module(module).load(folder, wanted, factor=factor, tile=tile)
            return engine

        return _kept((module, vidgen_home(), wanted, factor, tile), make)

    return Chosen(engine, wanted, f"{why}, with {wanted}", True, load)


def _auto_upscaler(own_file: bool) -> tuple[str, str]:
    if own_file:
        return "torch", "upscale: auto is torch, which reads files of your own"
    torch_here = find_spec("torch") is not None
    if gpu_here() and torch_here:
        return "torch", "upscale: auto is torch, on the GPU"
    if find_spec("ncnn") is None and torch_here:
        return "torch", "upscale: auto is torch, since ncnn is not installed"
    return "ncnn", "upscale: auto is ncnn, on the CPU"


def _model_named(name: str) -> str:
    from vidgen.weights.registry import model, models

    row = model(name)
    if row.task != "upscale":
        known = [row.name for row in models() if row.task == "upscale"]
        raise InputError("models.unknown", f"{row.name} is not for upscaling", hint=f"for that: {', '.join(known)}")
    return row.name


def _filter(kind: type[FilterInterpolator] | type[FilterUpscaler], why: str, notices: tuple[Notice, ...] = ()) -> Chosen:
    return Chosen(kind.name, None, why, False, lambda fetch: kind(), notices)


_LOADED: dict[tuple[object, ...], Engine] = {}
_LOADING = threading.Lock()


def _kept(key: tuple[object, ...], make: Callable[[], Engine]) -> Engine:
    """One network of a kind in memory, for all the clips that are worked on."""
    with _LOADING:
        if key not in _LOADED:
            _LOADED[key] = make()
        return _LOADED[key]


def _module(name: str, network: Network) -> str:
    if package := network.missing():
        raise MissingError(
            "post.engine_missing",
            f"the engine {name} needs the package {package}, which is not installed",
            hint=f"pip install 'vidgen[{network.extra}]'",
        )
    return network.module


def _known(job: str, name: str, engines: Collection[str]) -> None:
    if name == "auto" or name in engines:
        return
    near = difflib.get_close_matches(name, engines, 1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    raise InputError(
        "post.engine_unknown", f"{job}: there is no engine {name!r}{guess}", hint=f"engines: auto, {', '.join(engines)}"
    )
