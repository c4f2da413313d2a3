"""All errors that vidgen raises on purpose, and the registry of their stable codes.

VidgenError
├── InputError          exit 2   bad usage or bad input: flags, storyboard, media
│   └── StoryboardError exit 2   one or more problems in a storyboard, with line and column
├── MissingError        exit 3   an engine, key, weight, font or ffmpeg feature is missing
├── ProcessingError     exit 4   generation or processing failed
├── BudgetError         exit 5   a spending limit would be exceeded; nothing was spent
├── ReviewError         exit 6   finished, but needs review (``--strict`` only)
├── InternalError       exit 1   a bug of vidgen in one take or shot; the others are kept
└── Cancelled           exit 130 interrupted; finished work is kept and the run can be resumed

An error carries ``code`` (stable, for programs), ``message`` (what happened), ``hint`` (what to do) and ``where``
(file, line, shot). Codes are append-only: a code is never renamed or given another meaning. A plug-in's own codes have a
namespace and a colon: ``acme:no_credit``.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

_OWN = re.compile(r"[a-z][a-z0-9_-]*:[a-z][a-z0-9_.-]*")


def is_code(code: str, registered: Container[str]) -> bool:
    """Whether a code is one of vidgen's, or in the namespace of a plug-in."""
    return code in registered or _OWN.fullmatch(code) is not None


class VidgenError(Exception):
    """Base of all deliberate errors.

    Args:
        code: a key of ``CODES``, or a plug-in's own; anything else is a programming error.
        message: one line that says what happened.
        hint: one line that says what to do about it.
        where: file, ``file:line:col`` or shot id.
    """

    exit_code = 1

    def __init__(self, code: str, message: str, *, hint: str = "", where: str = "") -> None:
        if not is_code(code, CODES):
            raise LookupError(f"error code {code!r} is not registered")
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.where = where

    def as_dict(self) -> dict[str, str | None]:
        """The ``error`` member of the JSON envelope."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint or None,
            "where": self.where or None,
        }


class InputError(VidgenError):
    """Bad usage or bad input."""

    exit_code = 2


@dataclass(frozen=True, order=True)
class Problem:
    """One problem in a storyboard. ``line`` and ``column`` count from 1; ``path`` is like ``shots[2].duration``.

    ``code`` is more specific for problems with files that the storyboard names.
    """

    line: int
    column: int
    path: str
    message: str
    code: str = field(default="storyboard.invalid", compare=False)

    def text(self, file: str) -> str:
        """``film.yaml:14:5: shots[2].duration: message``."""
        return f"{file}:{self.line}:{self.column}: {self.path + ': ' if self.path else ''}{self.message}"


class StoryboardError(InputError):
    """A storyboard has ``problems``, listed in file order. The code is theirs if all have the same one."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems)
        first = self.problems[0]
        lines = [problem.text(file) for problem in self.problems]
        codes = {problem.code for problem in self.problems}
        code = codes.pop() if len(codes) == 1 else "storyboard.invalid"
        super().__init__(code, "\n".join(lines), where=f"{file}:{first.line}:{first.column}")


class MissingError(VidgenError):
    """Something needed is missing on this machine."""

    exit_code = 3


class ProcessingError(VidgenError):
    """Generation or processing failed."""

    exit_code = 4


class BudgetError(VidgenError):
    """A spending limit would be exceeded. Nothing was spent."""

    exit_code = 5


class ReviewError(VidgenError):
    """Finished, but a person has to review it."""

    exit_code = 6


class InternalError(VidgenError):
    """A bug of vidgen in one take or shot (``what`` names it). The others are kept."""

    def __init__(self, what: str, error: BaseException, *, where: str = "") -> None:
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:400]
        hint = "run again with --debug for a traceback, and report it"
        super().__init__("internal", f"internal error: {what}: {cause}", hint=hint, where=where)


class Cancelled(VidgenError):
    """The user interrupted the run (Ctrl-C: 130, SIGTERM: 143)."""

    exit_code = 130

    def __init__(self, signal_number: int = 2, message: str = "interrupted") -> None:
        super().__init__("run.interrupted", message, hint="run the same command again to go on where it stopped")
        self.exit_code = 128 + signal_number


CODES: dict[str, str] = {
    "budget.declined": "The person at the terminal declined the estimate",
    "budget.exceeded": "A spending limit would be exceeded; nothing was sent",
    "budget.no_consent": "Paid work needs consent (--yes, --max-cost or budget:); nothing was sent",
    "budget.unknown_price": "A limit is set but a price is not known; nothing was sent",
    "cluster.crashed": "What worked on a take, clip or piece of the film ended several times without an answer",
    "cluster.full": "The cluster has no room for the files of some work",
    "cluster.lost": "The cluster, or its last node, was lost while work waited for it",
    "cluster.no_node": "No node of the cluster can do some work; the message says why for each",
    "cluster.not_here": "A node lacks an engine, model or package of the driver; the work is done on another",
    "cluster.transfer": "A file could not be moved between the driver and a node",
    "config.invalid": "The user's configuration file is wrong",
    "cut.bad_size": "The picture size of the final cut cannot be encoded",
    "cut.empty": "There is nothing to cut: no shots, or a shot without frames",
    "engine.cannot": "The model cannot make this kind of shot from what it is given",
    "engine.failed": "A plug-in's engine raised an unexpected error; the message quotes it",
    "engine.load_failed": "An engine is installed but cannot be loaded",
    "engine.not_diffusion": "Diffusion is required, but a shot would be made without it",
    "engine.not_ready": "The engine is known but cannot run here",
    "engine.retired": "The provider has shut the engine down",
    "engine.unknown": "No engine of that name is installed",
    "engine.unknown_model": "The engine has no model of that name in the table",
    "executor.missing": "The executor is not known, not installed, or nobody answers at its address",
    "export.bad_rate": "The format cannot tell the film's frame rate",
    "export.exists": "A copy would overwrite another file, or a bundle's folder is there; nothing was overwritten",
    "export.missing": "A package that writes the format is not installed",
    "export.no_work": "A farm can do nothing for the film: what is missing is paid for",
    "export.not_spoken": "Lines of the film are not spoken yet, and a farm has not your voices",
    "ffmpeg.failed": "ffmpeg ended with an error; the message quotes it",
    "ffmpeg.missing": "No ffmpeg with the needed filters and encoders was found",
    "ffmpeg.stalled": "ffmpeg made no progress and was stopped",
    "file.bad_name": "The file system does not accept this name",
    "file.disk_full": "The disk or the user's quota is full",
    "file.failed": "The disk or network drive failed; the message quotes the system",
    "file.not_allowed": "There is no permission to read or write a file or folder",
    "file.wrong_place": "A file or folder does not exist, or is a folder instead of a file or the reverse",
    "generation.failed": "The engine could not make the take; the message quotes it",
    "generation.moderated": "The provider refused the request or its result on policy grounds",
    "home.no_scratch": "There is no folder for temporary files",
    "home.not_writable": "The folder for models, fonts and caches cannot be written",
    "import.invalid": "The file is not a cut that can be read; nothing was changed",
    "import.layout": "The storyboard is written in a way in which the change would change more; nothing was changed",
    "import.other_film": "The cut is not one of this storyboard; nothing was changed",
    "internal": "A bug of vidgen; the message says where",
    "journal.conflict": "A paid job is not in the state that this step needs; nothing was sent",
    "journal.corrupt": "The record of paid work cannot be read",
    "journal.newer": "The record of paid work was written by a newer vidgen",
    "lint.failed": "Lint found errors, or warnings with --strict",
    "local.out_of_memory": "The model needs more memory than the device has, even with all fallbacks",
    "local.worker_died": "The process that ran the model ended early; the message quotes its last output",
    "lock.invalid": "The lock file is damaged",
    "lock.newer": "The lock file was written by a newer vidgen",
    "media.alpha": "The video is transparent; the result cannot be",
    "media.bad_output": "A file that was just written failed its check; it was not kept",
    "media.bad_shape": "A picture is too wide or too narrow for the provider",
    "media.hdr": "The clip is HDR, which is not supported",
    "media.no_audio": "The file has no sound",
    "media.no_video": "The file has no video stream",
    "media.not_found": "The file does not exist",
    "media.not_kept": "A downloaded result cannot be written to disk",
    "media.too_large": "The picture or file exceeds the size limit",
    "media.too_short": "The clip has fewer frames than are needed",
    "media.truncated": "The file is cut off: it is shorter than its header says",
    "media.unreadable": "The file is not readable media",
    "models.checksum": "A model file does not match its pinned checksum; it was not kept",
    "models.damaged": "A model file does not match its checksum",
    "models.missing": "A model or font is missing and no source has it",
    "models.not_a_pipeline": "A folder is not a video model in diffusers layout of a known family",
    "models.offline": "A model is missing and downloads are forbidden",
    "models.unknown": "No model has that name",
    "models.unsafe": "A model contains pickles or code, which are loaded only with --trust-model",
    "models.unreadable": "A user's weights file is not of a supported network",
    "music.silent": "The music is silent",
    "music.too_short": "The music is too short to find a beat in",
    "network.bad_setting": "A proxy or certificate file in the environment cannot be used; nothing was sent",
    "new.exists": "The file exists and is not overwritten",
    "new.unreadable": "A storyboard cannot be made of the script or shot list; the message says why, and nothing was written",
    "output.bad_name": "The output cannot be written under this name",
    "output.bad_size": "The picture size of an output cannot be encoded",
    "pick.unknown": "The shot has no take of that number",
    "post.bad_lut": "The LUT is not a 3D .cube table that can be used",
    "post.bad_size": "The picture size cannot be encoded",
    "post.busy": "Another process is writing the same file",
    "post.engine_failed": "The interpolation or upscaling engine failed; the message quotes it",
    "post.engine_missing": "A package that the interpolation or upscaling engine needs is not installed",
    "post.engine_unknown": "No interpolation or upscaling engine has that name",
    "post.out_of_memory": "Enlarging needs more memory than there is, even in small tiles",
    "preset.invalid": "A preset file is wrong; the message says where",
    "preset.unknown": "There is no preset of that name",
    "project.busy": "Another run is working on this project",
    "project.other_board": "The work folder or the lock file belongs to another storyboard",
    "notes.invalid": "A file of notes from a review bundle is wrong; the message says where",
    "notes.other_project": "A file of notes is about another project",
    "notes.outdated": "Notes are about shots or takes that are not there, or that changed; nothing was written",
    "review.too_large": "A review bundle would be larger than is allowed; the message says how large",
    "remarks.invalid": "The file of rejections and notes is damaged",
    "qc.failed": "A file fails checks of its delivery; the message names them",
    "render.needs_review": "The film is finished, but a person has to review some shots",
    "request.bad_value": "A parameter has a value that cannot be used",
    "provenance.bad_key": "The key or certificate to sign with cannot be used; the message says why",
    "provenance.key_exists": "There is a signing key already; it is never replaced",
    "provenance.mismatch": "The film is not the one that was made; the message names the first shot that differs",
    "provenance.missing": "The package for C2PA signatures is not installed",
    "provenance.no_key": "There is no key to sign with",
    "provenance.not_signed": "The film could not be signed; it did not get its final name",
    "provider.auth": "The provider does not accept the key",
    "provider.bad_address": "The provider's address is not https (or http to this machine)",
    "provider.bad_request": "The provider refused the request; the message quotes it",
    "provider.bad_result": "The provider gave a file that is not a usable clip",
    "provider.fault": "The provider has an internal error",
    "provider.quota": "The account has no credit or quota left",
    "provider.rate": "The provider accepts no more requests for now",
    "provider.timeout": "The provider has not finished in time; the job can be resumed",
    "result.expired": "The provider no longer offers the finished clip",
    "run.interrupted": "The user interrupted the run",
    "score.few_picks": "There are too few picks of one's own to fit the judge's weights to",
    "score.unknown_name": "The judge has no family or veto of that name",
    "shot.parent_failed": "The shot that this one continues failed",
    "shot.unknown": "There is no shot of that id",
    "sound.not_measured": "The loudness of the soundtrack could not be measured",
    "sound.unknown_loudness": "There is no loudness target of that name",
    "speech.bad_sound": "A speech engine gave what is not a usable sound",
    "speech.failed": "A speech engine failed, or took too long; the message quotes it",
    "speech.no_engine": "No speech engine here can say that",
    "speech.no_voice": "A speech engine has no voice of that name, or it is not here",
    "storyboard.not_found": "The storyboard file does not exist or cannot be read",
    "storyboard.invalid": "The storyboard has problems; the message lists each with its place",
    "submit.unknown": "It is not known whether the provider accepted the request; it is not sent again automatically",
    "system.limit": "The system gives no more memory, processes or open files",
    "take.rejected": "The engine rejected the unfinished take, because other candidates of the shot looked better",
    "takes.no_folder": "A folder of takes that other machines have made is not there",
    "takes.paid": "A take is made by an engine that is paid for, which this command never asks",
    "takes.settled": "The attempt is already settled",
    "takes.unknown": "There is no attempt of that number",
    "trim.invalid": "A shot cannot be trimmed, or not to that frame; the message says why",
    "usage.invalid": "A flag or argument is wrong",
}
"""Error code -> meaning."""


@dataclass(frozen=True)
class Notice:
    """A warning in the result: an option not honoured, a fallback, an approximation.

    ``code`` is a key of ``NOTICES`` or a plug-in's own; ``shot`` is the shot id, or None for the whole run.
    """

    code: str
    message: str
    shot: str | None = None

    def __post_init__(self) -> None:
        if not is_code(self.code, NOTICES):
            raise LookupError(f"warning code {self.code!r} is not registered")

    @classmethod
    def of_engine(cls, code: str, message: str, shot: str) -> Notice:
        """The notice of an engine on a take. An unregistered code of a plug-in becomes ``engine.remark``: it must not stop a
        run after a take was paid for.
        """
        return cls(code, message, shot) if is_code(code, NOTICES) else cls("engine.remark", f"{code}: {message}", shot)

    def as_dict(self) -> dict[str, str | None]:
        """One member of the envelope's ``warnings``."""
        return {"code": self.code, "message": self.message, "shot": self.shot}


NOTICES: dict[str, str] = {
    "budget.over_limit": "The estimate is above the limit; the mode is warn, so the run goes on",
    "budget.price_unknown": "The price of some work is not known",
    "cluster.node_lost": "A node of the cluster was lost; what it was doing is done elsewhere",
    "cluster.node_refused": "A node of the cluster gets no work; the message says why",
    "cut.segment_rebuilt": "A stored piece of the film was damaged; it was set aside and made again",
    "cut.transition_ignored": "A transition was left out; the message says why",
    "cut.transition_replaced": "A transition is not known; a dissolve is used instead",
    "cut.transition_shortened": "A transition did not fit its shots and was shortened",
    "engine.model_unknown": "A model that the table does not know is used; its limits and price are not known",
    "engine.no_gpu": "A model that is made for GPUs will run on the CPU",
    "engine.not_closed": "An engine failed to shut down at the end of the run; its takes are kept",
    "engine.prompt_too_long": "The prompt is longer than the engine allows",
    "engine.remark": "A plug-in's engine used an unregistered code",
    "engine.wish_approximated": "The engine honours a key of the shot only approximately",
    "engine.wish_ignored": "The engine cannot honour a key of the shot; it was left out",
    "export.earlier_take": "The storyboard asks for another take now; the one of the last render is exported",
    "export.left_out": "The format cannot tell a part of the cut; the message says which",
    "export.not_on_farm": "A farm cannot do a part of the film; the message says which and why",
    "export.no_take": "A shot has no take; its place in the exported cut is empty",
    "local.reject_unused": "The model or scheduler does not support early rejection of candidates; all were made",
    "local.weaker_plan": "Out of memory; the model ran with settings that need less",
    "log.not_written": "A log could not be written; the run went on without it",
    "music.no_beat": "No beat is clear in the music; the picture is not cut on it",
    "new.decide": "A person has to decide something about a script or shot list; a comment in the storyboard says where",
    "new.kept": "A part of a script or shot list stands in the storyboard only as comments, or was read with a guess",
    "new.lint": "What lint says about the storyboard that was made of a script or shot list",
    "output.cropped_titles": "An output is cropped, and titles that are drawn in the film may be cut off",
    "output.enlarged": "An output is larger than the film; its pixels were enlarged plainly",
    "output.left_out": "An output was not made; the message says why",
    "output.rate": "An output has another rate than the film; frames are repeated or left out",
    "output.shortened": "A preview shows only a part of the film, or begins behind its end",
    "pick.kept_aside": "The storyboard's folder cannot be written; the picks are kept in the work folder",
    "pick.kept": "New takes were requested, but a pinned take stays in the film",
    "pick.missing": "The pinned take is not in the store",
    "plan.even_size": "A picture size with an odd side was made even",
    "plan.film_wide": "A shot sets a rate or size; only the film has those",
    "plan.off_beat": "A cut could not be put on a bar or beat within the limits of its shot",
    "plan.not_split": "A shot over 5 s could not be cut into shots of 3 to 5 s, or follows a file of yours, and stays whole",
    "plan.not_yet": "A key of the storyboard has no effect in this version",
    "plan.transition_shortened": "A transition was longer than its neighbours allow and was shortened",
    "plan.trim": "A trim leaves something out, or cannot be followed",
    "post.alpha_flattened": "A transparent clip was laid over black",
    "post.audio_reencoded": "The sound could not be copied into this container and was encoded again",
    "post.changes_inside": "The clip changes its size or colours in the middle; all of it has the form of the first frame",
    "post.chroma_reduced": "The clip's chroma is finer than 4:2:0; the result has 4:2:0",
    "post.damaged_source": "The file is damaged in places; what could be decoded was used",
    "post.deinterlaced": "The clip is interlaced; each pair of fields became one picture",
    "post.depth_reduced": "The clip has more than 8 bits or finer colour than the result",
    "post.even_size": "The result has one pixel more than an odd side, since video needs even ones",
    "post.light_engine": "A lighter engine was used, because the better one is not installed",
    "post.not_yet": "A post-processing option is not available in this version",
    "post.not_ready": "An engine or model for post-processing is missing; render stops before it starts",
    "post.resumed": "The work of an earlier run was continued",
    "post.streams_left_out": "A stream of the file does not fit the output's container and was left out",
    "post.time_code": "The time code cannot be kept in its form at the new frame rate",
    "post.will_download": "A model for post-processing is missing; render downloads it",
    "review.smaller": "The copies in a review bundle are smaller than usual, so that the file is not too large",
    "review.not_shown": "A take cannot be shown on the review page; the message says why",
    "continuity.swapped": "A picked take looks unlike earlier shots of the same characters or place",
    "provenance.no_record": "A record beside a film is damaged or is something else; it was left out",
    "provenance.no_take": "The project's store lacks the take that a film was made of",
    "score.spent": "What it has cost to judge takes with a paid model",
    "score.scorer_failed": "A scorer of another package failed or cannot be loaded; what it measures is left out",
    "colour.no_reference": "A shot is to be matched to one that is not in the film; its colours are left as they are",
    "caption.kept": "A file of captions was changed by hand or is not of this film; it was left as it is",
    "caption.fast": "A caption is shown for less time than it takes to read it",
    "sound.damaged": "Sound is damaged or cut off; what could be decoded is heard",
    "sound.limited": "The mix was louder than full scale; its peaks were limited",
    "sound.loudness_missed": "The loudness target could not be reached with this mix",
    "sound.none": "A clip whose own sound is to be used has no sound",
    "sound.not_spoken": "Dialogue or voiceover has no recorded file, and nothing here can say it: it is silent",
    "sound.silent": "The soundtrack is silent or too short to measure; its level was left alone",
    "sound.words_over_cut": "Spoken words need longer than their shot; they are heard over the cut",
    "speech.estimated": "A line is not spoken yet, so the length of its shot is an estimate",
    "speech.nothing_said": "An engine that only makes clips speak has no line that can be said; render stops before it starts",
    "speech.silent": "A speech engine answered with silence",
    "speech.voice_replaced": "The engine of a line has no voice of that name; another is used, always the same one",
    "take.below_floor": "All takes of a shot have a veto or are below score.floor; more were made, or the limit leaves none",
    "take.not_needed": "A take is good (score.good), so that others of the shot were not made",
    "take.not_covering": "A stored take is too short, or of another size or rate than is needed now, so a new one is made",
    "take.corrupt": "A stored take was damaged or gone; it was set aside and is treated as missing",
    "take.failed": "A take failed; the shot's other takes are used",
    "take.fetched_again": "A paid take is lost here; it is fetched again from its provider, at no cost",
    "take.lost": "A paid take is lost here and at its provider; it can only be bought again",
    "take.not_judged": "The judge could not score a take because of a bug of vidgen; a person should look at it",
    "take.not_checked": "The stored takes could not be checked; the message says why",
    "take.held": "A take is shorter than its shot; its last frame is held",
    "take.record_restored": "The record of a stored take was damaged or missing; it was restored from the journal and the clip",
    "take.reshaped": "The provider's clip has another shape; it was cropped",
    "take.unfinished": "A paid submission was interrupted; whether it was accepted is unknown",
    "takes.none": "A folder of takes that other machines have made has none of these shots",
    "text.font_replaced": "A title names a font that is not available; another is used",
    "text.missing_glyphs": "A title has letters that no font here has",
}
"""Warning code -> meaning."""
