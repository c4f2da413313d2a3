"""Storyboards made of what writers and directors have: a screenplay (Fountain or Japanese), or a shot list (CSV).

``read`` -> ``Draft`` -> ``storyboard_text``. Nothing in the text is executed, and no file that it names is opened.
"""

from __future__ import annotations

from vidgen.storyboard.writing.draft import Draft, Remark
from vidgen.storyboard.writing.source import SUFFIXES, read_draft
from vidgen.storyboard.writing.yaml_text import storyboard_text

__all__ = ["SUFFIXES", "Draft", "Remark", "read_draft", "storyboard_text"]
