"""Options that an engine does not support, derived from its capabilities: each is a notice that names the key.

Engines do not repeat these. They add what only a composed request tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.diffusion import model as diffusion_model
from vidgen.catalog.engines import engine_table
from vidgen.errors import Notice
from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.model import Post, Shot, Storyboard
from vidgen.storyboard.reader import dotted
from vidgen.storyboard.unused_keys import unused_keys
from vidgen.takes.request import ShotRequest

IsSet = Callable[[Shot], object]
Supports = Callable[[Capabilities], bool]


def _sounds(shot: Shot) -> bool:
    return shot.own_sound is not None and shot.own_sound.heard


def _may_sound(capabilities: Capabilities) -> bool:
    """Of somebody else's server with models of its own nothing is known."""
    return capabilities.audio is not False or (capabilities.any_model and capabilities.kind != "local")


def _closes_alone(shot: Shot) -> bool:
    return bool(shot.end_frame) and not (shot.start_frame or shot.continue_from)


_OPTIONS: tuple[tuple[str, IsSet, Supports, str], ...] = (
    ("start_frame", lambda s: s.start_frame, lambda c: c.first_frame, "takes no opening picture"),
    ("end_frame", lambda s: s.end_frame, lambda c: c.last_frame, "takes no closing picture"),
    ("end_frame", _closes_alone, lambda c: c.last_frame and c.last_frame_alone, "takes one only together with start_frame"),
    (
        "continue_from",
        lambda s: s.continue_from,
        lambda c: c.first_frame,
        "takes no opening picture, so it cannot continue a shot",
    ),
    ("references", lambda s: s.references, lambda c: c.references > 0, "takes no reference pictures"),
    ("negative", lambda s: s.negative, lambda c: bool(c.negative), "has no negative prompt"),
    ("seed", lambda s: s.seed is not None, lambda c: c.seed, "takes no seed: takes cannot be repeated"),
    ("source_video", lambda s: s.source_video, lambda c: "video_to_video" in c.tasks, "does not restyle a video"),
    ("motion_brush", lambda s: s.motion_brush, lambda c: "motion_brush" in c.tasks, "has no motion brush"),
    ("lip_sync", lambda s: s.lip_sync, lambda c: "lip_sync" in c.tasks, "does not do lip sync"),
    ("own_sound", lambda s: _sounds(s) and not s.lip_sync, _may_sound, "makes no sound"),
    ("motion_reference", lambda s: s.motion_reference, lambda c: "motion_transfer" in c.tasks, "does not transfer motion"),
)
"""Key, whether the shot sets it, whether the engine supports it, and what to say where it does not; of each key the first row
that applies is said.
"""


def _title(capabilities: Capabilities) -> str:
    """What people call it: the provider, and on this machine the model."""
    local = capabilities.kind == "local" and capabilities.model
    return local or capabilities.title or capabilities.engine


def unsupported_options(shot: Shot, capabilities: Capabilities) -> Iterator[Notice]:
    """One notice for each key of the shot that this engine and model do not support."""
    name, reported = _title(capabilities), set[str]()
    for key, is_set, supports, lacks in _OPTIONS:
        if key not in reported and is_set(shot) and not supports(capabilities):
            reported.add(key)
            yield Notice("engine.wish_ignored", f"{key}: {name} {lacks}; left out{_elsewhere(capabilities, supports)}", shot.id)
    move = shot.camera.move if shot.camera else "static"
    if move != "static" and capabilities.moves != ("all",) and move not in capabilities.moves:
        yield Notice("engine.wish_approximated", f"camera: {name} has no control for {move}; it is said in the prompt", shot.id)
    if capabilities.diffusion is False and shot.params:
        unknown = sorted(set(shot.params) - {"slate"})
        if unknown:
            yield Notice("engine.wish_ignored", f"params: {name} does not know {', '.join(unknown)}; left out", shot.id)


_MADE_BY = (
    *("engine", "model", "candidates", "pick", "seed", "params", "negative", "prompt", "prompt_extra", "camera", "motion"),
    *(
        "references",
        "start_frame",
        "end_frame",
        "continue_from",
        "source_video",
        "motion_reference",
        "motion_brush",
        "lip_sync",
    ),
)
"""Keys that say how a shot is made. Words about what is seen (``scene``, ``subject``, ...) may be there for readers."""


def unused_by_clip(shot: Shot) -> Iterator[Notice]:
    """What a shot itself says of how it is made, and is a clip of the user's own."""
    if keys := [key for key in _MADE_BY if key in shot.model_fields_set and getattr(shot, key) is not None]:
        text = f"{', '.join(keys)}: the shot is your own clip, which is used as it is; left out"
        yield Notice("engine.wish_ignored", text, shot.id)


def unused_model(named: str | None, engine: str, chosen: str | None, shot: str, *, auto: bool = False) -> Iterator[Notice]:
    """A model that is ``named`` for a shot whose engine was found by ``auto`` and has none of that name. ``auto``: the command
    line says so, whatever engine the storyboard names.
    """
    if named and chosen is None:
        why = "--engine auto is given" if auto else "no engine is named"
        text = f"model: {why} and {engine} makes the shot, which has no model {named}; left out"
        yield Notice("engine.wish_ignored", text, shot)


def _stretched(capabilities: Capabilities) -> str:
    """What becomes of a clip that is too short."""
    return "which slows it down, up to 1.5 times" if capabilities.engine == "local" else "the end is held"


def _elsewhere(capabilities: Capabilities, supports: Supports) -> str:
    """Which other model of the same engine supports it; empty where none does."""
    rows = engine_table().get(capabilities.engine, ())
    others = [row.model for row in rows if row.model and row.model != capabilities.model and supports(row)]
    return f" ({'' if capabilities.kind == 'local' else 'its model '}{others[0]} could)" if others else ""


def not_yet(board: Storyboard) -> Iterator[Notice]:
    """Keys of the storyboard that this version does nothing about."""
    for key in unused_keys(board):
        code = "post.not_yet" if key.of_post else "plan.not_yet"
        yield Notice(code, f"{dotted(key.path)}: {key.why}; left out", key.shot)


def film_post(board: Storyboard) -> Post | None:
    """The post-processing of all shots: the storyboard's ``post`` with that of its ``defaults`` over it."""
    return merged_shot(board, None, Shot(id="film")).post


def made_even(resolution: str, size: tuple[int, int], post: Post | None, delivered: tuple[int, int]) -> Iterator[Notice]:
    """Sides that are asked for and odd: what they became of the takes' ``size`` and the ``delivered`` one, in pixels."""
    upscale = post.upscale if post else None
    requested = (
        ("resolution", resolution, [int(side) for side in re.findall("[0-9]+", resolution) if resolution != "4k"], size),
        ("post.upscale.height", upscale and upscale.height, [(upscale and upscale.height) or 0], delivered),
    )
    for key, written, sides, (width, height) in requested:
        if any(side % 2 for side in sides):
            text = f"{key}: {written} has an odd side, which video with 4:2:0 colour cannot have; it is {width}x{height}"
            yield Notice("plan.even_size", text)


def own_forms(board: Storyboard) -> Iterator[Notice]:
    """Rates and sizes that single shots ask for: those are the film's, a shot chooses engines alone."""
    film = film_post(board)
    for shot in (shot for scene in board.scenes for shot in scene.shots):
        for step, keys in (("interpolate", ("fps", "factor")), ("upscale", ("height", "scale"))):
            own, whole = getattr(shot.post, step, None), getattr(film, step, None)
            for key in keys:
                value = getattr(own, key, None)
                if value is not None and value != getattr(whole, key, None):
                    text = f"post.{step}.{key}: is the film's and said at its top; left out here"
                    yield Notice("plan.film_wide", text, shot.id)


def without_gpu(choices: Iterable[tuple[str, str | None]]) -> Iterator[Notice]:
    """Models of the table that no GPU will run, of the shots' engines and models. Folders may be small, so they pass."""
    models = {model for engine, model in choices if engine == "local" and (model is None or diffusion_model(model))}
    if models:
        named = ", ".join(sorted(model for model in models if model)) or "the model"
        text = f"no GPU was found: {named} will run on the CPU, which takes hours a clip; engine previz draws an animatic"
        yield Notice("engine.no_gpu", text)


def form_notices(shot: Shot, request: ShotRequest, capabilities: Capabilities) -> Iterator[Notice]:
    """Notices where a request is longer or larger, or has a longer prompt, than the engine's limits. ``request`` is what an
    engine would get.
    """
    name, seconds, approximated = _title(capabilities), request.duration_s, "engine.wish_approximated"
    if capabilities.max_s and seconds > capabilities.max_s + 0.05:
        text = f"makes at most {capabilities.max_s:g} s; {seconds:g} s are asked, {_stretched(capabilities)}"
        yield Notice(approximated, f"duration: {name} {text}", shot.id)
    closing_s = capabilities.last_frame_s
    if request.task == "first_last_frame" and closing_s and not _closes_alone(shot) and seconds > closing_s:
        text = f"makes at most {closing_s:g} s to a closing picture; that is held to the end"
        yield Notice(approximated, f"end_frame: {capabilities.model} {text}", shot.id)
    side = capabilities.max_short_side
    if side and capabilities.kind == "cloud" and min(request.width, request.height) > side:
        yield Notice(approximated, f"resolution: {name} makes at most {side}p; the clip is enlarged", shot.id)
    units = len(request.prompt.encode("utf-16-le")) // 2  # as the strictest provider counts: an emoji is two
    if capabilities.prompt_chars and units > capabilities.prompt_chars:
        text = f"prompt: {units} characters, {name} takes {capabilities.prompt_chars}; shorten it"
        yield Notice("engine.prompt_too_long", text, shot.id)
