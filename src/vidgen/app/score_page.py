"""``vidgen score --report``: one page of evidence that needs nothing but itself. All text that is not ours is escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from vidgen.errors import InputError
from vidgen.media.files import write_text
from vidgen.media.places import check_output_file
from vidgen.media.tables import read_table
from vidgen.scoring.filmstrip import Curve, Picture, Strip, strip_of

Card = Mapping[str, Any]
"""One of the ``candidates`` of ``score --json``."""

WIDTH, HEIGHT, EDGE = 640, 96, 4
"""Of a curve, in its own units."""
POINTS = 640
"""Most points of a curve; of more the extremes are kept."""


def check_report(file: Path, clips: Sequence[Path]) -> None:
    """Raise InputError where the page cannot be written, before anything is measured."""
    if file.suffix.lower() not in (".html", ".htm"):
        raise InputError(
            "output.bad_name", f"{file}: the page of evidence ends in .html", hint="name it FILE.html", where=str(file)
        )
    check_output_file(file, clips)


def write_report(file: Path, found: Mapping[str, Any], asked: Mapping[str, object]) -> None:
    """Write the page. ``found``: the ``data`` of ``score --json``; ``asked``: what the clips were asked to be, by name.
    Decodes each clip once.
    """
    cards = sorted(found["candidates"], key=lambda card: card["rank"])
    body = [_head(found, cards, asked), _ranking(cards), *(_clip(card) for card in cards), _notes()]
    style = _page()["style"]
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Scores of {len(cards)} {"clip" if len(cards) == 1 else "clips"}</title><style>{style}</style></head>
<body><main>{"".join(body)}</main></body></html>
"""
    write_text(file, text)


@cache
def _page() -> dict[str, Any]:
    data: dict[str, Any] = read_table("vidgen.app", "score_page.yaml")
    return data


def _text(value: object) -> str:
    """Any text for the page: a name may hold whatever a file system takes."""
    return escape(str(value).encode("utf-8", "replace").decode("utf-8"), quote=True)


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3g}"


def _signed(value: float | None) -> str:
    return "not measured" if value is None else f"{value:+.2f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """A table. Cells are HTML already."""
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def _head(found: Mapping[str, Any], cards: Sequence[Card], asked: Mapping[str, object]) -> str:
    winner = _text(Path(found["winner"]).name) if found["winner"] else "none"
    lines = [f"<h1>Best clip: {winner}</h1>" if len(cards) > 1 else f"<h1>{winner}</h1>", f"<p>{_text(found['why'])}.</p>"]
    if found["confidence"] is not None:
        share = f"{found['confidence']:.0%}"
        lines.append(f"<p>In our benchmark, pairs with such a margin were ordered rightly in {share} of cases.</p>")
    if found["needs_review"]:
        lines.append('<p class="veto">A person should look: even the best clip has a fault that rules it out.</p>')
    wishes = [f"{_text(name)}: {_text(value)}" for name, value in asked.items() if value is not None]
    lines.append(f"<p>Asked for: {'; '.join(wishes) if wishes else 'nothing in particular'}.</p>")
    if found["decided_by"]:
        rows = [
            [_text(one["family"]), _words(one["measure"]), _number(one["winner"]), _number(one["next"])]
            for one in found["decided_by"]
        ]
        lines += ["<h2>What decided</h2>", _table(("family", "measure", "best clip", "next"), rows)]
    return f"<header>{''.join(lines)}</header>"


def _ranking(cards: Sequence[Card]) -> str:
    """All clips, best first, with their families."""
    families = list(cards[0]["families"])
    rows = [
        [
            str(card["rank"]),
            f'<a href="#clip{card["rank"]}">{_text(Path(card["file"]).name)}</a>',
            _number(card["total"]),
            *(f'<span class="{_sign(card["families"][name])}">{_signed(card["families"][name])}</span>' for name in families),
            _text(", ".join(veto["code"] for veto in card["vetoes"])) or "none",
        ]
        for card in cards
    ]
    return f"<section><h2>Ranking</h2>{_table(('rank', 'clip', 'total', *families, 'vetoes'), rows, 'ranking')}</section>"


def _sign(value: float | None) -> str:
    return "none" if value is None else "good" if value > 0 else "bad" if value < 0 else ""


def _clip(card: Card) -> str:
    """Everything about one clip."""
    faults = [(veto["at_s"], veto["code"]) for veto in card["vetoes"] if veto["at_s"] is not None]
    parts = [
        f'<section id="clip{card["rank"]}"><h2>{card["rank"]}. {_text(Path(card["file"]).name)}</h2>',
        f"<p class=path>{_text(card['file'])}</p>",
        *(f'<p class="veto">Ruled out: {_text(veto["detail"])}{_time(veto["at_s"])}</p>' for veto in card["vetoes"]),
    ]
    if card["status"] == "uncalibrated":
        parts.append("<p>It was the only clip: its figures compare it with ordinary clean clips.</p>")
    if card["status"] != "unreadable":
        strip = strip_of(Path(card["file"]), faults)
        parts += [f'<div class="strip">{"".join(map(_picture, strip.pictures))}</div>']
        parts += [_curve(curve, strip, faults) for curve in strip.curves]
    parts += [_measures(card), _not_measured(card), "</section>"]
    return "".join(parts)


def _time(at_s: float | None) -> str:
    return "" if at_s is None else f" (at {at_s:.2f} s)"


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.jpeg).decode()
    why = _words(picture.why)
    return (
        f'<figure><img alt="frame at {picture.at_s:.2f} s" src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{picture.at_s:.2f} s: {why}</figcaption></figure>"
    )


def _curve(curve: Curve, strip: Strip, faults: Sequence[tuple[float, str]]) -> str:
    """A curve over time, with a line at each fault."""
    low, high = min(curve.values), max(curve.values)
    span = max(high - low, 1.0)  # less than a level is no change
    last = max(len(curve.values) - 1, 1)

    def across(index: float) -> float:
        return EDGE + index / last * (WIDTH - 2 * EDGE)

    points = " ".join(
        f"{across(index):.1f},{HEIGHT - EDGE - (value - low) / span * (HEIGHT - 2 * EDGE):.1f}"
        for index, value in _thinned(curve.values)
    )
    marks = "".join(_mark(across(at_s * strip.fps), code) for at_s, code in faults)
    return (
        f"<figure class=curve><figcaption><b>{_text(curve.name)}</b>, {low:.3g} to {high:.3g} ({_text(curve.unit)}):"
        f' {_text(curve.what)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{_text(curve.name)} over time"><polyline points="{points}"/>{marks}</svg>'
        f"<div class=axis><span>0 s</span><span>{strip.duration_s:.2f} s</span></div></figure>"
    )


def _mark(x: float, code: str) -> str:
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}"><title>{_words(code)}</title></line>'


def _thinned(values: Sequence[float]) -> Iterator[tuple[int, float]]:
    """The points to draw: of each stretch the lowest and the highest, in their order."""
    step = max(1, -(-2 * len(values) // POINTS))
    for start in range(0, len(values), step):
        part = range(start, min(start + step, len(values)))
        for index in sorted({min(part, key=values.__getitem__), max(part, key=values.__getitem__)}):
            yield index, values[index]


def _measures(card: Card) -> str:
    about = _page()["measures"]
    rows = [
        [_words(name), _number(value), *(_text(about.get(name, {}).get(what, "")) for what in ("unit", "what"))]
        for name, value in card["measures"].items()
    ]
    heads = ("measure", "value", "unit", "what it is")
    return f"<details><summary>All measures</summary>{_table(heads, rows)}</details>" if rows else ""


def _not_measured(card: Card) -> str:
    items = "".join(f"<li><b>{_text(name)}</b>: {_text(why)}</li>" for name, why in card["not_measured"].items())
    return f"<h3>Not measured</h3><ul>{items}</ul>" if items else ""


def _notes() -> str:
    """How to read the page."""
    lines = _page()["notes"]
    return f"<section><h2>How to read this</h2><ul>{''.join(f'<li>{_text(line)}</li>' for line in lines)}</ul></section>"


def _words(name: str) -> str:
    return _text(name.replace("_", " "))
