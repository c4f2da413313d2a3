"""From a cut that came back to the film that its editor wants: each clip is recognised as a shot, and told in whole frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar

from vidgen.errors import InputError
from vidgen.interchange.cut import Cut, CutShot, CutSound, Media
from vidgen.interchange.packing import package_name
from vidgen.interchange.reading import shown
from vidgen.interchange.returned import SeenClip, SeenCut, SeenSound
from vidgen.media.rate import frames_at
from vidgen.storyboard.editing import new_id

T = TypeVar("T")
FADE_IN = "fade_black"
"""The only transition that the first shot can have."""


@dataclass(frozen=True)
class WantedShot:
    """A shot as the editor has it.

    Args:
        of: the shot of the film that it shows; id: the same, or a new one for a second shot of the same.
        media: the take or clip; None: none, or one that is not known.
        opens: second of the file that its first frame shows; None where the file is not known.
        frames: its length in the film, with the frames that it shares with its neighbours.
        transition_frames: how many of them the incoming transition takes; 0 is a cut.
    """

    id: str
    of: str
    media: Media | None
    opens: Fraction | None
    frames: int
    transition: str
    transition_frames: int


@dataclass(frozen=True)
class WantedCut:
    """The shots in their order, and what could not be taken over, in words."""

    shots: tuple[WantedShot, ...]
    not_taken: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Known:
    """A clip that is a shot of the film."""

    clip: SeenClip
    shot: CutShot
    media: Media | None
    lost: bool = False
    """Whether it shows a file that is not one of the shot's."""


def wanted_cut(cut: Cut, seen: SeenCut, board: str) -> WantedCut:
    """What the editor wants of a film. ``cut``: the film as it stands; ``board``: name of its storyboard's file.

    Raises InputError ``import.other_film`` where nothing of the cut is of this film.
    """
    words = list(seen.not_taken)
    known = list(_joined(_recognised(cut, seen, board, words)))
    sure = seen.storyboard == board or any(not one.lost for one in known)
    if not known or not sure:
        text = f"no clip of the cut is a shot of {board}"
        if seen.storyboard and seen.storyboard != board:
            text += f"; it was exported from {shown(seen.storyboard)}"
        hint = "give the storyboard that it was exported from; vidgen export writes a cut of this one"
        raise InputError("import.other_film", text, hint=hint, where=board)
    words += _sound_words(cut, seen)
    return WantedCut(tuple(_placed(cut, known, words)), tuple(dict.fromkeys(words)))


def _recognised(cut: Cut, seen: SeenCut, board: str, words: list[str]) -> Iterator[_Known]:
    """The clips that are shots of the film."""
    index = _Index(cut, trusted=seen.storyboard == board, silent=seen.storyboard is None)
    dropped = False
    for clip in seen.clips:
        found = index.shot_of(clip)
        if found is None:
            file = f" ({shown(clip.file.name)})" if clip.file else ""
            words.append(f"the clip {shown(clip.name)}{file} is not a shot of this film")
            dropped = True
            continue
        if found.lost:
            file_ = shown(clip.file.name) if clip.file else ""
            words.append(f"{found.shot.id}: the file {file_} is none of its takes; only its place in the film is taken over")
        if (dropped or clip.alone) and clip.into is not None:
            found = replace(found, clip=replace(clip, into=None))
        dropped = False
        yield found


@dataclass
class _Index:
    """The film's shots by what a clip may say of them. ``trusted``: the cut says that it was made from this storyboard;
    ``silent``: it does not say from which.
    """

    cut: Cut
    trusted: bool
    silent: bool
    by_id: dict[str, CutShot] = field(init=False)
    by_file: dict[str, list[tuple[CutShot, Media]]] = field(init=False)
    by_sum: dict[str, list[tuple[CutShot, Media]]] = field(init=False)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.by_id, self.by_file, self.by_sum = {shot.id: shot for shot in self.cut.shots}, {}, {}
        owner = {media.sha256: package_name(shot, media) for shot, media in reversed(list(self.cut.media()))}
        for shot in self.cut.shots:
            for media in shot.media:
                self.by_sum.setdefault(media.sha256, []).append((shot, media))
                for name in {media.file.name, owner[media.sha256]}:
                    self.by_file.setdefault(name, []).append((shot, media))

    def shot_of(self, clip: SeenClip) -> _Known | None:
        """The shot of a clip: by its file, else by what it says itself."""
        hits = self._files(clip)
        named = [self.by_id[name] for name in (clip.shot, clip.name) if name in self.by_id]
        if hits:
            shots = [shot for shot, _ in hits]
            wanted = next((shot for shot in named if shot in shots), None)
            wanted = wanted or next((shot for shot in shots if shot.id not in self.seen), shots[0])
            self.seen.add(wanted.id)
            media = [media for shot, media in hits if shot is wanted]
            take = clip.file.take if clip.file else None  # two takes may be alike to the byte
            return _Known(clip, wanted, next((one for one in media if one.metadata.get("take") == take), media[0]))
        if not named or not (self.trusted or (self.silent and (clip.file is None or clip.shot))):
            return None
        self.seen.add(named[0].id)
        return _Known(clip, named[0], None, lost=clip.file is not None)

    def _files(self, clip: SeenClip) -> list[tuple[CutShot, Media]]:
        if clip.file is None:
            return []
        by_file, by_sum = self.by_file.get(clip.file.name, []), self.by_sum.get(clip.file.sha256 or "", [])
        both = [hit for hit in by_file if hit in by_sum]
        return both or by_file or by_sum


def _joined(known: Iterator[_Known]) -> Iterator[_Known]:
    """Clips that were cut in two and left together are one again."""
    last: _Known | None = None
    for one in known:
        if last and _goes_on(last, one):
            last = replace(last, clip=replace(last.clip, length=last.clip.length + one.clip.length))
            continue
        if last:
            yield last
        last = one
    if last:
        yield last


def _goes_on(before: _Known, after: _Known) -> bool:
    if before.shot is not after.shot or before.media is not after.media or after.clip.into or after.clip.alone:
        return False
    rate = before.media.rate if before.media else Fraction(100)
    return abs(before.clip.opens + before.clip.length - after.clip.opens) * rate * 2 < 1


def _placed(cut: Cut, known: Sequence[_Known], words: list[str]) -> Iterator[WantedShot]:
    """The shots in whole frames of the film. Cuts are rounded where they are, so that rounding does not add up."""
    rate = cut.rate
    ends = [Fraction(0)]
    for one in known:
        ends.append(ends[-1] + one.clip.length)
    cuts = [frames_at(end, rate) for end in ends]
    heads, tails = [0], []
    for place, one in enumerate(known):
        into = one.clip.into
        if place:
            heads.append(frames_at(into.before, rate) if into else 0)
            tails.append(frames_at(into.after, rate) if into else 0)
    tails.append(0)
    used = [shot.id for shot in cut.shots]
    taken: set[str] = set()
    for place, one in enumerate(known):
        frames = heads[place] + cuts[place + 1] - cuts[place] + tails[place]
        if frames < 1:
            words.append(f"{one.shot.id}: its clip is shorter than a frame of the film; it is left out")
            continue
        name = one.shot.id if one.shot.id not in taken else new_id(one.shot.id, used)
        taken.add(name)
        used.append(name)
        kind, length = _into(one, place, heads, tails, rate, words)
        opens = None if one.lost else one.clip.opens - heads[place] / rate
        yield WantedShot(name, one.shot.id, one.media, opens, frames, kind, length)


def _into(
    one: _Known, place: int, heads: Sequence[int], tails: Sequence[int], rate: Fraction, words: list[str]
) -> tuple[str, int]:
    into = one.clip.into
    if into is None:
        return "cut", 0
    if place:
        return into.type, heads[place] + tails[place - 1]
    length = frames_at(into.after, rate)
    if length and into.type != FADE_IN:
        words.append(f"{one.shot.id}: a film can begin with {FADE_IN} only, not with {into.type}")
    return FADE_IN, length


def _sound_words(cut: Cut, seen: SeenCut) -> list[str]:
    """Whether the sounds of the storyboard are others in the cut. Where they lie is not looked at: it follows the pictures."""
    if seen.sounds is None:
        return []
    ours, theirs = (
        _by_file((str(one.metadata.get("sha256")), one) for one in cut.sounds),
        _by_file((one.sha256, one) for one in seen.sounds),
    )
    if ours.keys() == theirs.keys() and all(_same(cut, ours[digest], theirs[digest]) for digest in ours):
        return []
    return ["the sounds were edited; they stay as the storyboard says"]


def _by_file(sounds: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for digest, sound in sounds:
        found.setdefault(digest, []).append(sound)
    return found


def _same(cut: Cut, ours: Sequence[CutSound], theirs: Sequence[SeenSound]) -> bool:
    """Whether a sound is used as before. A looped one, and one that lasts to its end, is as long as the
    film.
    """
    if any(one.metadata.get("loop") for one in ours):
        return True
    frame = float(1 / cut.rate)
    pairs = zip(sorted(ours, key=lambda one: (one.start, one.length)), sorted(theirs), strict=False)
    return len(ours) == len(theirs) and all(
        abs(float(one.start / one.media.rate) - other.opens) < frame
        and (one.end >= cut.frames or abs(float(one.length / cut.rate) - other.length) < frame)
        for one, other in pairs
    )
