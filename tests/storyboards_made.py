"""A storyboard made of a text, read back by the storyboard's own loader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidgen.storyboard.loader import parse_storyboard
from vidgen.storyboard.model import Character, Scene, Shot
from vidgen.storyboard.writing.draft import Draft
from vidgen.storyboard.writing.finish import finish
from vidgen.storyboard.writing.screenplay import screenplay_draft
from vidgen.storyboard.writing.shot_list import shot_list_draft
from vidgen.storyboard.writing.yaml_text import storyboard_text


@dataclass(frozen=True)
class MadeBoard:
    """The text, what its loader reads, and what is to decide."""

    text: str
    title: str
    language: str
    scenes: Sequence[Scene]
    characters: dict[str, Character]
    decide: Sequence[str]
    kept: Sequence[str]

    @property
    def shots(self) -> list[Shot]:
        """All shots."""
        return [shot for scene in self.scenes for shot in scene.shots]


def made_of(script: str) -> MadeBoard:
    """A screenplay as a storyboard."""
    return _made(screenplay_draft(script))


def made_of_list(table: str) -> MadeBoard:
    """A shot list as a storyboard."""
    return _made(shot_list_draft(table))


def _made(draft: Draft) -> MadeBoard:
    text = storyboard_text(finish(draft), "source", "film.yaml")
    board = parse_storyboard(text).board
    decide = [remark.text for remark in draft.remarks()]
    return MadeBoard(text, board.title, board.language, board.scenes, board.characters, decide, draft.kept)
