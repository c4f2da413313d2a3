"""Edits of a storyboard's text that leave every other byte as it is: comments, order, quotes, line endings."""

from vidgen.storyboard.editing.endings import endings, with_endings
from vidgen.storyboard.editing.keys import KeyEdit, with_keys, with_shots
from vidgen.storyboard.editing.layout import written
from vidgen.storyboard.editing.order import Placement, new_id, rearranged

__all__ = [
    "KeyEdit",
    "Placement",
    "endings",
    "new_id",
    "rearranged",
    "with_endings",
    "with_keys",
    "with_shots",
    "written",
]
