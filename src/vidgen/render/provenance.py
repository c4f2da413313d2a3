"""What a render knows about where its film comes from: the record, the tags in the file, the label, and the signature."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from vidgen import __version__
from vidgen.cut.looks import plain
from vidgen.cut.timeline import LABEL, Cue, Timeline, settle
from vidgen.errors import InputError
from vidgen.media.answers import content_of
from vidgen.media.files import part_name, sha256_json
from vidgen.media.places import check_output_file
from vidgen.media.rate import rate_text
from vidgen.planning.plan import Plan, ProviderUpscale, UserClip
from vidgen.provenance.frames import Decoded, film_frames
from vidgen.provenance.keys import Credentials, credentials
from vidgen.provenance.label import label_text
from vidgen.provenance.record import Record, ShotRecord, is_ours, read_sidecar, sidecar_path, write_sidecar
from vidgen.provenance.signing import check_installed, sign_film, try_key
from vidgen.provenance.sources import AI_MADE, SourceType, together, uri
from vidgen.render.colour_match import ColourMatch
from vidgen.render.made import MadeShot
from vidgen.render.post_plan import ShotPost
from vidgen.takes.record import row_of
from vidgen.takes.request import Inputs, Take


def signing_key(plan: Plan) -> Credentials | None:
    """The key to sign the film with; None where the storyboard does not ask for a signature.

    Raises MissingError, InputError or ProcessingError where it cannot be signed: known before a take is made or paid for.
    """
    if not plan.board.provenance.c2pa:
        return None
    check_installed()
    found = credentials()
    try_key(found)
    return found


def check_sidecar(output: Path, *, touch: bool) -> None:
    """Raise InputError ``output.bad_name`` where the record of the film would replace another file, or cannot be written."""
    file = sidecar_path(output)
    if file.is_file() and not is_ours(file):
        text = f"{file} is there and is no record of a film; the film's record is written under that name"
        raise InputError("output.bad_name", text, hint="give the film another name (-o), or move that file", where=str(file))
    check_output_file(file, touch=touch)


@dataclass(frozen=True)
class Origin:
    """Where a film comes from. Called with a finished file before it gets its final name, it signs it (``cut.join.Seal``).

    Args:
        made: the shots of the film with their takes. larger: takes that a provider enlarged, by shot.
        posts: what was done to each shot. work: the project's work folder.
    """

    plan: Plan
    made: Sequence[MadeShot]
    larger: Mapping[str, Take]
    posts: Mapping[str, ShotPost]
    key_pair: Credentials | None
    storyboard: str
    work: Path
    output: Path
    matched: Mapping[str, str] = field(default_factory=dict)
    """Shots that were brought to the light of another, which is only known when their takes are, each with that other."""
    left_alone: Mapping[str, str] = field(default_factory=dict)
    """Shots that were to be brought to it and were not, each with the reason."""

    def with_colours(self, matches: Mapping[str, ColourMatch]) -> Origin:
        """The same, where it is known what was done to the colours of shots."""
        return replace(
            self,
            matched={shot: one.reference for shot, one in matches.items() if not one.why},
            left_alone={shot: one.left_alone() for shot, one in matches.items() if one.why},
        )

    @cached_property
    def label(self) -> str | None:
        """The words of the visible label; None for none."""
        by_models = [
            shot.planned.shot
            for shot in self.made
            if _source(shot) in AI_MADE and not isinstance(shot.planned, ProviderUpscale)
        ]
        return label_text(self.plan.board, by_models, len(self.made) - len(by_models))

    def labelled(self, timeline: Timeline) -> Timeline:
        """The timeline with the label, if there is one: from the first frame of the film to the last, so that no part of it is
        seen without.
        """
        if self.label is None:
            return timeline
        whole = sum(shot.frames for shot in timeline.shots)
        label = Cue(self.label, 0, whole, role=LABEL, language=self.plan.board.language)
        first, *others = timeline.shots
        return replace(timeline, shots=(replace(first, cues=(label, *first.cues)), *others))

    @cached_property
    def source(self) -> SourceType:
        """The IPTC type of the whole film."""
        return together(_source(shot) for shot in self.made)

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """Container tags: they say what the film is, and nothing that changes with the time or the version of vidgen."""
        author = self.plan.board.provenance.author
        comment = f"{self._summary}. Digital source type: {uri(self.source)}. Made with vidgen."
        return {"comment": comment, **({"artist": author} if author else {})}

    @property
    def _summary(self) -> str:
        by_models = sum(_source(shot) in AI_MADE for shot in self.made)
        own = sum(isinstance(shot.planned, UserClip) for shot in self.made)
        if by_models:
            return "AI-generated" if by_models == len(self.made) else f"AI-generated in {by_models} of {len(self.made)} shots"
        if own == len(self.made):
            return "Made of the author's own clips; where those come from is not recorded"
        return "Animatic drawn by a program, not by generative AI" + (", with the author's own clips" if own else "")

    @cached_property
    def key(self) -> str:
        """Of all that the signature says: a film with another key is sealed anew."""
        pair = self.key_pair
        signer = [pair.fingerprint, pair.timestamp_url] if pair else None
        return sha256_json(
            {"tags": dict(self.tags), "signer": signer, "record": self.known.without_hashes().as_dict() if pair else None}
        )

    @cached_property
    def known(self) -> Record:
        """The record without positions and hashes, which the finished film gives."""
        board = self.plan.board
        return Record(
            schema="vidgen.provenance.v1",
            version=__version__,
            title=plain(board.title)[:4000],
            author=board.provenance.author,
            storyboard=self.storyboard,
            fps=rate_text(self.plan.fps),
            width=self.plan.width,
            height=self.plan.height,
            frames=self.plan.total_frames,
            source_type=uri(self.source),
            ai_made=self._ai_made,
            label=self.label,
            signed=self.key_pair is not None,
            shots=[self._shot(shot) for shot in self.made],
        )

    @property
    def _ai_made(self) -> bool | None:
        kinds = [_source(shot) for shot in self.made]
        return True if AI_MADE.intersection(kinds) else None if None in kinds else False

    def _shot(self, made: MadeShot) -> ShotRecord:
        planned, take = made.planned, made.picked
        assert not isinstance(planned, ProviderUpscale)  # those stand in ``larger``
        post = self.posts.get(planned.id)
        done = replace(post, reference=self.matched.get(planned.id)).names if post else []
        left = self.left_alone.get(planned.id)
        shot = ShotRecord(id=planned.id, start=0, frames=planned.frames, engine=planned.engine, post=done, left_alone=left)
        if take is None:
            clip = planned.clip if isinstance(planned, UserClip) else None
            return shot.model_copy(update={"take_sha256": content_of(clip) if clip else None})
        row, kind = row_of(take), _source(made)
        prompt = str(row.get("prompt", ""))
        known = {
            "engine": take.engine,
            "model": take.model,
            "take": take.take,
            "take_start": take.start,
            "seed": take.seed,
            "request_key": row.get("request_key") or made.request_key,
            "take_sha256": take.sha256,
            "prompt_sha256": hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(),
            "diffusion": take.diffusion,
            "source_type": uri(kind) if kind else None,
        }
        return shot.model_copy(update=known)

    def record(self, film: Path, timeline: Timeline) -> Record:
        """The whole record of a film: where each shot is, and its hashes. With a signature every frame is decoded for that."""
        decode = Decoded(self.work / "frames.json") if self.key_pair else None
        found = film_frames(film, decode=decode)
        placed = self._placed(timeline)
        shots = [
            shot.model_copy(
                update={
                    "coded_sha256": found.coded_of(shot.start, shot.frames),
                    "frames_sha256": found.decoded_of(shot.start, shot.frames),
                }
            )
            for shot in placed.shots
        ]
        form = {"sound_sha256": found.sound_sha256, "pixel_format": found.pixel_format}
        return placed.model_copy(update={"shots": shots, **form})

    def _placed(self, timeline: Timeline) -> Record:
        settled, _ = settle(timeline)
        places = zip(self.known.shots, settled.starts, settled.shots, strict=True)
        shots = [shot.model_copy(update={"start": start, "frames": cut.frames}) for shot, start, cut in places]
        return self.known.model_copy(update={"shots": shots, "frames": settled.frames})

    def __call__(self, film: Path, timeline: Timeline) -> None:
        """Sign a finished film that has no final name yet, if it is to be signed; and take away the record of the film whose
        name it is about to get, so that no film ever has another's record.
        """
        if self.key_pair:
            signed = part_name(film)
            try:
                takes = {shot.planned.id: file for shot in self.made if (file := _file(shot))}
                sign_film(film, signed, self.record(film, timeline), self.key_pair, takes)
                signed.replace(film)
            finally:
                signed.unlink(missing_ok=True)
        if is_ours(sidecar := sidecar_path(self.output)):
            sidecar.unlink()

    def write_sidecar(self, timeline: Timeline) -> Path:
        """Write the record beside the finished film, where it is not there; returns where it is."""
        sidecar = sidecar_path(self.output)
        there = read_sidecar(sidecar)
        if (
            there is None
            or there.without_hashes() != self._placed(timeline).without_hashes()
            or there.film_sha256 != content_of(self.output)
        ):
            write_sidecar(sidecar, self.record(self.output, timeline), self.output)
        return sidecar


def _file(shot: MadeShot) -> Path | None:
    return shot.picked.file if shot.picked else shot.planned.clip if isinstance(shot.planned, UserClip) else None


def _source(shot: MadeShot) -> SourceType | None:
    """How the picture of a shot came to be; None for a user's own clip."""
    if shot.picked is None:
        return None
    inputs = shot.planned.request.inputs if not isinstance(shot.planned, UserClip) else Inputs()
    if shot.picked.diffusion:
        return "compositeWithTrainedAlgorithmicMedia" if inputs.source_video else "trainedAlgorithmicMedia"
    return "composite" if _has_pictures(inputs) else "algorithmicMedia"


def _has_pictures(inputs: Inputs) -> bool:
    return any((inputs.start_frame, inputs.end_frame, inputs.references, inputs.source_video))
