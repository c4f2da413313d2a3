"""The visible label: on which films it is, and its words.

The law asks for it where a picture resembles real people, things, places or events and would falsely appear to be authentic.
No program can tell that for sure, so ``auto`` errs towards a label: a shot of a trained model is taken to look real, unless the
storyboard asks for a drawn style and gives the model nothing real to begin with.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from vidgen.media.tables import read_table
from vidgen.storyboard.model import Character, Shot, Storyboard

ICON = "ⓘ"


@functools.cache
def _tables() -> Mapping[str, Any]:
    table: dict[str, Any] = read_table("vidgen.provenance", "label.yaml")
    return table


def label_text(board: Storyboard, made_by_models: Sequence[Shot], others: int) -> str | None:
    """The words of the label; None for a film without one.

    ``made_by_models``: the shots that trained models made; ``others``: the number of all other shots.
    """
    wanted = board.provenance.label
    if wanted == "off":
        return None
    if wanted != "auto":
        return f"{ICON} {wanted}"
    if not any(looks_real(shot, board) for shot in made_by_models):
        return None
    words = _tables()["words"]
    row = words.get(board.language.partition("-")[0].lower(), words["en"])
    return f"{ICON} {row['some' if others else 'all']}"


def looks_real(shot: Shot, board: Storyboard) -> bool:
    """Whether a shot of a trained model may be taken for real."""
    cast = [board.characters.get(name, Character()) for name in shot.characters or ()]
    given = (shot.start_frame, shot.end_frame, shot.references, shot.source_video, shot.motion_reference, shot.lip_sync)
    if any(given) or any(character.references for character in cast):
        return True
    words = " ".join(filter(None, (shot.style or board.style, shot.scene, shot.prompt, shot.prompt_extra))).lower()
    return not _drawn().search(words)


@functools.cache
def _drawn() -> re.Pattern[str]:
    styles = _tables()["drawn_styles"]
    words = "|".join(re.escape(word) for word in styles["words"])
    return re.compile(rf"\b(?:{words})\b|{'|'.join(map(re.escape, styles['anywhere']))}")
