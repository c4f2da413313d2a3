"""The built-in engines, those of other packages, and which one ``auto`` is. Light: only ``Chosen.load`` loads what is heavy.

An engine of another package comes by an entry point of the group ``vidgen.interpolators`` or ``vidgen.upscalers``. Packages are
read only for a name that is not in the tables here.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from vidgen.errors import InputError, MissingError, Notice
from vidgen.installed import Group, PluginProblem, plugins
from vidgen.media.home import vidgen_home
from vidgen.post.device import gpu_here
from vidgen.post.filters import Blend, Lanczos, Minterpolate, Nearest
from vidgen.post.plugins import PostPlugin, post_plugin, post_problems
from vidgen.post.stages import FilterInterpolator, FilterUpscaler, PostEngine
from vidgen.settings import settings
from vidgen.spelling import did_you_mean

Fetch = Callable[[str], Path]
"""Downloads a model's files where they are not here, checks them, and returns their folder: ``weights.store.pull``."""

DEFAULT_UPSCALE_MODEL = "realesr-animevideov3"
WEIGHTS_SUFFIXES = (".safetensors", ".pth")
"""A model that ends in one of these is a file of the user's own."""


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
    """The engine that will be used, and why.

    Args:
        model: the name of its model, or a file of the user's own.
        network: whether frames go through Python; false for a step of the ffmpeg graph.
        load: makes the engine. weights: the model of the registry that it reads.
        plugin: where it comes from, for an engine of another package.
        meets: what it does where it only meets the film's size or rate and nobody asked for more: ``scaled``, ``frames
            repeated``, ``frames left out``.
    """

    name: str
    model: str | None
    why: str
    network: bool
    load: Callable[[Fetch], PostEngine]
    notices: tuple[Notice, ...] = ()
    weights: str | None = None
    plugin: PostPlugin | None = None
    meets: str = ""

    @property
    def version(self) -> str:
        """Package and versions of an engine of another package; empty for built-in ones, whose version is vidgen's."""
        return self.plugin.version if self.plugin else ""

    @property
    def identity(self) -> str:
        """Name, model and version: what the result depends on."""
        return " ".join(part for part in (self.name, self.model, self.version) if part)


def choose_interpolator(
    name: str, source: Fraction, target: Fraction, *, light: bool = False, download: bool = True, asked: bool = True
) -> Chosen:
    """The engine for a change of rate, and why. ``light``: ``auto`` is the one that costs little; ``download``: whether it may
    be one whose weights are not here yet; ``asked``: whether a user asked for it.

    Raises MissingError for an engine that is broken or lacks something here, InputError for an unknown one.
    """
    plugin = _check_name("interpolate", name)
    if target < source and name in ("auto", "nearest"):
        return replace(_filter(Nearest, "rate: frames are left out, since it falls"), meets="frames left out")
    if name == "nearest" and not asked:
        return replace(_filter(Nearest, "rate: frames are repeated to meet the film's"), meets="frames repeated")
    if plugin:
        return _chosen(plugin, f"interpolate: {name} was asked for", lambda fetch: plugin.interpolator())
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

    def load(fetch: Fetch) -> PostEngine:
        return _kept((module, vidgen_home()), lambda: import_module(module).load(fetch("rife-4.0")))

    return Chosen(name, "rife-4.0", why, True, load, weights="rife-4.0")


def choose_upscaler(
    name: str, model: str | None, *, ratio: float = 2.0, tile: int | None = None, light: bool = False, asked: bool = True
) -> Chosen:
    """The engine for a change of size, and why.

    Args:
        name: ``auto`` or an engine. model: None for the usual one; a file of the user's own ends in .safetensors or .pth.
        ratio: how many times larger the picture becomes; at 1 and below there is nothing for a network to do.
        tile: size of the tiles in pixels; None: as fits. light: ``auto`` without a model is the engine that costs little.
        asked: whether a user asked for a larger picture.

    Raises MissingError for an engine that is broken or lacks something here, InputError for an unknown engine or model.
    """
    plugin = _check_name("upscale", name)
    if model and not takes_model(name):
        raise InputError("usage.invalid", f"{name} has no model {model}", hint="leave the model out, or the engine")
    own = model is not None and model.lower().endswith(WEIGHTS_SUFFIXES)
    named = _model_named(model) if model and not own else model
    if ratio <= 1 or (name == "lanczos" and not asked):
        why = f"size: scaled by lanczos{', since the picture becomes smaller' if ratio <= 1 else ' to meet the film'}"
        return replace(_filter(Lanczos, why), meets="scaled")
    if name == "lanczos":
        return _filter(Lanczos, "upscale: lanczos was asked for")
    if name == "auto" and light and model is None:
        return _filter(Lanczos, "upscale: auto is lanczos, since an animatic needs no network")
    factor = min(4, max(2, math.ceil(ratio - 0.01)))
    if plugin:
        return _chosen(plugin, f"upscale: {name} was asked for", lambda fetch: plugin.upscaler(factor, tile), factor, tile)
    engine, why = (name, f"upscale: {name} was asked for") if name != "auto" else _auto_upscaler(own)
    entry = UPSCALERS[engine]
    assert isinstance(entry, Network)
    module, used = _module(engine, entry), named or DEFAULT_UPSCALE_MODEL

    def load(fetch: Fetch) -> PostEngine:
        def make() -> PostEngine:
            folder = Path(used).parent if own else fetch(used)
            engine: PostEngine = import_module(module).load(folder, used, factor=factor, tile=tile)
            return engine

        return _kept((module, vidgen_home(), used, factor, tile), make)

    return Chosen(engine, used, f"{why}, with {used}", True, load, weights=None if own else used)


def takes_model(name: str) -> bool:
    """Whether an upscaling engine has models to choose from."""
    return name == "auto" or isinstance(UPSCALERS.get(name), Network)


def broken_plugins() -> list[PluginProblem]:
    """Engines of other packages that cannot be used, and why. Imports all of them: for ``vidgen doctor``."""
    return list(post_problems({group: ["auto", *table] for group, table in _TABLES.values()}))


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


def _chosen(plugin: PostPlugin, why: str, load: Callable[[Fetch], PostEngine], *options: int | None) -> Chosen:
    plugin.check()
    key = (plugin, *options)
    return Chosen(plugin.plugin.name, None, why, plugin.network, lambda fetch: _kept(key, lambda: load(fetch)), plugin=plugin)


_LOADED: dict[tuple[object, ...], PostEngine] = {}
_LOADING = threading.Lock()


def _kept(key: tuple[object, ...], make: Callable[[], PostEngine]) -> PostEngine:
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


_TABLES: Mapping[str, tuple[Group, Mapping[str, object]]] = {
    "interpolate": ("vidgen.interpolators", INTERPOLATORS),
    "upscale": ("vidgen.upscalers", UPSCALERS),
}
"""Job -> its extension point and its built-in engines."""


def _check_name(job: str, name: str) -> PostPlugin | None:
    """The engine of another package that is meant by a name; None for ``auto`` and the built-in ones.

    Raises InputError ``post.engine_unknown`` with the nearest name, MissingError ``engine.load_failed``.
    """
    group, table = _TABLES[job]
    if name == "auto" or name in table:
        return None
    if plugin := post_plugin(group, name):
        return plugin
    known = ("auto", *table, *sorted(plugins(group)))
    text = f"{job}: there is no engine {name!r}{did_you_mean(name, known)}"
    raise InputError("post.engine_unknown", text, hint=f"engines: {', '.join(dict.fromkeys(known))}")
