"""One take on the page: picture, buttons, scores, faults, and all that is known of how it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vidgen.review.html import Element, element, later
from vidgen.review.media import FOLDER, Shown, ShownShot
from vidgen.review.texts import word, words
from vidgen.takes.request import Window

SCORE_SPAN = 4.0
"""A family's score that fills half of its bar."""


Mode = Literal["disk", "served", "bundle"]
"""Where the page is: a file beside its media, behind a server, or one file that was sent with its media inside."""


@dataclass(frozen=True)
class Look:
    """How the page is made: its language, and where it is."""

    language: str
    mode: Mode = "disk"
    large: bool = False
    """Whether there are more clips than a browser has room for: then it makes those that come near."""

    @property
    def served(self) -> bool:
        """Whether a server stands behind it."""
        return self.mode == "served"

    @property
    def decides(self) -> bool:
        """Whether a person can reject takes and write notes in it."""
        return self.mode != "disk"

    def address(self, name: str) -> str:
        """Where the page finds a file of the media folder."""
        return name if self.mode == "bundle" else f"{FOLDER}/{name}"

    def word(self, key: str, tag: str = "span") -> Element:
        """Words of the page."""
        return word(key, self.language, tag)


def take_card(look: Look, shot: Mapping[str, Any], take: Mapping[str, Any], here: ShownShot, command: str) -> Element:
    """A take. ``take`` is as in ``Dailies.as_dict``; ``command`` picks it on the command line."""
    number, name = take["take"], shot["id"]
    picked, rejected = take["picked"], take["rejected"] is not None
    vetoes, shown = take["vetoes"], here.takes.get(number)
    after = here.after if picked else None
    head = element(
        "h4", look.word("take"), f" {number}", id=f"take-{name}-{number}", class_="take-name",
    )  # fmt: skip
    facts = element(
        "p",
        element("span", _score(look, take), class_="score"),
        element("span", look.word("seed"), f" {take['seed']}"),
        element("span", *_price(look, take)),
        class_="facts",
    )
    return element(
        "div",
        player(look, shown, f"take-{name}-{number}", shot["trim"] if look.served and picked else None, after),
        element("div", head, element("div", *_buttons(look, shot, take, command, after), class_="buttons"), class_="take-head"),
        element("p", look.word("rejected"), f": {take['rejected']}", class_="rejected") if rejected else None,
        _trimmed(look, shot) if picked and shot["trim"] and shot["trim"]["by"] == "person" else None,
        later(facts, _faults(look, vetoes, shown), _families(look, take), _details(look, shot, take)),
        class_="take",
        data_take=number,
        data_picked="true" if picked else "false",
        data_rejected="true" if rejected else "false",
        data_vetoes=" ".join(dict.fromkeys(veto["code"] for veto in vetoes)),
        data_command=command,
        data_sha256=take["sha256"] if look.mode == "bundle" else None,
        role="group",
        aria_labelledby=f"name-{name} take-{name}-{number}",
        tabindex="-1",
    )


def player(
    look: Look, shown: Shown | None, label: str, trim: Mapping[str, Any] | None = None, after: Shown | None = None
) -> Element:
    """A clip with the bar that says which part of it is in the film. Nothing is loaded before it is looked at. ``trim``: how
    far that part can be moved; ``after``: what it is in the film.
    """
    if shown is None:
        return element("div", look.word("not_shown", "p"), class_="screen empty")
    window = shown.window
    video = element(
        "video",
        **{"data_src" if look.mode == "bundle" else "src": look.address(shown.video)},
        data_poster=look.address(shown.poster),
        preload="none",
        muted=True,
        playsinline=True,
        width=shown.width,
        height=shown.height,
        aria_labelledby=label,
        tabindex="-1",
    )
    bar = element("div", element("div", class_="part"), element("div", class_="head"), class_="bar", aria_hidden="true")
    counter = element("p", element("output", str(window.start), class_="frame"), f" / {shown.frames}", class_="counter")
    movable = trim if trim and trim["least"] < trim["most"] else None
    inside = (video, bar, *_handles(look, label, window, movable), counter)
    return element(
        "div",
        *((later(*inside),) if look.large else inside),
        class_="screen",
        data_start=window.start,
        data_count=window.frames,
        data_frames=shown.frames,
        data_fps=f"{float(shown.fps):.6f}",
        data_least=movable["least"] if movable else None,
        data_most=movable["most"] if movable else None,
        data_other=json.dumps(_other(look, after)) if after else None,
    )


def _other(look: Look, shown: Shown) -> dict[str, Any]:
    """What the page needs to show another clip in its place."""
    files = {"src": look.address(shown.video), "poster": look.address(shown.poster)}
    form = {"start": shown.window.start, "count": shown.window.frames, "frames": shown.frames}
    return {**files, **form, "fps": f"{float(shown.fps):.6f}"}


def _handles(look: Look, label: str, window: Window, trim: Mapping[str, Any] | None) -> Iterator[Element]:
    """What a person drags to say with which frame the shot opens, and closes."""
    for edge, more in (("in", 0), ("out", window.frames - 1)) if trim else ():
        yield element(
            "div",
            class_=f"handle {edge}",
            role="slider",
            tabindex="0",
            aria_label=words()[f"trim_{edge}"][look.language],
            data_t_label=f"trim_{edge}",
            aria_describedby=label,
            aria_valuemin=trim["least"] + more if trim else None,
            aria_valuemax=trim["most"] + more if trim else None,
            aria_valuenow=window.start + more,
        )


def _buttons(
    look: Look, shot: Mapping[str, Any], take: Mapping[str, Any], command: str, after: Shown | None
) -> Iterator[Element]:
    of = f"name-{shot['id']} take-{shot['id']}-{take['take']}"
    pressed = "true" if take["picked"] else "false"
    key = "picked" if take["picked"] else "pick"
    yield element(
        "button", look.word(key), type="button", data_action="pick", aria_pressed=pressed, aria_describedby=of, title=command
    )
    if look.decides:
        yield element("button", look.word("reject"), type="button", data_action="reject", aria_describedby=of)
    if after:
        yield element(
            "button", look.word("compare"), type="button", data_action="compare", aria_pressed="false", aria_describedby=of
        )


def _trimmed(look: Look, shot: Mapping[str, Any]) -> Element:
    undo = element("button", look.word("untrim"), type="button", data_action="untrim") if look.served else None
    return element("p", look.word("trimmed"), f" {shot['trim']['start_frame']} ", undo, class_="trimmed")


def _score(look: Look, take: Mapping[str, Any]) -> Element:
    if take["score"] is None:
        return look.word("not_scored")
    return element("span", look.word("score"), f" {take['score']:+.2f}")


def _price(look: Look, take: Mapping[str, Any]) -> Iterator[Element | str]:
    usd = take["cost_usd"]
    if usd is None:
        yield look.word("take_cost")
        yield " "
        yield look.word("unknown")
    elif usd == 0:
        yield look.word("free")
    else:
        yield f"{usd:.2f} USD"
        if take["cost_basis"] == "list":
            yield " "
            yield look.word("list_price")


def _faults(look: Look, vetoes: list[Mapping[str, Any]], shown: Shown | None) -> Element | None:
    if not vetoes:
        return None
    rows = []
    for number, veto in enumerate(vetoes):
        row = element("li", element("b", veto["code"].replace("_", " ")), f": {veto['detail']} ")
        if veto["at_s"] is not None and shown:
            row.append(
                element(
                    "button",
                    f"{veto['at_s']:.2f} s ",
                    look.word("jump"),
                    type="button",
                    data_action="jump",
                    data_at=f"{veto['at_s']:.3f}",
                )  # fmt: skip
            )
        if shown and number in shown.evidence:
            picture = element("img", data_src=look.address(shown.evidence[number]), alt=f"{veto['code']}: {veto['detail']}")
            row.append(picture)
        rows.append(row)
    return element("ul", *rows, class_="faults")


def _families(look: Look, take: Mapping[str, Any]) -> Element | None:
    """A bar for each family of scores: to the right better than the usual take, to the left worse."""
    rows = [_family(look, name, value) for name, value in take["families"].items() if value is not None]
    return element("div", *rows, class_="families") if rows else None


def _family(look: Look, name: str, value: float) -> Element:
    half = min(1.0, abs(value) / SCORE_SPAN) * 50
    bar = element("svg", viewBox="0 0 100 6", preserveAspectRatio="none", aria_hidden="true")
    kind = "better" if value >= 0 else "worse"
    bar.append(element("rect", x="0", y="2", width="100", height="2", class_="track"))
    bar.append(element("rect", x=f"{50 if value >= 0 else 50 - half:.1f}", y="0", width=f"{half:.1f}", height="6", class_=kind))
    return element("p", look.word(name), bar, element("span", f"{value:+.2f}", class_="number"), class_="family")


def _details(look: Look, shot: Mapping[str, Any], take: Mapping[str, Any]) -> Element:
    window = take["window"]
    rows: list[tuple[str, Element | str | None]] = [
        ("prompt", take["prompt"]),
        ("negative", shot["negative"]),
        ("engine", take["engine"]),
        ("model", take["model"]),
        ("licence", take["licence"]),
        ("made_with", None if take["diffusion"] else look.word("drawn")),
        ("size", f"{take['width']}x{take['height']}, {take['fps']:g} fps, {take['frames']}"),
        ("window", f"{window['start']} - {window['start'] + window['frames'] - 1}"),
    ]
    more = [(name, str(value)) for name, value in take["manifest"].items() if name not in ("engine", "model", "seed")]
    missing = [(name, why) for name, why in take["not_measured"].items()]
    items = [part for key, value in rows if value for part in (look.word(key, "dt"), element("dd", value))]
    items += [part for name, text in more for part in (element("dt", name.replace("_", " ")), element("dd", text))]
    for name, why in missing:
        items += [look.word(name, "dt"), element("dd", look.word("not_measured"), f": {why}")]
    return element("details", look.word("details", "summary"), element("dl", *items))
