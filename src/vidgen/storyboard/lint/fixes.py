"""Safe edits that fix findings in place. Each is checked before it is offered."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vidgen.media.tables import yaml_loader
from vidgen.storyboard.json_escapes import hidden
from vidgen.storyboard.lint.findings import Edit, Fix
from vidgen.storyboard.lint.text import check_text
from vidgen.storyboard.reader import Path_

if TYPE_CHECKING:
    from vidgen.storyboard.lint.shots import ShotView

_QUOTED = re.compile(r"[\"“「『]([^\"”」』]{1,60})[\"”」』]")
_CAPTION_VERB = re.compile(
    r"(?:\s*,?\s*(?:that |which )?"
    r"(?:reads?|reading|says?|saying|with the words?|with the text|spelling|labell?ed|titled)[:,]?)?\s*$"
)
_CAPTION_VERB_JA = re.compile(
    r"^(?:と(?:いう文字が)?(?:書かれた|書いてある|表示された|記された|刻まれた|描かれた)|という(?:文字の)?"
    r"|の(?=看板|ネオン|ポスター|横断幕|のれん|提灯|ロゴ))"
)
_OPENERS = (
    re.compile(
        r"^(?:(?:hi|hello|hey)[,!]?\s+)?(?:(?:please|kindly)[,]?\s+)?(?:(?:can|could|would|will) you (?:please )?)?"
        r"(?:i(?:'d| would) like (?:to see )?|i want (?:to see )?"
        r"|(?:make|create|generate|produce|render|show|give)(?: me| us)?\s+)"
        r"(?=(?:an?|the|some) )"
        r"(?:an? (?:\d+[- ]?(?:s|sec|second)s?[- ])?(?:short )?"
        r"(?:video|clip|animation|footage|movie)(?: clip)? (?:of|showing|with|about) )?",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:please|kindly)[,:]?\s+(?=(?:an?|the|some) )", re.IGNORECASE),
)  # fmt: skip
_CLOSERS = (
    re.compile(r",?\s*(?:please|thanks|thank you)[.!]*$", re.IGNORECASE),
    re.compile(
        r"(?:の(?:動画|映像|アニメーション|クリップ|ビデオ|ムービー))?を(?:作って|作成して|生成して|制作して|つくって|見せて|描いて|お願い)"
        r"(?:ください|下さい|くださいませ|ほしい|欲しい|ほしいです|します|いたします|致します)?[。!!]*$"
    ),
    re.compile(r"を?お願い(?:します|いたします|致します)?[。!!]*$"),
)


def text_fix(view: ShotView, key: str, path: Path_, code: str) -> Fix | None:
    """A safe fix of V401 or V201 in one key of a shot, or None."""
    value = next(text for name, text, _ in view.fields if name == key)
    scalar = _scalar(view.loaded.text, path)
    if scalar is None or _source(view.loaded.text, scalar) is None:
        return None
    fixers = {"V401": _without_politeness, "V201": _with_title}
    return fixers[code](view, key, path, value)


def _without_politeness(view: ShotView, key: str, path: Path_, value: str) -> Fix | None:
    better = value
    for pattern in (*_OPENERS, *_CLOSERS):
        better = pattern.sub("", better)
    better = better.strip()
    if value[:1].isupper():
        better = better[:1].upper() + better[1:]
    if better == value or len(better) < 3 or _still(view, key, better, "V401"):
        return None
    edit = _replacement(view.loaded.text, path, better)
    return Fix("remove the request", (edit,)) if edit else None


def _with_title(view: ShotView, key: str, path: Path_, value: str) -> Fix | None:
    """Move the one quoted span of a text to a title over the picture."""
    spans = list(_QUOTED.finditer(value))
    if len(spans) != 1 or view.shot.text or key == "prompt":
        return None
    before, after = value[: spans[0].start()], value[spans[0].end() :]
    if "「" in spans[0][0] or "『" in spans[0][0]:
        better = before + _CAPTION_VERB_JA.sub("", after)
    else:
        better = _CAPTION_VERB.sub("", before) + " " + after.lstrip()
    better = re.sub(r"\s+([,.])", r"\1", re.sub(r" {2,}", " ", better)).strip(" ,、")
    if len(better) < 8 or _still(view, key, better, "V201"):
        return None
    edit = _replacement(view.loaded.text, path, better)
    insert = _new_key(view.loaded.text, view.path, path, f"text: [{{text: {json.dumps(spans[0][1], ensure_ascii=False)}}}]")
    return Fix("move the words to a title over the picture", (edit, insert)) if edit and insert else None


def _still(view: ShotView, key: str, better: str, code: str) -> bool:
    """Whether the shot would still break the rule with the new text in one key."""
    whole = ", ".join(better if name == key else text for name, text, _ in view.fields)
    return any(hit.code == code for hit in check_text(whole, view.board.language, lexicons=view.lexicons))


@functools.lru_cache(maxsize=4)
def _tree(text: str) -> tuple[Any, tuple[int, ...]]:
    """The file's YAML nodes, and the index of the start of each line."""
    import yaml

    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    return yaml.compose(hidden(text), yaml_loader()), tuple(starts)


def _steps(text: str, path: Path_) -> Iterator[tuple[Any, Any]]:
    """(key node, value node) for each part of a path; the key of a list entry is None."""
    import yaml

    node = _tree(text)[0]
    for step in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            key, node = None, node.value[step]
        elif isinstance(node, yaml.MappingNode):
            key, node = next(((k, v) for k, v in node.value if k.value == step), (None, None))
        else:
            return
        if node is None:
            return
        yield key, node


def _node(text: str, path: Path_) -> Any:
    steps = list(_steps(text, path))
    return steps[-1][1] if len(steps) == len(path) else None


def _scalar(text: str, path: Path_) -> Any:
    import yaml

    node = _node(text, path)
    return node if isinstance(node, yaml.ScalarNode) else None


def _index(text: str, mark: Any) -> int:
    start: int = _tree(text)[1][mark.line]
    return start + int(mark.column)


def _source(text: str, node: Any) -> tuple[int, int] | None:
    """Start and end of a scalar's text without quotes; None if the file writes it differently (escapes, several lines)."""
    start, end = _index(text, node.start_mark), _index(text, node.end_mark)
    quote = 1 if node.style in ("'", '"') else 0
    inside = (start + quote, end - quote)
    plain = (node.style or "") in ("", "'", '"') and text[slice(*inside)] == node.value and "\n" not in node.value
    return inside if plain else None


def _replacement(text: str, path: Path_, better: str) -> Edit | None:
    """The edit that gives a scalar a new value, in the same quotes if it then parses correctly, else in double quotes."""
    import yaml

    node = _scalar(text, path)
    inside = _source(text, node) if node is not None else None
    if inside is None:
        return None
    quote = node.style or ""
    flow = f"[{quote}{better}{quote}]"
    try:
        reads_back = yaml.load(flow, yaml_loader()) == [better]
    except yaml.YAMLError:
        reads_back = False
    if reads_back:
        return Edit(*inside, better)
    return Edit(_index(text, node.start_mark), _index(text, node.end_mark), json.dumps(better, ensure_ascii=False))


def _new_key(text: str, shot: Path_, path: Path_, line: str) -> Edit | None:
    """The edit that adds a key to a shot: on a new line after another key, or inside the same braces."""
    mapping = _node(text, shot)
    if mapping is None or len(path) != len(shot) + 1:
        return None
    key, value = list(_steps(text, path))[-1]
    end = _index(text, value.end_mark)
    if mapping.flow_style:
        return Edit(end, end, f", {line}")
    stop = re.compile(r"[\r\n]|$").search(text, end)
    assert stop is not None
    return Edit(stop.start(), stop.start(), f"\n{' ' * int(key.start_mark.column)}{line}")
