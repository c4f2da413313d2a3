"""Mouths that follow what is said in the shot (``lip_sync: dialogue``): what of that an engine is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from vidgen.catalog.capabilities import Capabilities
from vidgen.errors import Notice
from vidgen.storyboard.model import DIALOGUE, Shot
from vidgen.takes.request import SpokenLine

Lines = tuple[SpokenLine, ...]


def heard_lines(lines: Lines, capabilities: Capabilities) -> Lines:
    """The lines that the engine gets: none where it hears no voice, so that a changed line is no reason to buy again."""
    return lines if "lip_sync" in capabilities.tasks else ()


def visible_shot(shot: Shot, capabilities: Capabilities) -> Shot:
    """The shot as its task, prompt and price see it. A model that makes pictures makes the same ones with a voice to follow."""
    if shot.lip_sync == DIALOGUE and capabilities.tasks != ("lip_sync",):
        return shot.model_copy(update={"lip_sync": None})
    return shot


def line_notices(shot: Shot, lines: Lines, capabilities: Capabilities) -> Iterator[Notice]:
    """Where no line can be followed, or one is still to be spoken."""
    if shot.lip_sync != DIALOGUE or "lip_sync" not in capabilities.tasks:
        return
    if not lines:
        yield Notice("engine.wish_ignored", "lip_sync: none of the shot's lines has a sound; left out", shot.id)
    elif any(line.file is None for line in lines):
        text = "lip_sync: what is said is not spoken yet; a render speaks it before the shot is made"
        yield Notice("speech.estimated", text, shot.id)
