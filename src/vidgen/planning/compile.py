"""Compile a storyboard to a plan: split shots, choose engines, render prompts, compute frames, estimate costs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import refuse_retired, unknown_model
from vidgen.catalog.transitions import SOUND_CUTS, plain_cut
from vidgen.errors import InputError, Notice
from vidgen.media.encode import MASTER
from vidgen.media.names import expanded, named_file
from vidgen.media.wording import counted
from vidgen.planning.engine_choice import Choice, Machine, choose_engine
from vidgen.planning.enlarging import enlargement
from vidgen.planning.film_form import delivered_rate, delivered_size
from vidgen.planning.following import heard_lines, line_notices, visible_shot
from vidgen.planning.on_beat import Span, lengths_by_music
from vidgen.planning.plan import FilmShot, GeneratedShot, Plan, UserClip
from vidgen.planning.presets import Preset
from vidgen.planning.prompt import prompt_of, words_of
from vidgen.planning.speech import Voices, followed_lines, too_long, with_sound
from vidgen.planning.split import Part, split_shot
from vidgen.planning.tasks import seed_of, task_of
from vidgen.planning.trimming import continued_trims, trimmed_away
from vidgen.planning.unsupported import (
    film_post,
    form_notices,
    made_even,
    not_yet,
    own_forms,
    unsupported_options,
    unused_by_clip,
    unused_model,
    without_gpu,
)
from vidgen.spelling import did_you_mean
from vidgen.storyboard.lengths import film_frames, film_music, follows, shot_frames
from vidgen.storyboard.merge import laid_over, merged_shot
from vidgen.storyboard.model import DIALOGUE, Camera, LipSync, Motion, Shot, ShotKeys, Storyboard, Text
from vidgen.storyboard.parts import Part as BoardPart
from vidgen.storyboard.values import Duration, frame_size
from vidgen.takes.request import Brush, Inputs, ShotRequest, SpokenLine, Trim

LOG = logging.getLogger(__name__)
DEFAULT_TRANSITION_S = Fraction(1, 2)
DEFAULT_CANDIDATES = 1
FADE_IN = "fade_black"

M = TypeVar("M", bound=BoardPart)
Lookup = Callable[[str, str | None], Capabilities | None]


@dataclass(frozen=True)
class Overrides:
    """Options of the command line that override the storyboard."""

    engine: str | None = None
    model: str | None = None
    candidates: int | None = None
    seed: int | None = None
    preset: Preset | None = None
    allow_unknown_model: bool = False


def compile_plan(
    board: Storyboard,
    folder: Path,
    *,
    overrides: Overrides,
    machine: Machine,
    lookup: Lookup,
    split: bool = True,
    voices: Voices | None = None,
) -> Plan:
    """Plan a film. No network, writes nothing.

    Args:
        folder: the storyboard's folder; its file names are relative to it.
        lookup: returns the capabilities of an engine and model, or None for an unknown engine.
        split: split shots over 5 s into shots of 3-5 s; False makes each shot one clip.
        voices: what the storyboard's lines sound like, as far as they were spoken; None: only recordings are heard.

    Raises InputError for an unknown model or an unreadable clip, MissingError for a retired engine or model.
    """
    return _Compiler(_with_preset(board, overrides), folder, overrides, machine, lookup, split, voices).plan()


def _with_preset(board: Storyboard, overrides: Overrides) -> Storyboard:
    changes: dict[str, object] = {}
    if overrides.preset:
        file = overrides.preset.file
        changes = {key: value for key in ("resolution", "aspect", "fps") if (value := getattr(file, key)) is not None}
        if file.post:
            changes["post"] = _merge(board.post, file.post)
        if file.audio:
            changes["audio"] = _merge(board.audio, file.audio)
    if overrides.seed is not None:
        changes["seed"] = overrides.seed
    return board.model_copy(update=changes)


def _merge(below: M | None, above: M) -> M:
    if below is None:
        return above
    return laid_over(below, above)


@dataclass(frozen=True)
class _Placed:
    """A part with its scene id, and its start and length in the film, in frames at the storyboard's rate, without overlaps."""

    scene: str
    part: Part
    start: Fraction
    frames: Fraction
    trim: Trim = Trim()

    def lasting(self, frames: Fraction) -> _Placed:
        """The same with another length."""
        return replace(self, frames=frames, part=replace(self.part, frames=ceil(frames)))


class _Compiler:
    def __init__(
        self,
        board: Storyboard,
        folder: Path,
        overrides: Overrides,
        machine: Machine,
        lookup: Lookup,
        split: bool,
        voices: Voices | None,
    ) -> None:
        self.split, self.voices = split, voices
        self.board, self.folder, self.overrides, self.machine, self.lookup = board, folder, overrides, machine, lookup
        self.notices: list[Notice] = [*not_yet(board), *own_forms(board)]
        self.followed: dict[str, tuple[SpokenLine, ...]] = {}
        self.source_size = frame_size(board.resolution, board.aspect)
        post = film_post(board)
        if overrides.preset and overrides.preset.file.post:
            post = _merge(post, overrides.preset.file.post)
        self.size = delivered_size(self.source_size, post)
        self.notices += made_even(board.resolution, self.source_size, post, self.size)
        self.fps = delivered_rate(board.fps, post)

    def plan(self) -> Plan:
        placed = list(self._parts())
        last_parts = {entry.part.parent: entry.part.shot.id for entry in placed}
        lengths = [self._delivered_span(entry) for entry in placed]
        transitions = list(self._transitions(placed, lengths))
        placed, lengths = self._by_music(placed, lengths, transitions)
        planned, start = [], 0
        for index, entry in enumerate(placed):
            overlap = transitions[index] if index else 0
            start -= overlap
            planned.append(self._planned(entry, last_parts, start, lengths[index], transitions[index], overlap))
            start += lengths[index]
        larger = (enlargement(shot, self.size, self.lookup, self.notices.append) for shot in planned)
        enlargements = tuple(one for one in larger if one)
        self.notices += continued_trims(planned)
        if not self.machine.gpu:
            self.notices += without_gpu((shot.engine, shot.model) for shot in planned)
        for shot in planned:
            named = f"{shot.engine}/{shot.model}" if shot.model else shot.engine
            LOG.info("%s: %s (%s), %d frames", shot.id, named, shot.why_engine, shot.frames)
        preset = self.overrides.preset
        return Plan(
            board=self.board,
            folder=self.folder,
            preset=preset.name if preset else None,
            shots=tuple(planned),
            fps=self.fps,
            width=self.size[0],
            height=self.size[1],
            source_fps=self.board.fps,
            source_width=self.source_size[0],
            source_height=self.source_size[1],
            profile=preset.profile if preset else MASTER,
            notices=tuple(self.notices),
            enlargements=enlargements,
        )

    def _merged(self) -> Iterator[tuple[str, Shot]]:
        for scene in self.board.scenes:
            for shot in scene.shots:
                merged = merged_shot(self.board, scene, shot)
                if self.overrides.preset:
                    merged = merged.model_copy(update=dict(_given(self.overrides.preset.file.shots)))
                if merged.text and merged.text is not shot.text:
                    merged = merged.model_copy(update={"text": tuple(_within(text, shot.id) for text in merged.text)})
                if merged.clip:
                    self.notices += unused_by_clip(shot)
                if merged.dialogue or merged.voiceover:
                    voiced = with_sound(merged, self.voices, self.folder, self.board.fps)
                    merged = voiced.shot
                    self.notices += voiced.notices
                    if merged.lip_sync == DIALOGUE:
                        self.followed[merged.id] = followed_lines(voiced, self.folder, self.board.fps)
                yield scene.id, merged

    def _parts(self) -> Iterator[_Placed]:
        start = Fraction(0)
        for scene, shot in self._merged():
            frames = shot_frames(
                shot, self.board.fps, self.folder, self.fps, music=partial(film_music, self.board, self.folder)
            )
            self.notices += too_long(shot, frames, self.board.fps, self.folder)
            parts = list(split_shot(shot, frames, self.board.fps)) if self.split else [Part.whole(shot, frames)]
            if len(parts) == 1 and self.split and not shot.clip and frames > 5 * self.board.fps + 1:
                key = follows(shot)
                why = f"it follows its {key}" if key else "5 to 6 s cannot be split into shots of 3-5 s"
                self._notice("plan.not_split", f"{why}; it stays whole", shot.id)
            if len(parts) > 1 and shot.pick:
                self._notice("engine.wish_ignored", "pick: the shot was split; pick its parts by their own ids", shot.id)
            if len(parts) > 1 and shot.trim:
                self._notice("plan.trim", "trim: the shot was split, and its parts join exactly; left out", shot.id)
            for part in parts:
                placed = self._placed(scene, part, start, whole=len(parts) == 1)
                yield placed
                start += placed.frames

    def _placed(self, scene: str, part: Part, start: Fraction, *, whole: bool) -> _Placed:
        """The part at its place, with what ``trim`` says of it."""
        shot, rate = part.shot, self.board.fps
        if not whole or shot.trim is None:
            return _Placed(scene, part, start, Fraction(part.frames))
        opens = shot.trim.start.at(rate) if shot.trim.start else None
        length = film_frames(shot, rate, self.fps)
        if length is None:
            return _Placed(scene, part, start, Fraction(part.frames), Trim(opens))
        shot, gone = trimmed_away(shot, length / self.fps, rate, part.frames / rate)
        self.notices += gone
        return _Placed(scene, replace(part, shot=shot), start, length * rate / self.fps, Trim(opens, length / self.fps))

    def _delivered_span(self, entry: _Placed) -> int:
        """Frames at the film's rate, from absolute positions, so that rounding does not accumulate."""
        ratio = self.fps / self.board.fps
        return max(1, int((entry.start + entry.frames) * ratio) - int(entry.start * ratio))

    def _by_music(self, placed: list[_Placed], lengths: list[int], transitions: list[int]) -> tuple[list[_Placed], list[int]]:
        """The shots and their lengths as the film's music has them."""
        overlaps = [0, *transitions[1:]]
        spans = [
            Span(one.part.shot, one.part.parent, frames, overlap, one.trim)
            for one, frames, overlap in zip(placed, lengths, overlaps, strict=True)
        ]
        measured = lengths_by_music(self.board, self.folder, spans, self.fps, self.notices.append)
        if measured is None:
            return placed, lengths
        each = zip(placed, lengths, measured, strict=True)
        ratio = self.board.fps / self.fps
        return [one if old == new else one.lasting(new * ratio) for one, old, new in each], measured

    def _transitions(self, placed: list[_Placed], lengths: list[int]) -> Iterator[int]:
        """Frames of each incoming transition, shortened if its shots are too short.

        No frame is in two transitions: if the transitions at both ends of a shot do not fit, each gets up to half of it.
        """
        requested = [self._requested_transition(entry.part.shot, first=not index) for index, entry in enumerate(placed)]
        before = 0
        for index, length in enumerate(requested):
            after = requested[index + 1] if index + 1 < len(requested) else 0
            available = max(lengths[index] // 2, lengths[index] - after) if after else lengths[index] - 1
            if index:
                available = min(available, lengths[index - 1] - before)
            before = max(0, min(length, available))
            if before < length:
                shot = placed[index].part.shot
                self._notice("plan.transition_shortened", f"transition: only {before} of {length} frames fit", shot.id)
            yield before

    def _requested_transition(self, shot: Shot, *, first: bool) -> int:
        """Frames of the transition in the storyboard. The first shot can only fade in from black."""
        transition = shot.transition
        if transition is None or plain_cut(transition.type) or (first and transition.type != FADE_IN):
            return 0
        return self._transition_frames(shot)

    def _transition_frames(self, shot: Shot) -> int:
        length = (shot.transition and shot.transition.duration) or Duration(seconds=DEFAULT_TRANSITION_S)
        if length.frames_ is not None:
            return int(length.frames_ * self.fps / self.board.fps)
        return length.frames(self.fps)

    def _planned(
        self, entry: _Placed, last_parts: dict[str, str], start: int, frames: int, transition: int, overlap: int
    ) -> FilmShot:
        shot = entry.part.shot
        common: dict[str, Any] = {
            "shot": shot,
            "parent": entry.part.parent,
            "scene": entry.scene,
            "start_frame": start,
            "frames": frames,
            "transition_frames": transition,
            "overlap": overlap,
            "post": shot.post,
            "trim": entry.trim,
            "sound_frames": self._transition_frames(shot) if shot.transition and shot.transition.type in SOUND_CUTS else 0,
        }
        seconds = float(entry.part.frames / self.board.fps)
        if shot.clip:
            clip = named_file(self.folder, shot.clip)
            return UserClip(**common, clip=clip, seconds_each=float(entry.frames / self.board.fps))
        choice = choose_engine(shot, self.overrides.engine, self.overrides.model, self.machine)
        if choice.engine == "local" and choice.model and choice.model == shot.model:
            choice = replace(choice, model=local_name(self.folder, choice.model))
        named, auto = self.overrides.model or shot.model, self.overrides.engine == "auto"
        self.notices += unused_model(named, choice.engine, choice.model, shot.id, auto=auto)
        self._check_model(choice, shot.id)
        capabilities = self.lookup(choice.engine, choice.model) or Capabilities(engine=choice.engine)
        candidates = self.overrides.candidates or shot.candidates or DEFAULT_CANDIDATES
        visible = replace(entry.part, shot=visible_shot(shot, capabilities))
        request = self._request(visible, choice, capabilities)
        self.notices += unsupported_options(shot, capabilities)
        self.notices += line_notices(shot, self.followed.get(shot.id, ()), capabilities)
        self.notices += form_notices(shot, request, capabilities)
        speed = capabilities.seconds_per_second
        billed = capabilities.billed_s(seconds, request.by_references, request.task == "first_last_frame")
        size = (request.width, request.height)
        price = capabilities.price_of(seconds, *size, request.task, request.by_references, request.sound)
        return GeneratedShot(
            **common, engine=choice.engine, model=choice.model, why_engine=choice.why, candidates=candidates, request=request,
            continues=self._continued(shot, last_parts, capabilities), seconds_each=billed,
            make_seconds=None if speed is None else speed * billed * candidates,
            estimated_usd=None if price is None else round(price * candidates, 6),
        )  # fmt: skip

    def _check_model(self, choice: Choice, shot: str) -> None:
        """Raise MissingError for a retired engine or model, InputError for an unknown model.

        An unknown model may exist, because catalogues change monthly; ``--allow-unknown-model`` permits it.
        """
        refuse_retired(choice.engine, choice.model, shot)
        known = unknown_model(choice.engine, choice.model)
        if not known:
            return
        if not self.overrides.allow_unknown_model:
            raise InputError(
                "engine.unknown_model",
                f"{shot}: {choice.engine} has no model {choice.model!r}{did_you_mean(choice.model or '', known)}",
                hint=f"known: {', '.join(known)}; --allow-unknown-model sends it anyway, at an unknown price",
                where=shot,
            )
        self._notice("engine.model_unknown", f"model: {choice.model} is not in the table; limits and price are not known", shot)

    def _continued(self, shot: Shot, last_parts: dict[str, str], capabilities: Capabilities) -> str | None:
        """The id of the shot that this one continues: of a split shot the last part."""
        if not shot.continue_from or not capabilities.first_frame:
            return None
        return last_parts.get(shot.continue_from, shot.continue_from)

    def _request(self, part: Part, choice: Choice, capabilities: Capabilities) -> ShotRequest:
        shot, known = part.shot, self.board.characters
        cast = [(name, known[name]) for name in shot.characters or () if name in known]
        speakers = tuple(known[name].description or name if name in known else name for name in part.speakers)
        words = replace(words_of(shot, tuple(who.description or name for name, who in cast)), speakers=speakers)
        task = task_of(shot)
        prompt = prompt_of(shot, task, words, capabilities)
        references = [*(shot.references or ()), *(file for _, who in cast for file in who.references)]
        most = capabilities.references
        if len(references) > most and (most or not shot.references):  # else there is another notice
            name, left = capabilities.title or capabilities.engine, len(references) - most
            accepts = f"accepts {counted(most, 'reference picture') if most else 'no reference pictures'}"
            self._notice(
                "engine.wish_ignored", f"references: {name} {accepts}; {left} of the shot's {len(references)} left out", shot.id
            )
        return ShotRequest(
            shot=shot.id,
            engine=choice.engine,
            model=choice.model or capabilities.model,
            task=task,
            prompt=prompt,
            negative=(shot.negative or "") if capabilities.negative else "",
            frames=part.frames,
            fps=self.board.fps,
            width=self.source_size[0],
            height=self.source_size[1],
            base_seed=seed_of(shot, self.board.seed, prompt),
            words=words,
            camera=shot.camera or Camera(),
            motion=shot.motion or Motion(),
            language=self.board.language,
            inputs=self._inputs(shot, references, capabilities),
            params=MappingProxyType(self._params(shot, capabilities)),
        )

    def _inputs(self, shot: Shot, references: list[str], capabilities: Capabilities) -> Inputs:
        def file(name: str | None) -> Path | None:
            return named_file(self.folder, name) if name else None

        return Inputs(
            start_frame=file(shot.start_frame) if capabilities.first_frame else None,
            end_frame=file(shot.end_frame) if capabilities.last_frame else None,
            references=tuple(named_file(self.folder, name) for name in references[: capabilities.references]),
            source_video=file(shot.source_video) if "video_to_video" in capabilities.tasks else None,
            motion_reference=file(shot.motion_reference),
            lip_sync_audio=file(shot.lip_sync.audio) if isinstance(shot.lip_sync, LipSync) else None,
            lines=heard_lines(self.followed.get(shot.id, ()), capabilities),
            brushes=tuple(Brush(named_file(self.folder, brush.mask), brush.path) for brush in shot.motion_brush or ()),
        )

    def _params(self, shot: Shot, capabilities: Capabilities) -> dict[str, Any]:
        """The shot's parameters, and ``audio`` if the shot uses its sound and the engine makes sound only on request."""
        with_sound = shot.own_sound and shot.own_sound.heard and capabilities.audio is True
        params = ({"audio": True} if with_sound else {}) | dict(shot.params or {})
        if loras := params.get("lora"):
            params["lora"] = [self._lora(one) for one in (loras if isinstance(loras, list | tuple) else [loras])]
        return params

    def _lora(self, entry: Any) -> Any:
        if isinstance(entry, str):
            return local_name(self.folder, entry)
        if isinstance(entry, Mapping) and isinstance(entry.get("file"), str):
            return {**entry, "file": local_name(self.folder, entry["file"])}
        return entry

    def _notice(self, code: str, message: str, shot: str) -> None:
        self.notices.append(Notice(code, message, shot))


def local_name(folder: Path, name: str) -> str:
    """The path of a file or folder in the storyboard's folder; the name itself if it does not exist there."""
    path = named_file(folder, str(expanded(name)))
    return str(path) if path.exists() else name


def _within(text: Text, shot: str) -> Text:
    """A title that every shot has ends with its shot at the latest."""
    return text.model_copy(update={"until": shot})


def _given(keys: ShotKeys) -> Iterator[tuple[str, object]]:
    return ((name, getattr(keys, name)) for name in keys.model_fields_set)
