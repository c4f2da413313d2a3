"""The storyboard that ``vidgen new`` writes (``starter_en.yaml``, ``starter_ja.yaml``)."""

from __future__ import annotations

import json
import re
from importlib.resources import files

LANGUAGES = ("en", "ja")
_LONGEST_TITLE = 200
_HIDDEN = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
"""What YAML does not allow or would fold, and marks that turn the direction of what follows."""


def starter_text(language: str, title: str, file: str = "film.yaml") -> str:
    """A commented four-shot storyboard that lints clean and renders. Japanese if ``language`` is ``ja``, else English.

    ``file``: its name, for the commands in its first comment.
    """
    name = "starter_ja.yaml" if language == "ja" else "starter_en.yaml"
    text = files("vidgen.storyboard").joinpath(name).read_text(encoding="utf-8")
    shown = re.sub(r"[^\w.\- ]", "_", file)
    return text.replace("%file%", shown).replace("%title%", quoted(title[:_LONGEST_TITLE]))


def quoted(text: str) -> str:
    """Text in double quotes, with every character that YAML does not allow or would fold written as an escape."""
    valid = text.encode("utf-8", "replace").decode("utf-8") or "film"
    quoted = json.dumps(valid, ensure_ascii=False)
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
