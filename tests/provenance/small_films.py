"""Small films for the tests of provenance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidgen.app.render import RenderOptions, render_film
from vidgen.media.ffmpeg import run_ffmpeg

BOARD = """\
vidgen: 1
title: Three shots
resolution: 96x54
fps: 12
provenance: {{c2pa: {c2pa}, author: Aki}}
defaults: {{duration: 8f, params: {{slate: false}}}}
shots:
  - {{id: sea, scene: calm sea, sfx: tone.wav}}
  - {{id: hill, scene: green hill, transition: {{type: dissolve, duration: 2f}}}}
  - {{id: rain, scene: rain on a town}}
"""


@dataclass(frozen=True)
class MadeFilm:
    """A film in a folder with its storyboard and its project, and the home with the key that signed it."""

    folder: Path
    home: Path

    @property
    def film(self) -> Path:
        return self.folder / "film.mp4"


def make(folder: Path, home: Path, *, signed: bool) -> MadeFilm:
    folder.mkdir()
    tone = str(folder / "tone.wav")
    run_ffmpeg(["-f", "lavfi", "-i", "sine=frequency=440:duration=1", tone], what="tone")
    board = folder / "film.yaml"
    board.write_text(BOARD.format(c2pa=str(signed).lower()), encoding="utf-8")
    render_film(board, RenderOptions(output=folder / "film.mp4"))
    return MadeFilm(folder, home)


Copy = Callable[..., Path]


def flip(film: Path, place: int) -> None:
    """Change one bit of a file."""
    with film.open("r+b") as opened:
        opened.seek(place)
        byte = opened.read(1)[0]
        opened.seek(place)
        opened.write(bytes([byte ^ 1]))
