"""From a plan and its picked clips to the timeline that the cut room assembles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from vidgen.catalog.transitions import J_CUT
from vidgen.cut.looks import plain
from vidgen.cut.loudness import loudness_target
from vidgen.cut.timeline import (
    EDGE_FADE,
    Conform,
    LoudnessTarget,
    Sound,
    SoundRole,
    Timeline,
    TimelineShot,
    Track,
    Transition,
)
from vidgen.errors import InputError, Notice
from vidgen.media.answers import content_of
from vidgen.media.chapters import Chapter
from vidgen.media.names import named_file
from vidgen.media.probe import has_sound
from vidgen.media.rate import SAMPLE_RATE, samples_at
from vidgen.planning.plan import FilmShot, Plan, UserClip
from vidgen.render.film_ambience import Bed, ambience_beds
from vidgen.render.film_music import by_bars
from vidgen.render.film_titles import film_cues
from vidgen.storyboard.model import Audio
from vidgen.storyboard.values import Duration

Warn = Callable[[Iterable[Notice]], None]


@dataclass(frozen=True)
class ShotClip:
    """The clip that stands for a shot in the cut. ``conform``: how it still has to be brought to the film's size and rate.

    ``sound`` is the file whose own sound is in the film from the shot's first frame on (the clip, or the take that it was
    made of), with its checksum; None: silent. ``picture_us`` is when its picture begins on its own clock, in microseconds.
    ``before``, ``after``: seconds of that file on either side of what is used.
    """

    file: Path
    sha256: str
    encoded_as: str | None
    conform: Conform | None = None
    sound: tuple[Path, str] | None = None
    picture_us: int | None = None
    before: Fraction = Fraction(0)
    after: Fraction = Fraction(0)
    draft: bool = False


@dataclass(frozen=True)
class SoundCut:
    """How the sounds of two neighbours meet, in frames of the film. ``overlap``: both pictures are seen; ``lead``: by so much
    the incoming sound comes before its picture; ``stay``: by so much the outgoing one goes on after its own.
    """

    overlap: int = 0
    lead: int = 0
    stay: int = 0

    @property
    def shared(self) -> int:
        """Frames in which both are heard."""
        return self.overlap + self.lead + self.stay


def sound_cuts(plan: Plan, clips: Mapping[str, ShotClip], warn: Warn = lambda notices: None) -> list[SoundCut]:
    """How the sound of each shot meets that of the one before it. A J or L cut is as long as there is real sound for it;
    ``warn`` is told of one that is shorter than asked.
    """
    cuts = []
    for before, shot in zip([None, *plan.shots], plan.shots, strict=False):
        cut = SoundCut(shot.overlap)
        if shot.sound_frames and before:
            leads = shot.shot.transition is not None and shot.shot.transition.type == J_CUT
            owner, other = (shot, before) if leads else (before, shot)
            clip = clips[owner.id]
            there = int((clip.before if leads else clip.after) * plan.fps) if clip.sound else 0
            frames = min(shot.sound_frames, there, other.frames)
            cut = SoundCut(lead=frames) if leads else SoundCut(stay=frames)
            warn(_shorter(shot, owner, frames, sounds=clip.sound is not None))
        elif shot.sound_frames:
            warn([Notice("cut.transition_ignored", "nothing is heard before the first shot; it starts with a cut", shot.id)])
        cuts.append(cut)
    return cuts


def _shorter(shot: FilmShot, owner: FilmShot, frames: int, *, sounds: bool) -> Iterator[Notice]:
    kind = shot.shot.transition.type if shot.shot.transition else ""
    if not sounds:
        text = f"{kind}: {owner.id} has no sound of its own; a plain cut is used"
        yield Notice("cut.transition_ignored", text, shot.id)
    elif frames < shot.sound_frames:
        side = "before" if owner is shot else "after"
        text = f"{kind} of {shot.sound_frames} frames: {owner.id} has only {frames} {side} the part that is seen"
        yield Notice("cut.transition_shortened", text, shot.id)


def check_sounds(plan: Plan) -> None:
    """Raise InputError where a sound file cannot be heard at all: known before a take is made or paid for."""
    for name in dict.fromkeys(_sound_files(plan)):
        file = named_file(plan.folder, name)
        if not has_sound(file):
            raise InputError("media.no_audio", f"{file} has no sound", hint="give a file with sound", where=str(file))


def _sound_files(plan: Plan) -> Iterator[str]:
    audio = plan.board.audio
    if audio and audio.music:
        yield audio.music.file
    yield from (bed.file for bed in (audio.ambience if audio else ()))
    for shot in (planned.shot for planned in plan.shots):
        yield from (bed.file for bed in shot.ambience or ())
        yield from (effect.file for effect in shot.sfx or ())
        yield from (spoken.file for spoken in (shot.voiceover, *(shot.dialogue or ())) if spoken and spoken.file)


def build_timeline(plan: Plan, clips: Mapping[str, ShotClip]) -> Timeline:
    """Place every shot's clip, titles and sounds on the film's frames and samples."""
    return Timeline(
        rate=plan.fps,
        width=plan.width,
        height=plan.height,
        shots=tuple(_shot(plan, shot, clips[shot.id]) for shot in plan.shots),
        sound=Sound((*sound_tracks(plan, clips), *_own_sounds(plan, clips)), _loudness(plan.board.audio)),
        profile=plan.profile,
        title=plan.board.title,
        chapters=tuple(film_chapters(plan)),
    )


def film_chapters(plan: Plan) -> Iterator[Chapter]:
    """A chapter for each scene, named by its heading; none for a film of one scene."""
    headings = {scene.id: scene.heading or scene.id for scene in plan.board.scenes}
    begins = [
        Chapter(shot.start_frame, plain(headings.get(shot.scene, shot.scene)))
        for shot, before in zip(plan.shots, (None, *plan.shots), strict=False)
        if before is None or before.scene != shot.scene
    ]
    return iter(begins if len(begins) > 1 else ())


def _shot(plan: Plan, planned: FilmShot, clip: ShotClip) -> TimelineShot:
    transition, frames = planned.shot.transition, planned.transition_frames
    return TimelineShot(
        id=planned.id,
        file=clip.file,
        sha256=clip.sha256,
        frames=planned.frames,
        transition=Transition(transition.type, frames) if transition and frames else Transition(),
        cues=tuple(film_cues(plan, planned)),
        conform=clip.conform,
        encoded_as=clip.encoded_as,
        draft=clip.draft,
    )


def _samples(plan: Plan, time: Duration | None) -> int:
    if time is None:
        return 0
    seconds = time.seconds if time.seconds is not None else Fraction(time.frames_ or 0) / plan.source_fps
    return int(seconds * SAMPLE_RATE)


def sound_tracks(plan: Plan, clips: Mapping[str, ShotClip] = MappingProxyType({})) -> Iterator[Track]:
    """The sounds of the storyboard, placed in the film; without what is heard in the ``clips`` themselves, and lines that are
    said in those.
    """
    audio = plan.board.audio
    if audio and audio.music:
        music = audio.music
        start = _samples(plan, music.start)
        track = replace(
            _track(plan, music.file, "music", gain_db=music.gain_db),
            start=start,
            loop=True,
            fade_in=max(_samples(plan, music.fade_in), EDGE_FADE if start else 0),
            fade_out=None if music.fade_out is None else _samples(plan, music.fade_out),
            duck=music.duck,
        )
        yield by_bars(track, plan.total_frames, plan.fps)
    for bed in (*(Bed(one) for one in (audio.ambience if audio else ())), *ambience_beds(plan)):
        yield bed.laid(_track(plan, bed.sound.file, "ambience", gain_db=bed.sound.gain_db))
    for planned in plan.shots:
        yield from _shot_tracks(plan, planned, says_its_lines=_says_its_lines(planned, clips.get(planned.id)))


def _says_its_lines(planned: FilmShot, clip: ShotClip | None) -> bool:
    """Whether a take is heard that was made with the shot's lines: to hear them once more would be an echo."""
    return bool(clip and clip.sound and not isinstance(planned, UserClip) and planned.request.inputs.lines)


def _follows_a_voice(planned: FilmShot) -> bool:
    """Whether a take was made with a voice, so that somebody speaks in it."""
    return not isinstance(planned, UserClip) and planned.request.inputs.has_voice


def _shot_tracks(plan: Plan, planned: FilmShot, *, says_its_lines: bool) -> Iterator[Track]:
    shot, begin = planned.shot, samples_at(planned.start_frame, plan.fps)
    for effect in shot.sfx or ():
        yield _track(plan, effect.file, "sfx", at=begin + _samples(plan, effect.at), gain_db=effect.gain_db)
    if shot.voiceover and shot.voiceover.file:
        yield _track(plan, shot.voiceover.file, "voice", at=begin)
    for line in shot.dialogue or ():
        if line.file and not says_its_lines:
            at = _samples(plan, line.at)  # below 0: the take is seen from the midst of the line on
            track = _track(plan, line.file, "voice", at=begin + max(0, at))
            yield replace(track, start=-at, fade_in=EDGE_FADE) if at < 0 else track


def _own_sounds(plan: Plan, clips: Mapping[str, ShotClip]) -> Iterator[Track]:
    """What is heard in the clips themselves. They fade over a transition as their pictures do, over a sound cut where both are
    heard, and never click at a cut.
    """
    cuts = sound_cuts(plan, clips)
    for planned, cut, after in zip(plan.shots, cuts, [*cuts[1:], SoundCut()], strict=True):
        clip = clips[planned.id]
        if not clip.sound:
            continue
        begin, end = planned.start_frame, planned.start_frame + planned.frames
        picture, at = samples_at(begin, plan.fps), samples_at(begin - cut.lead, plan.fps)
        own_sound = planned.shot.own_sound
        zero = clip.picture_us
        yield Track(
            *clip.sound,
            "voice" if _follows_a_voice(planned) else "clip",
            at=at,
            length=samples_at(end + after.stay, plan.fps) - at,
            gain_db=own_sound.gain_db if own_sound else 0.0,
            fade_in=max(EDGE_FADE, samples_at(cut.shared, plan.fps)),
            fade_out=max(EDGE_FADE, samples_at(after.shared, plan.fps)),
            zero_us=None if zero is None else zero - round(Fraction(picture - at, SAMPLE_RATE) * 1_000_000),
        )


def _track(plan: Plan, file: str, role: SoundRole, *, at: int = 0, gain_db: float = 0.0) -> Track:
    path = named_file(plan.folder, file)
    return Track(path, content_of(path), role, at, gain_db=gain_db)


def _loudness(audio: Audio | None) -> LoudnessTarget | None:
    """The storyboard's target; without one that of the web, as nobody wants to guess a level."""
    if audio is None:
        return None
    target = audio.loudness or "web"
    return loudness_target(target) if isinstance(target, str) else LoudnessTarget(target.i, target.tp)
