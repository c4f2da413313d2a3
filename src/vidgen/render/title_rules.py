"""Lint rules about titles as they are drawn: letters without a font, and credits that roll too fast.

They are here and not with the other rules, because they lay titles out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from vidgen.cut.layout import lay_out
from vidgen.cut.looks import look_of, plain
from vidgen.cut.roll import roll_of
from vidgen.errors import MissingError
from vidgen.media.rate import frames_at
from vidgen.render.film_titles import cue_of
from vidgen.storyboard.lint.board_rules import BoardRule
from vidgen.storyboard.lint.findings import Finding
from vidgen.storyboard.lint.shots import ShotView
from vidgen.storyboard.lint.titles import title_views
from vidgen.storyboard.values import frame_size
from vidgen.weights.faces import Lacking, lacking

SLOWEST_S = 5.0
"""Seconds that a line of credits needs from the bottom of the picture to the top to be found and read."""


def no_letters(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V702. Printable ASCII is in every font, and is not looked up."""
    for title in title_views(views):
        if title.text.text.isascii():
            continue
        cue = cue_of(title.view.board, title.text, 0, 1)
        try:
            found = lacking(plain(cue.text), look_of(cue).font, cue.language)
        except MissingError:  # the base fonts are not installed: doctor and render say so
            return
        for one in found:
            yield title.finding("V702", letters=_listed(one.letters), font=_font(one))


def _listed(letters: str) -> str:
    shown = " ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters[:5])
    return f"{shown} and {len(letters) - 5} more" if len(letters) > 5 else shown


def _font(one: Lacking) -> str:
    if one.row is None:
        return "no font that vidgen can have has them"
    source = one.row.sources[0]
    return f"{one.row.title} has them: pip install {source.name}=={source.version}, or vidgen models pull {one.row.name}"


def fast_credits(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V703."""
    for title in title_views(views):
        rate = title.view.board.fps
        frames = frames_at(max(title.seconds, Fraction(0)), rate)
        cue = cue_of(title.view.board, title.text, 0, frames)
        if not look_of(cue).rolls or not frames:
            continue
        width, height = frame_size(title.view.board.resolution, title.view.board.aspect)
        try:
            [placed] = lay_out([cue], width, height)
        except MissingError:
            return
        if placed is None:
            continue
        speed = roll_of(placed.block, frames, height).speed
        crossing = height / speed / float(rate)
        if crossing < SLOWEST_S:
            needed = frames / float(rate) * SLOWEST_S / crossing
            yield title.finding("V703", seconds=f"{crossing:.1f}", least=f"{SLOWEST_S:g}", needed=f"{needed:.0f}")


TITLE_RULES: tuple[BoardRule, ...] = (no_letters, fast_credits)
