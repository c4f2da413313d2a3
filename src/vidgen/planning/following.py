"""Mouths that follow what is said in the shot (``lip_sync: dialogue``): what of that an engine is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from vidgen.catalog.capabilities import Capabilities
from vidgen.errors import Notice
from vidgen.storyboard.model import DIALOGUE, Shot
from vidgen.takes.request import SpokenLine

Lines = tuple[SpokenLine, ...]
NOTHING_SAID = "its engine makes a clip speak, and nobody here can say any of the shot's lines"
GIVE_A_VOICE = "give a line a file, or make it one that can be spoken here (vidgen doctor lists the voices)"


def heard_lines(lines: Lines, capabilities: Capabilities) -> Lines:
    """The lines that the engine gets: none where it hears no voice, so that a changed line is no reason to buy again."""
    return lines if "lip_sync" in capabilities.tasks else ()


def only_speaks(shot: Shot, capabilities: Capabilities) -> bool:
    """Whether the shot is to say its own lines, by a model that makes clips speak and does nothing else."""
    return shot.lip_sync == DIALOGUE and capabilities.tasks == ("lip_sync",)


def visible_shot(shot: Shot, capabilities: Capabilities) -> Shot:
    """The shot as its task, prompt and price see it. A model that makes pictures makes the same ones with a voice to follow."""
    if shot.lip_sync == DIALOGUE and not only_speaks(shot, capabilities):
        return shot.model_copy(update={"lip_sync": None})
    return shot


def line_notices(shot: Shot, lines: Lines, capabilities: Capabilities) -> Iterator[Notice]:
    """Where no line can be followed, or one is still to be spoken."""
    if shot.lip_sync != DIALOGUE or "lip_sync" not in capabilities.tasks:
        return
    if not lines and only_speaks(shot, capabilities):
        yield Notice("speech.nothing_said", f"lip_sync: {NOTHING_SAID}; a render stops before anything is made", shot.id)
    elif not lines:
        yield Notice("engine.wish_ignored", "lip_sync: none of the shot's lines has a sound; left out", shot.id)
    elif any(line.file is None for line in lines):
        text = "lip_sync: what is said is not spoken yet; a render speaks it before the shot is made"
        yield Notice("speech.estimated", text, shot.id)
