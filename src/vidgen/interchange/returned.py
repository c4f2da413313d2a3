"""A cut that came back from an editing program, in seconds and plain texts: nothing of it is trusted, opened or looked up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class SeenFile:
    """What a clip says of its file: the last part of its place, and where vidgen wrote it, its checksum and take number."""

    name: str
    sha256: str | None = None
    take: int | None = None


@dataclass(frozen=True)
class SeenTransition:
    """A transition: its name in a storyboard, and its seconds before the cut and behind it."""

    type: str
    before: Fraction
    after: Fraction


@dataclass(frozen=True)
class SeenClip:
    """A clip on the track of pictures.

    Args:
        name: as the program shows it. shot: the shot that vidgen wrote into it.
        file: None: it has none.
        opens: second of its file that it opens with, at its cut in. length: seconds from cut to cut.
        into: the transition from the clip before. alone: something that cannot be taken over stands between the two.
    """

    name: str
    shot: str | None
    file: SeenFile | None
    opens: Fraction
    length: Fraction
    into: SeenTransition | None = None
    alone: bool = False


@dataclass(frozen=True, order=True)
class SeenSound:
    """A sound that vidgen wrote: checksum of its file, second of the file that it opens with, and its seconds."""

    sha256: str
    opens: float
    length: float


@dataclass(frozen=True)
class SeenCut:
    """A whole cut.

    Args:
        storyboard: name of the file that it was made from; shots: ids of all shots that it was made with.
            None: it does not say.
        sounds: None: it has none that vidgen wrote.
        not_taken: what is in it that a storyboard cannot say, in words.
    """

    clips: tuple[SeenClip, ...]
    storyboard: str | None = None
    shots: tuple[str, ...] | None = None
    sounds: tuple[SeenSound, ...] | None = None
    not_taken: tuple[str, ...] = ()
