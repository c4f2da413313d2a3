"""The review page: one HTML file with style and program inside, which works from disk and behind the server."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from vidgen.app.review import Dailies
from vidgen.review.html import Element, Inside, data_script, element, html_text, later
from vidgen.review.media import Shown, ShownShot
from vidgen.review.take_card import Look, Mode, player, take_card
from vidgen.review.texts import page_language, program, style, words
from vidgen.review.wave import HIGHEST

GENERATOR = "vidgen review"
MOST_CLIPS = 200
"""Most clips of a page that has them all as elements: each takes a browser some 80 kB even when nothing of it is loaded."""
Shots = Mapping[str, ShownShot]
KEYS = (
    ("Space", "key_space"),
    ("J K L", "key_jkl"),
    ("\u2190 \u2192", "key_arrows_lr"),
    ("\u2191 \u2193", "key_arrows_ud"),
    ("1-9", "key_numbers"),
    ("X", "key_x"),
    ("N", "key_n"),
    ("B", "key_b"),
    ("I O, [ ]", "key_trim"),
    ("F", "key_f"),
    ("?", "key_help"),
)


def review_page(film: Dailies, shown: Shots, *, mode: Mode = "disk", known: Mapping[str, str] | None = None) -> str:
    """The whole page. ``known``: what a bundle has to know of its film."""
    look = _look(film, mode)
    state = film.as_dict()
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy(mode)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content=GENERATOR),
        element("meta", name="referrer", content="no-referrer"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{state['title']} - {words()['review'][look.language]}"),
        _raw("style", style()),
    )
    body = element(
        "body",
        element("a", look.word("skip"), href="#shots", class_="skip"),
        element("div", _header(look, state), _timeline(look, state, shown), class_="top"),
        element("main", *_scenes(look, film, state, shown), id="shots", tabindex="-1"),
        _help(look),
        element("div", id="told", role="status", aria_live="polite"),
        data_script("words", words()),
        data_script("film", dict(known)) if known else None,
        _raw("script", program(), type="module"),
        data_mode=mode,
        data_served="true" if look.served else "false",
        data_theme="dark",
    )
    return "<!doctype html>\n" + html_text(element("html", head, body, lang=look.language)) + "\n"


def _look(film: Dailies, mode: Mode) -> Look:
    return Look(page_language(film.plan.board.language), mode, sum(len(shot.takes) for shot in film.shots) > MOST_CLIPS)


def shot_part(film: Dailies, name: str, shown: Shots) -> str:
    """What a change of one shot changes in the served page: the shot, its block in the timeline, and the film's facts."""
    look = _look(film, "served")
    state = film.as_dict()
    shots = state["shots"]
    index = next(index for index, shot in enumerate(shots) if shot["id"] == name)
    parts = [
        _shot(look, film, shots[index - 1] if index else None, shots[index], shown),
        _facts(look, state),
        element("ol", _block(look, shots[index], max(1, state["frames"]), shown[name].wave)),
    ]
    return html_text(element("div", *parts))


def policy(mode: Mode = "disk") -> str:
    """The page's content security policy: its own program and style, and the media that belong to it; nothing else."""
    media = {"disk": "file:", "served": "'self'", "bundle": "blob:"}[mode]
    asks = "'self'" if mode == "served" else "'none'"
    return (
        f"default-src 'none'; script-src '{_digest(program())}'; style-src '{_digest(style())}'; img-src {media} data:; "
        f"media-src {media}; connect-src {asks}; base-uri 'none'; form-action 'none'"
    )


@cache
def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _raw(tag: str, text: str, **attributes: str) -> Element:
    """The page's own program or style; it is written as it is."""
    made = element(tag, **attributes)
    made.text = text
    return made


def _header(look: Look, state: Mapping[str, Any]) -> Element:
    tools = [
        element("button", look.word(key), type="button", data_action=key, **more)
        for key, more in (("lightbox", {"aria_pressed": "false"}), ("theme", {}), ("language", {}), ("keys", {}))
    ]
    if look.served:
        tools.append(element("button", look.word("render"), type="button", data_action="render"))
    if look.mode == "bundle":
        count = element("span", class_="count")
        tools.append(element("button", look.word("save"), count, type="button", data_action="save", disabled=True))
    run = element("p", id="run", role="status") if look.served else None
    return element("header", element("h1", state["title"]), _facts(look, state), run, element("div", *tools, class_="tools"))


def _facts(look: Look, state: Mapping[str, Any]) -> Element:
    takes = sum(len(shot["takes"]) for shot in state["shots"])
    budget: Sequence[Inside] = (
        (look.word("no_budget"),) if state["budget_usd"] is None else (look.word("budget"), f" {state['budget_usd']:.2f} USD")
    )
    unpriced = (", ", f"{state['unpriced']} ", look.word("unpriced")) if state["unpriced"] else ()
    facts = (
        (f"{len(state['shots'])} ", look.word("shots")),
        (f"{takes} ", look.word("takes")),
        (f"{state['duration_s']:.2f} s",),
        (f"{state['width']}x{state['height']}, {state['fps']:g} fps",),
        (look.word("cost"), f" {state['cost_usd']:.2f} USD, ", *budget, *unpriced),
    )
    return element("p", *(element("span", *one) for one in facts), class_="facts", id="facts")


def _timeline(look: Look, state: Mapping[str, Any], shown: Shots) -> Element:
    """The film as a strip: a block for each shot, as long as it is, with its transition and its titles marked."""
    total = max(1, state["frames"])
    items = [_block(look, shot, total, shown[shot["id"]].wave) for shot in state["shots"]]
    return element(
        "nav", element("ol", *items), class_="timeline", aria_label=words()["timeline"][look.language], data_t_label="timeline"
    )


def _block(look: Look, shot: Mapping[str, Any], total: int, wave: Sequence[int]) -> Element:
    seconds = f"{shot['duration_s']:.2f} s"
    status = "clip" if shot["picked_by"] == "clip" else "none" if shot["picked"] is None else "review" * shot["needs_review"]
    mixed = shot["transition"]["frames"] > 0
    notes = [shot["transition"]["type"]] * mixed + [f"T: {title}" for title in shot["titles"]]
    return element(
        "li",
        element(
            "a",
            element("span", shot["id"]),
            element("span", "\u25e2", class_="mixed", aria_hidden="true") if mixed else None,
            element("span", "T", class_="titled", aria_hidden="true") if shot["titles"] else None,
            href=f"#shot-{shot['id']}",
            title=", ".join([f"{shot['id']} {shot['time_code'][0]}", seconds, *notes]),
        ),
        _wave(wave) if wave else None,
        data_share=f"{shot['frames'] / total:.5f}",
        data_for=shot["id"],
        class_=status or None,
    )


def _wave(peaks: Sequence[int]) -> Element:
    """A picture of the sound under a block."""
    points = [*peaks, peaks[-1]]
    above = [f"{place},{HIGHEST - peak}" for place, peak in enumerate(points)]
    below = [f"{place},{HIGHEST + peak}" for place, peak in reversed(list(enumerate(points)))]
    size = f"0 0 {len(peaks)} {2 * HIGHEST}"
    outline = element("polygon", points=" ".join([*above, *below]))
    return element("svg", outline, viewBox=size, preserveAspectRatio="none", class_="wave", aria_hidden="true")


def _scenes(look: Look, film: Dailies, state: Mapping[str, Any], shown: Shots) -> Iterator[Element]:
    headings = {scene.id: scene.heading or "" for scene in film.plan.board.scenes}
    before: Mapping[str, Any] | None = None
    for scene, shots in groupby(state["shots"], key=lambda shot: shot["scene"]):
        parts: list[Element] = []
        for shot in shots:
            parts.append(_shot(look, film, before, shot, shown))
            before = shot
        title = headings.get(scene, "")
        head = element("h2", look.word("scene"), f" {scene}", f": {title}" if title else None, class_="scene-name")
        yield element("section", head, *parts, class_="scene")


def _shot(look: Look, film: Dailies, before: Mapping[str, Any] | None, shot: Mapping[str, Any], shown: Shots) -> Element:
    name = shot["id"]
    here = shown[name]
    cards = [take_card(look, shot, take, here, film.project.commands.pick(name, take["take"])) for take in shot["takes"]]
    if shot["picked_by"] == "clip":
        own = element("div", player(look, here.clip, f"name-{name}"), class_="take own")
        cards = [own]
    return element(
        "article",
        _shot_head(look, shot),
        _shot_text(look, shot),
        element("div", *cards, class_="takes") if cards else look.word("no_take", "p"),
        later(_join(look, before, shot, shown)),
        _notes(look, shot),
        id=f"shot-{name}",
        class_="shot",
        data_shot=name,
        data_picked_by=shot["picked_by"] if shot["picked"] is not None else "",
        aria_labelledby=f"name-{name}",
        tabindex="-1",
    )


def _shot_head(look: Look, shot: Mapping[str, Any]) -> Element:
    name, transition = shot["id"], shot["transition"]
    times = f"{shot['time_code'][0]} - {shot['time_code'][1]}"
    mixed = (look.word("transition"), f" {transition['type']} {transition['frames']} f") if transition["frames"] else ()
    continued = (look.word("continues"), f" {shot['continues']}") if shot["continues"] else ()
    facts: list[Sequence[Inside]] = [(times,), (f"{shot['duration_s']:.2f} s",), (shot["camera"] or "",), mixed, continued]
    keys = ["play"]
    if look.served and shot["picked_by"] != "clip":
        if shot["picked_by"] == "person" and shot["picked"] is not None:
            keys.append("unpick")
        keys.append("more")
    if look.decides:
        keys.append("note")
    of = f"name-{name}"
    buttons = [element("button", look.word(key), type="button", data_action=key, aria_describedby=of) for key in keys]
    return element(
        "div",
        element("h3", name, id=f"name-{name}"),
        element("p", *(element("span", *one) for one in facts if any(one)), class_="facts"),
        element("p", *_status(look, shot), class_="status"),
        element("div", *buttons, class_="buttons"),
        class_="shot-head",
    )


def _status(look: Look, shot: Mapping[str, Any]) -> Iterator[Element]:
    if shot["picked_by"] == "clip":
        yield look.word("by_clip")
        return
    if shot["picked"] is None:
        yield element("strong", look.word("no_take"))
        return
    by = "only" if shot["picked_by"] == "auto" and len(shot["takes"]) == 1 else shot["picked_by"]
    yield element("span", look.word("take"), f" {shot['picked']}: ", look.word(f"by_{by}"))
    if shot["needs_review"]:
        yield element("strong", look.word("needs_review"))


def _shot_text(look: Look, shot: Mapping[str, Any]) -> Element | None:
    rows = [("why", shot["why"]), ("prompt", shot["prompt"]), ("titles", " / ".join(shot["titles"]))]
    parts = [part for key, text in rows if text for part in (look.word(key, "dt"), element("dd", text))]
    return element("dl", *parts, class_="text") if parts else None


def _chosen(shown: Shots, shot: Mapping[str, Any]) -> Shown | None:
    """The clip of a shot that is in the film."""
    here = shown[shot["id"]]
    return here.clip or here.takes.get(shot["picked"])


def _join(look: Look, before: Mapping[str, Any] | None, shot: Mapping[str, Any], shown: Shots) -> Element | None:
    """The last frame of the shot before beside the first of this one."""
    if before is None or not (left := _chosen(shown, before)) or not (right := _chosen(shown, shot)):
        return None
    figures = [
        element(
            "figure",
            element("img", data_src=look.address(still), alt=f"{words()[key][look.language]} {name}"),
            element("figcaption", look.word(key), f" {name}"),
        )
        for key, name, still in (("last_of", before["id"], left.last), ("first_of", shot["id"], right.first))
    ]
    return element("div", look.word("join", "p"), *figures, class_="join")


def _notes(look: Look, shot: Mapping[str, Any]) -> Element | None:
    rows = [element("li", shot["board_notes"])] if shot["board_notes"] else []
    for note in shot["notes"]:
        place: list[Inside] = []
        if note["take"] is not None:
            place = [look.word("take"), f" {note['take']}"]
            place += [f", {note['at_s']:.2f} s: "] if note["at_s"] is not None else [": "]
        rows.append(element("li", *place, note["text"]))
    return element("div", look.word("notes", "p"), element("ul", *rows), class_="notes") if rows else None


def _help(look: Look) -> Element:
    rows = [
        element("tr", element("th", element("kbd", keys), scope="row"), element("td", look.word(text))) for keys, text in KEYS
    ]
    return element(
        "dialog",
        look.word("keys", "h2"),
        element("table", element("tbody", *rows)),
        element("button", look.word("close"), type="button", data_action="close"),
        id="help",
        aria_label=words()["keys"][look.language],
        data_t_label="keys",
    )
