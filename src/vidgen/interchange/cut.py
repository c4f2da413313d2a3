"""The cut as an editor sees it: shots with all their takes, marks and sounds. Made from a plan, written by each format.

Positions in the film are frames at ``Cut.rate``. Positions in a file are frames at that file's own rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

DISSOLVE = "dissolve"
MarkKind = Literal["veto", "note"]


@dataclass(frozen=True)
class Media:
    """A file that a shot or a sound may use.

    Args:
        name: readable, and different from the shot's other ones: ``take 2``.
        frames, rate: length and frames per second of the file; samples and samples per second of a sound.
        sound: whether it has sound.
        first: number of the frame from which on it may be used.
        metadata: what is known of it, as JSON values.
    """

    name: str
    file: Path
    sha256: str
    frames: int
    rate: Fraction
    metadata: Mapping[str, Any] = field(default_factory=dict)
    sound: bool = False
    first: int = 0


@dataclass(frozen=True)
class Mark:
    """A remark on a shot at ``seconds`` of its file; None: where the shot begins."""

    kind: MarkKind
    name: str
    text: str
    seconds: float | None = None


@dataclass(frozen=True)
class CutShot:
    """One shot.

    Args:
        frames: its length in the film, with the frames that it shares with its neighbours.
        overlap: how many of its first frames are also the last ones of the shot before.
        transition, transition_frames: how it comes in; a fade-in of the first shot overlaps nothing.
        media: its takes, or the user's own clip. used: which of them is in the film; None: there is none.
        start: frame of the used file that the shot opens with.
        sounds: whether the sound of the used file is heard.
        sound_shift: film frames from the cut in of its picture to that of its sound: below 0 its sound leads (J cut), above 0
            the one before stays (L cut). It is the middle of their cross-fade.
        row: its row in the shot list, by column.
    """

    id: str
    frames: int
    overlap: int = 0
    transition: str = "cut"
    transition_frames: int = 0
    media: tuple[Media, ...] = ()
    used: int | None = None
    start: int = 0
    sounds: bool = False
    sound_shift: int = 0
    marks: tuple[Mark, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    row: Mapping[str, str] = field(default_factory=dict)

    @property
    def chosen(self) -> Media | None:
        """The file that is in the film."""
        return None if self.used is None else self.media[self.used]


@dataclass(frozen=True)
class CutSound:
    """A sound from film frame ``at`` on, for ``length`` frames. ``start``: the sample of its file that it begins with."""

    role: str
    media: Media
    at: Fraction
    length: Fraction
    start: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def end(self) -> Fraction:
        """The film frame at which it ends."""
        return self.at + self.length


@dataclass(frozen=True)
class Placed:
    """A shot on a track without overlaps: a transition is cut in its middle, and reaches over the cut on both sides.

    Args:
        head, tail: frames of the shot before its cut in and behind its cut out: they are seen in the transitions only.
        first: film frame of its cut in. frames: from cut to cut.
        before, after: frames of the incoming transition before the cut in, and after it.
    """

    shot: CutShot
    head: int
    tail: int
    first: int
    frames: int
    before: int
    after: int


@dataclass(frozen=True)
class Cut:
    """A film as it stands."""

    title: str
    rate: Fraction
    shots: tuple[CutShot, ...]
    sounds: tuple[CutSound, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Length of the film."""
        return sum(shot.frames - shot.overlap for shot in self.shots)

    def placed(self) -> Iterator[Placed]:
        """Each shot on one track, without overlaps."""
        leaving = [*((shot.overlap + 1) // 2 for shot in self.shots[1:]), 0]
        first = 0
        for index, (shot, tail) in enumerate(zip(self.shots, leaving, strict=True)):
            head = shot.overlap // 2 if index else 0
            frames = shot.frames - head - tail
            length = shot.overlap if index else shot.transition_frames
            yield Placed(shot, head, tail, first, frames, head, length - head)
            first += frames

    def media(self) -> Iterator[tuple[str, Media]]:
        """Every file, and the shot or the kind of sound that uses it."""
        for shot in self.shots:
            yield from ((shot.id, media) for media in shot.media)
        yield from ((sound.role, sound.media) for sound in self.sounds)

    def moved(self, place: Callable[[Path], Path]) -> Cut:
        """The same cut with its files in other places."""

        def at(media: Media) -> Media:
            return replace(media, file=place(media.file))

        shots = tuple(replace(shot, media=tuple(map(at, shot.media))) for shot in self.shots)
        return replace(self, shots=shots, sounds=tuple(replace(one, media=at(one.media)) for one in self.sounds))


def lanes(sounds: tuple[CutSound, ...]) -> Iterator[tuple[str, list[CutSound]]]:
    """Sounds by role on as few tracks as they need, since a track cannot hold two at once: ``sfx``, ``sfx 2``."""
    found: dict[str, list[list[CutSound]]] = {}
    for sound in sorted(sounds, key=lambda one: one.at):
        tracks = found.setdefault(sound.role, [])
        free = next((track for track in tracks if track[-1].end <= sound.at), None)
        if free is None:
            tracks.append(free := [])
        free.append(sound)
    for role in dict.fromkeys(sound.role for sound in sounds):
        for number, track in enumerate(found[role], 1):
            yield role if number == 1 else f"{role} {number}", track
