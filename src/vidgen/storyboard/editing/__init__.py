"""Edits of a storyboard's text that leave every other byte as it is: comments, order, quotes, line endings."""

from vidgen.storyboard.editing.keys import KeyEdit, with_keys
from vidgen.storyboard.editing.order import Placement, rearranged

__all__ = ["KeyEdit", "Placement", "rearranged", "with_keys"]
