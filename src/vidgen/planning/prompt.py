"""Render the prompt of a shot, in the order that suits each engine (``prompt_orders.yaml``)."""

from __future__ import annotations

import functools
from typing import Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.media.tables import read_table
from vidgen.storyboard.model import Camera, Motion, Shot
from vidgen.storyboard.vocabulary import phrase
from vidgen.takes.request import Task, Words


@functools.cache
def _orders() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = read_table("vidgen.planning", "prompt_orders.yaml")
    return loaded


def motion_words(motion: Motion | None) -> str:
    """The phrase of the motion type, and its detail; empty if the shot has no ``motion``."""
    if motion is None:
        return ""
    return ", ".join(part for part in (phrase("motion_type", motion.type, "en"), motion.detail) if part)


def camera_words(camera: Camera | None) -> str:
    """The phrases of size, angle, move, speed, lens and focus; empty if the shot has no ``camera``."""
    if camera is None:
        return ""
    parts = [
        phrase("shot_size", camera.size, "en") if camera.size else "",
        phrase("camera_angle", camera.angle, "en") if camera.angle else "",
        phrase("camera_move", camera.move, "en"),
        "" if camera.speed == "slow" else phrase("camera_speed", camera.speed, "en"),
        f"{camera.lens:g}mm lens" if isinstance(camera.lens, int | float) else camera.lens or "",
        {"deep": "deep focus", "shallow": "shallow depth of field", "rack": "rack focus"}.get(camera.focus or "", ""),
        f"revealing {camera.reveals}" if camera.reveals else "",
    ]
    return ", ".join(part for part in parts if part)


def render_prompt(order: str, task: Task, words: Words, camera: str) -> str:
    """The prompt of a shot in an engine's order. An unknown ``order`` is taken as ``generic``.

    For a task with an opening picture an order may leave out the scene. It is still included if the shot has no action.
    """
    orders = _orders()
    row = orders.get(order, orders["generic"])
    sentences = row.get(task, row["text_to_video"])
    parts = {
        "scene": words.scene,
        "subject": words.subject,
        "action": words.action,
        "characters": ", ".join(words.characters),
        "camera": camera,
        "motion": words.motion,
        "lighting": words.lighting,
        "style": words.style,
        "extra": words.extra,
    }
    named = {name for sentence in sentences for name in sentence}
    if not words.action and "scene" not in named:
        parts["action"] = ", ".join(parts[name] for name in ("subject", "scene") if parts[name] and name not in named)

    def text_of(name: str) -> str:
        return (name[1:] if name.startswith("=") else parts[name]).strip().rstrip(".。")

    lines = [", ".join(text for name in sentence if (text := text_of(name))) for sentence in sentences]
    lines = [line for line in lines if line]
    if row["join"] == "comma":
        return ", ".join(lines)
    return " ".join(f"{line[:1].upper()}{line[1:]}." for line in lines)


def prompt_of(shot: Shot, task: Task, words: Words, capabilities: Capabilities) -> str:
    """The prompt of a shot for an engine: its own where it is verbatim, else the one rendered from ``words``."""
    shown: Task = task if capabilities.first_frame or task != "image_to_video" else "text_to_video"
    return shot.prompt or render_prompt(capabilities.prompt_order, shown, words, camera_words(shot.camera))


def words_of(shot: Shot, descriptions: tuple[str, ...]) -> Words:
    """The texts of a shot. ``descriptions``: those of its characters."""
    return Words(
        scene=shot.scene or "",
        subject=shot.subject or "",
        action=shot.action or "",
        motion=motion_words(shot.motion),
        lighting=shot.lighting or "",
        style=shot.style or "",
        extra=shot.prompt_extra or "",
        characters=descriptions,
    )
