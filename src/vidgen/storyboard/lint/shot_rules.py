"""Rules about one shot, from its structure and its engine's capabilities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from vidgen.storyboard.lint.camera import family
from vidgen.storyboard.lint.findings import Finding
from vidgen.storyboard.lint.fixes import text_fix
from vidgen.storyboard.lint.lexicon import languages_of, normalise
from vidgen.storyboard.lint.post_rules import post_rules
from vidgen.storyboard.lint.shots import ShotView
from vidgen.storyboard.lint.text import check_text

LONGEST_S, PART_S = 10, 5
_COMBINABLE = frozenset({"static", "steadicam", "handheld", "aerial", "drone_fpv", "flyover", "pov", "selfie", "reveal"})
"""Camera styles that can be combined with any move."""
_SAME = {
    "crane_up": "pedestal_up", "crane_down": "pedestal_down", "crash_zoom": "zoom_in", "pull_back_reveal": "dolly_out",
    "turn_forward_left": "dolly_in", "turn_forward_right": "dolly_in",
}  # fmt: skip

ShotRule = Callable[[ShotView], Iterator[Finding]]


def words(view: ShotView) -> Iterator[Finding]:
    """V102, V201-V204, V301, V302, V401: rules about the text."""
    if view.shot.clip or not view.text:
        return
    people = len(view.shot.characters or ())
    style = view.shot.style or ""
    for hit in check_text(view.text, view.board.language, style=style, people=people, lexicons=view.lexicons):
        if hit.code in view.ignored:
            continue
        key = view.field_at(hit.start)
        path = view.path_of(key)
        own = path[: len(view.path)] == view.path
        fix = text_fix(view, key, path, hit.code) if own and hit.code in ("V201", "V401") else None
        yield view.finding(hit.code, path, fix=fix, words=_quoted(hit.words))


def _quoted(found: str) -> str:
    short = " ".join(found.split())
    return f'"{short[:57]}..."' if len(short) > 60 else f'"{short}"'


def length(view: ShotView) -> Iterator[Finding]:
    """V101."""
    if view.shot.clip:
        return
    capabilities = view.capabilities
    if view.seconds > LONGEST_S:
        yield view.finding("V101", view.path_of("duration"), seconds=f"{view.seconds:g}", limit="quality falls off after 10 s")
    elif capabilities and capabilities.max_s and min(view.seconds, PART_S) > capabilities.max_s + 0.1:
        limit = f"{capabilities.title or capabilities.engine} makes at most {capabilities.max_s:g} s"
        yield view.finding("V101", view.path_of("duration"), seconds=f"{view.seconds:g}", limit=limit)


def moves(view: ShotView) -> Iterator[Finding]:
    """V301, V302 and V303: conflicts of the text with ``camera:``."""
    move, found = view.move, view.camera
    names = found.names()
    if move is None or not (names or found.static):
        return
    position = (found.moves[0][1] if names else found.static[0][0]) if (names or found.static) else 0
    path = view.path_of(view.field_at(position))
    if move == "static":
        if names and not found.static:
            yield view.finding("V303", path, text_move=_spoken(names[0]), move="static")
        return
    if found.static and not names:
        yield view.finding("V302", path, words=f'"static" in the text, camera: {_spoken(move)}')
    requested = _SAME.get(move, move)
    if move in _COMBINABLE or not names:
        return
    same_axis = next((name for name in names if family(name) == family(requested)), None)
    if same_axis and same_axis not in (requested, family(requested)) and requested != family(requested):
        yield view.finding("V303", path, text_move=_spoken(same_axis), move=_spoken(move))
    elif not same_axis and len(names) == 1 and not {"tracking", names[0]} & _COMBINABLE and not _same_move(requested, names[0]):
        yield view.finding("V301", path, words=f'"{_spoken(names[0])}" in the text, camera: {_spoken(move)}')


def _same_move(one: str, other: str) -> bool:
    """Whether two names may be the same move: tracking is done with a dolly or a truck."""
    pair = {family(one), family(other)}
    return "tracking" in pair and bool(pair & {"dolly", "truck", "orbit"})


def _spoken(move: str) -> str:
    return move.replace("_", " ")


def retired(view: ShotView) -> Iterator[Finding]:
    """V106."""
    capabilities = view.capabilities
    if not capabilities or not capabilities.retired_on or view.shot.clip:
        return
    name = f"{capabilities.title or capabilities.engine} {capabilities.model or ''}".strip()
    instead = f"use {capabilities.instead}" if capabilities.instead else "choose another engine; vidgen engines lists them"
    yield view.finding("V106", view.path_of("engine"), engine=name, date=capabilities.retired_on, instead=instead)


def engine_moves(view: ShotView) -> Iterator[Finding]:
    """V304."""
    capabilities, move = view.capabilities, view.move
    if not capabilities or not move or move == "static" or capabilities.moves in ((), ("all",)) or move in capabilities.moves:
        return
    name = capabilities.title or capabilities.engine
    listed = ", ".join(capabilities.moves)
    yield view.finding("V304", view.path_of("camera"), engine=name, move=_spoken(move), moves=listed)


def negation(view: ShotView) -> Iterator[Finding]:
    """V402."""
    capabilities = view.capabilities
    if not capabilities or capabilities.negative or not capabilities.diffusion or view.shot.clip:
        return
    for language in languages_of(view.text):
        normal = normalise(view.text)
        pattern = re.compile(view.lexicons.of(language, normal.text).negation["ask"])
        if match := pattern.search(normal.text):
            start, end = normal.origin[match.start()], normal.origin[match.end()]
            path = view.path_of(view.field_at(start))
            yield view.finding(
                "V402", path, engine=capabilities.title or capabilities.engine, words=_quoted(view.text[start:end].strip())
            )
            return


def scene_twice(view: ShotView) -> Iterator[Finding]:
    """V403."""
    key = next((name for name in ("start_frame", "source_video") if getattr(view.shot, name)), None)
    if key and view.own.scene and not view.shot.prompt:
        yield view.finding("V403", view.path_of("scene"), key=key)


def prompt_length(view: ShotView) -> Iterator[Finding]:
    """V404. Providers count UTF-16 units or code points; the larger is the safe one."""
    capabilities = view.capabilities
    if not capabilities or not capabilities.prompt_chars or view.shot.clip:
        return
    size = len(view.text.encode("utf-16-le")) // 2
    if size > capabilities.prompt_chars:
        longest = max(view.fields, key=lambda entry: len(entry[1]))[0]
        name = capabilities.title or capabilities.engine
        yield view.finding("V404", view.path_of(longest), length=size, engine=name, limit=capabilities.prompt_chars)


def cast(view: ShotView) -> Iterator[Finding]:
    """V501."""
    listed = view.shot.characters or ()
    known = view.board.characters
    folded = view.text.casefold()
    for name in known:
        if name.casefold() in folded and name not in listed and is_named(name, view.text):
            how = f"add characters: [{name}] to the shot"
            yield view.finding("V501", view.path, what=f"{name} is in the text but not in the shot's characters", how=how)
    for index, name in enumerate(listed):
        entry = known.get(name)
        if entry and not entry.references and not entry.description:
            path = (*view.path_of("characters"), index)
            what = f"{name} has neither a description nor reference pictures"
            yield view.finding("V501", path, what=what, how="give the character a description or references")
    for index, line in enumerate(view.shot.dialogue or ()):
        if line.who and known and line.who not in known:
            path = (*view.path_of("dialogue"), index, "who")
            what = f"{line.who} speaks but is not declared under characters"
            yield view.finding("V501", path, what=what, how="declare the character, or correct the name")


def is_named(name: str, text: str) -> bool:
    """Whether a text speaks of someone of that name. Latin names of one or two letters are not looked for."""
    if name.isascii():
        whole = rf"(?i)(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])"
        return len(name) > 2 and re.search(whole, text) is not None
    return name in text


SHOT_RULES: tuple[ShotRule, ...] = (
    words, length, moves, retired, engine_moves, negation, scene_twice, prompt_length, cast, post_rules,
)  # fmt: skip
"""All rules about one shot."""
