"""The final cut as data: shots, transitions, titles and sound.

All positions are integers: frames at ``Timeline.rate`` (from the shot's start for cues, from the film's for ``starts``) and
    samples at 48 kHz. A transition of T frames overlaps the tail of one shot with the head of the next, so the film is
    ``sum(frames) - sum(transition frames)`` long. A fade-in of the first shot overlaps nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Literal

from vidgen.errors import InputError, Notice
from vidgen.media.chapters import Chapter
from vidgen.media.encode import MASTER, EncodeProfile
from vidgen.media.normalise import MAX_HOLD
from vidgen.media.rate import SAMPLE_RATE, samples_at, seconds_of

FontKind = Literal["sans", "serif"]
SoundRole = Literal["music", "ambience", "voice", "sfx", "clip"]

EDGE_FADE = SAMPLE_RATE // 200
"""Samples. A sound that is cut at a loud place would click: 5 ms of fade are not heard as one."""

FADE_IN = "fade_black"
"""The only transition that the first shot may have."""


@dataclass(frozen=True)
class Transition:
    """The transition into a shot. ``type`` is a key of ``transitions.yaml``; with 0 ``frames`` it is a cut."""

    type: str = "cut"
    frames: int = 0


@dataclass(frozen=True)
class TextLook:
    """The look of a title; None values come from the role (``titles.yaml``).

    ``font`` is a name of ``titles.yaml``; ``size`` the em height in per cent of the picture's shorter side; ``colour``
    ``#rrggbb``; ``outline`` in pixels of a picture with 1080 lines; ``fade`` in seconds.
    """

    font: str | None = None
    size: float | None = None
    colour: str | None = None
    outline: float | None = None
    box: bool | None = None
    position: str | None = None
    fade: float | None = None


LABEL = "label"
"""The role of the label that a film was generated: it is placed before all titles, and nothing covers it."""


@dataclass(frozen=True)
class Cue:
    """A title from frame ``start`` to before ``end``, both from the start of the shot. Beyond the end of the shot it stays over
    the shots that follow, to the film's end at most. ``language``: of the film, as a code; it may be empty.
    """

    text: str
    start: int
    end: int
    role: str = "title"
    position: str | None = None
    style: TextLook = TextLook()
    language: str = ""


@dataclass(frozen=True)
class Conform:
    """Conform a file of any form to the timeline. ``fit``: ``pad`` adds black bars, ``crop`` fills the frame. ``max_hold``:
    most frames that it may be short; its last frame is held. ``start``: the frame of the file, at its own rate, that the shot
    opens with.
    """

    fit: Literal["pad", "crop"] = "pad"
    max_hold: int = MAX_HOLD
    start: int = 0


@dataclass(frozen=True)
class TimelineShot:
    """One shot.

    Args:
        id: shot id, for messages.
        file: the clip. Without ``conform`` it has the timeline's size and rate, and at least ``frames`` frames.
        sha256: SHA-256 of the file.
        frames: frames of the shot, transitions included.
        transition: the transition into the shot.
        cues: its titles.
        conform: how to conform a file of another form, as part of the encode; None: not needed.
        encoded_as: ``EncodeProfile.key()`` of the file, if vidgen encoded it; its body may then be copied.
        draft: whether the file is a draft; pieces of drafts only are drafts too.
    """

    id: str
    file: Path
    sha256: str
    frames: int
    transition: Transition = Transition()
    cues: tuple[Cue, ...] = ()
    conform: Conform | None = None
    encoded_as: str | None = None
    draft: bool = False


@dataclass(frozen=True)
class LoudnessTarget:
    """Integrated loudness ``i`` in LUFS and true peak ``tp`` in dBTP, both measured on the encoded sound."""

    i: float
    tp: float


@dataclass(frozen=True)
class Track:
    """One sound in the film. Positions, lengths and fades are samples at 48 kHz.

    Args:
        at: start in the film.
        start: start in the file.
        length: None: to the end of the file, or with ``loop`` to the end of the film.
        loop_from, loop_to: samples of the file between which it repeats; without ``loop_to`` to the end of the file.
        fade_out: None: ``cut_fade`` if the film's end cuts a loop off, else 0.
        equal_power: whether its fades keep the power where another sound fades the other way; else they are linear.
        duck: whether it is lowered under voices.
        zero_us: time in the file, in microseconds, that counts as its start, such as that of its first frame; None: the file's
            own.
    """

    file: Path
    sha256: str
    role: SoundRole
    at: int = 0
    start: int = 0
    length: int | None = None
    loop: bool = False
    loop_from: int = 0
    loop_to: int | None = None
    gain_db: float = 0.0
    fade_in: int = 0
    fade_out: int | None = 0
    cut_fade: int = SAMPLE_RATE
    equal_power: bool = False
    duck: bool = False
    zero_us: int | None = None


@dataclass(frozen=True)
class Sound:
    """The soundtrack. Without tracks the film has no audio stream. ``loudness`` None leaves the level as mixed."""

    tracks: tuple[Track, ...] = ()
    loudness: LoudnessTarget | None = None


@dataclass(frozen=True)
class Caption:
    """A caption from ``start`` to ``end``, in seconds of the film. ``who``: the speaker; ``lines`` have the name only where it
    helps. ``short_by``: seconds that are missing to read it with ease.
    """

    start: Fraction
    end: Fraction
    lines: tuple[str, ...]
    who: str = ""
    short_by: Fraction = Fraction(0)

    @property
    def text(self) -> str:
        """Its lines as one text."""
        return "\n".join(self.lines)


@dataclass(frozen=True)
class CaptionTrack:
    """The captions of a film in one language (a code, such as ``ja``), in order of time."""

    language: str
    captions: tuple[Caption, ...]


@dataclass(frozen=True)
class Timeline:
    """The whole cut. Its positions are valid after ``settle``."""

    rate: Fraction
    width: int
    height: int
    shots: tuple[TimelineShot, ...]
    sound: Sound = Sound()
    profile: EncodeProfile = field(default=MASTER)
    title: str = ""
    chapters: tuple[Chapter, ...] = ()
    captions: tuple[CaptionTrack, ...] = ()
    """Text that can be switched on."""

    @cached_property
    def overlaps(self) -> list[int]:
        """For each shot, the number of its first frames that overlap the previous shot."""
        return [0 if index == 0 else shot.transition.frames for index, shot in enumerate(self.shots)]

    @cached_property
    def starts(self) -> list[int]:
        """For each shot, the film frame of its first frame."""
        found, position = [], 0
        for shot, overlap in zip(self.shots, self.overlaps, strict=True):
            found.append(position - overlap)
            position += shot.frames - overlap
        return found

    @cached_property
    def frames(self) -> int:
        """Length of the film in frames."""
        return sum(shot.frames for shot in self.shots) - sum(self.overlaps)

    @property
    def samples(self) -> int:
        """Length of the film in samples at 48 kHz."""
        return samples_at(self.frames, self.rate)

    @property
    def duration_s(self) -> float:
        """Length of the film in seconds."""
        return seconds_of(self.frames, self.rate)


def settle(timeline: Timeline) -> tuple[Timeline, list[Notice]]:
    """Make a timeline consistent: transitions that do not fit are shortened, with a notice for each.

    No frame is in two transitions: if those at both ends of a shot do not fit, each gets up to half of it. Raises InputError
        for a timeline without shots, a shot without frames, or a size that cannot be encoded.
    """
    if not timeline.shots:
        raise InputError("cut.empty", "there is nothing to cut: the film has no shots", hint="add a shot to the storyboard")
    if timeline.width < 2 or timeline.height < 2 or timeline.width % 2 or timeline.height % 2:
        raise InputError("cut.bad_size", f"{timeline.width}x{timeline.height}: width and height must be even and at least 2")
    for shot in timeline.shots:
        if shot.frames < 1:
            raise InputError("cut.empty", f"shot {shot.id} has no frames", hint="give it a duration", where=shot.id)
    notices: list[Notice] = []
    shots: list[TimelineShot] = []
    for index, shot in enumerate(timeline.shots):
        before = shots[-1] if shots else None
        after = timeline.shots[index + 1] if index + 1 < len(timeline.shots) else None
        shots.append(replace(shot, transition=_settled(shot, before, after, notices), cues=_visible(shot)))
    return replace(timeline, shots=tuple(shots)), notices


def _visible(shot: TimelineShot) -> tuple[Cue, ...]:
    """The cues that begin within the shot; invisible ones are left out."""
    begun = (replace(cue, start=max(0, cue.start)) for cue in shot.cues)
    return tuple(cue for cue in begun if cue.start < min(cue.end, shot.frames))


def _settled(shot: TimelineShot, before: TimelineShot | None, after: TimelineShot | None, notices: list[Notice]) -> Transition:
    from vidgen.catalog.transitions import known, plain_cut

    transition = shot.transition
    if transition.frames <= 0 or plain_cut(transition.type):
        return Transition()
    if not known(transition.type):
        notices.append(
            Notice("cut.transition_replaced", f"{transition.type} is not a known transition; a dissolve is used", shot.id)
        )
        transition = Transition("dissolve", transition.frames)
    if before is None:
        if transition.type != FADE_IN:
            message = f"the first shot has nothing to {transition.type} from; only {FADE_IN} works there. It starts with a cut"
            notices.append(Notice("cut.transition_ignored", message, shot.id))
            return Transition()
        available = _available(shot, None, after)
    else:
        available = min(_available(shot, before, after), before.frames - before.transition.frames)
    if transition.frames <= available:
        return transition
    if available:
        message = f"{transition.type} of {transition.frames} frames does not fit its shots; it is {available} frames"
    else:
        message = f"{transition.type} of {transition.frames} frames does not fit its shots; it is a cut"
    notices.append(Notice("cut.transition_shortened", message, shot.id))
    return Transition(transition.type, available) if available else Transition()


def _available(shot: TimelineShot, before: TimelineShot | None, after: TimelineShot | None) -> int:
    """Most frames of the shot that a transition into it may use, considering the next transition."""
    if after is not None and after.transition.frames > 0:
        return max(shot.frames // 2, shot.frames - after.transition.frames)
    return shot.frames - 1 if before is not None else shot.frames
