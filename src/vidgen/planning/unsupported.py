"""Wishes that an engine cannot honour: each becomes a notice that names the key, never silence."""

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

Asked = Callable[[Shot], object]
Can = Callable[[Capabilities], bool]


def _sounds(shot: Shot) -> bool:
    return shot.own_sound is not None and shot.own_sound.heard


def _may_sound(able: Capabilities) -> bool:
    """Of somebody else's server with models of its own nothing is known."""
    return able.audio is not False or (able.any_model and able.kind != "local")


_WISHES: tuple[tuple[str, Asked, Can, str], ...] = (
    ("start_frame", lambda s: s.start_frame, lambda c: c.first_frame, "takes no opening picture"),
    ("end_frame", lambda s: s.end_frame, lambda c: c.last_frame, "takes no closing picture"),
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
"""Key, whether the shot asks for it, whether the engine can, and what to say where it cannot."""


def _called(able: Capabilities) -> str:
    """What people call it: the provider, and on this machine the model."""
    return able.model if able.kind == "local" and able.model else able.title or able.engine


def unsupported_options(shot: Shot, able: Capabilities) -> Iterator[Notice]:
    """One notice for each key of the shot that this engine and model cannot honour."""
    name = _called(able)
    for key, asked, can, lacks in _WISHES:
        if asked(shot) and not can(able):
            yield Notice("engine.wish_ignored", f"{key}: {name} {lacks}; left out{_elsewhere(able, can)}", shot.id)
    move = shot.camera.move if shot.camera else "static"
    if move != "static" and able.moves != ("all",) and move not in able.moves:
        yield Notice("engine.wish_approximated", f"camera: {name} has no control for {move}; it is said in the prompt", shot.id)
    if able.diffusion is False and shot.params:
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


def unused_model(named: str | None, engine: str, chosen: str | None, shot: str) -> Iterator[Notice]:
    """A model that is ``named`` for a shot whose engine was found by ``auto`` and has none of that name."""
    if named and chosen is None:
        text = f"model: no engine is named and {engine} makes the shot, which has no model {named}; left out"
        yield Notice("engine.wish_ignored", text, shot)


def _stretched(able: Capabilities) -> str:
    """What becomes of a clip that is too short."""
    return "which slows it down, up to 1.5 times" if able.engine == "local" else "the end is held"


def _elsewhere(able: Capabilities, can: Can) -> str:
    """Which other model of the same engine could do it; empty where none can."""
    others = [row.model for row in engine_table().get(able.engine, ()) if row.model and row.model != able.model and can(row)]
    return f" ({'' if able.kind == 'local' else 'its model '}{others[0]} could)" if others else ""


def not_yet(board: Storyboard) -> Iterator[Notice]:
    """Keys of the storyboard that this version does nothing about."""
    for key in unused_keys(board):
        code = "post.not_yet" if key.of_post else "plan.not_yet"
        yield Notice(code, f"{dotted(key.path)}: {key.why}; left out", key.shot)


def film_post(board: Storyboard) -> Post | None:
    """What post-processing is asked of all shots: the storyboard's ``post`` with that of its ``defaults`` over it."""
    return merged_shot(board, None, Shot(id="film")).post


def made_even(resolution: str, size: tuple[int, int], post: Post | None, delivered: tuple[int, int]) -> Iterator[Notice]:
    """Sides that are asked for and odd: what they became of the takes' ``size`` and the ``delivered`` one, in pixels."""
    upscale = post.upscale if post else None
    asked = (
        ("resolution", resolution, [int(side) for side in re.findall("[0-9]+", resolution) if resolution != "4k"], size),
        ("post.upscale.height", upscale and upscale.height, [(upscale and upscale.height) or 0], delivered),
    )
    for key, written, sides, (width, height) in asked:
        if any(side % 2 for side in sides):
            text = f"{key}: {written} has an odd side, which video with 4:2:0 colour cannot have; it is {width}x{height}"
            yield Notice("plan.even_size", text)


def own_forms(board: Storyboard) -> Iterator[Notice]:
    """Rates and sizes that single shots ask for: those are the film's, a shot chooses engines alone."""
    film = film_post(board)
    for shot in (shot for scene in board.scenes for shot in scene.shots):
        for step, keys in (("interpolate", ("fps", "factor")), ("upscale", ("height", "scale"))):
            wish, whole = getattr(shot.post, step, None), getattr(film, step, None)
            for key in keys:
                asked = getattr(wish, key, None)
                if asked is not None and asked != getattr(whole, key, None):
                    text = f"post.{step}.{key}: is the film's and said at its top; left out here"
                    yield Notice("plan.film_wide", text, shot.id)


def without_gpu(choices: Iterable[tuple[str, str | None]]) -> Iterator[Notice]:
    """Models of the table that no GPU will run, of the shots' engines and models. Folders may be small, so they pass."""
    models = {model for engine, model in choices if engine == "local" and (model is None or diffusion_model(model))}
    if models:
        named = ", ".join(sorted(model for model in models if model)) or "the model"
        text = f"no GPU was found: {named} will run on the CPU, which takes hours a clip; engine previz draws an animatic"
        yield Notice("engine.no_gpu", text)


def unspoken(shot: Shot) -> Iterator[Notice]:
    """Words without a recording: there is no speech synthesis in this version."""
    if shot.voiceover and not shot.voiceover.file:
        yield Notice("sound.not_spoken", "voiceover: has no file; vidgen does not speak yet, so it is silent", shot.id)
    if any(not line.file for line in shot.dialogue or ()):
        yield Notice("sound.not_spoken", "dialogue: a line has no file; vidgen does not speak yet, so it is silent", shot.id)


def length_notices(shot: Shot, seconds: float, prompt: str, able: Capabilities) -> Iterator[Notice]:
    """Notices about clip length and prompt length against the engine's limits."""
    name = _called(able)
    if able.max_s and seconds > able.max_s + 0.05:
        yield Notice(
            "engine.wish_approximated",
            f"duration: {name} makes at most {able.max_s:g} s; {seconds:g} s are asked, {_stretched(able)}",
            shot.id,
        )
    units = len(prompt.encode("utf-16-le")) // 2  # as the strictest provider counts: an emoji is two
    if able.prompt_chars and units > able.prompt_chars:
        yield Notice(
            "engine.prompt_too_long", f"prompt: {units} characters, {name} takes {able.prompt_chars}; shorten it", shot.id
        )
