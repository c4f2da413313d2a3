"""Every error vidgen raises on purpose, and the registry of their stable codes.

VidgenError
├── InputError          exit 2   bad usage or bad input: flags, storyboard, media
│   └── StoryboardError exit 2   one or more problems in a storyboard, with their places
├── MissingError        exit 3   an engine, key, weight, font or ffmpeg feature is not here
├── ProcessingError     exit 4   generation or processing failed
├── BudgetError         exit 5   a spending limit would be exceeded; nothing was spent
├── ReviewError         exit 6   finished, but needs review (``--strict`` only)
├── InternalError       exit 1   a fault of vidgen itself in one take or shot; the others are kept
└── Cancelled           exit 130 interrupted; what was done is kept and the run can be resumed

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
        where: file, ``file:line:col`` or shot id that it is about.
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
    """One thing that is wrong in a storyboard: ``line`` and ``column`` count from 1, ``path`` is ``shots[2].duration``.

    ``code`` says more where it is a file that the storyboard names.
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
    """A storyboard cannot be read; ``problems`` lists everything wrong with it, in file order.

    Its code is that of the problems where they have but one.
    """

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems)
        first = self.problems[0]
        lines = [problem.text(file) for problem in self.problems]
        codes = {problem.code for problem in self.problems}
        code = codes.pop() if len(codes) == 1 else "storyboard.invalid"
        super().__init__(code, "\n".join(lines), where=f"{file}:{first.line}:{first.column}")


class MissingError(VidgenError):
    """Something needed is not on this machine."""

    exit_code = 3


class ProcessingError(VidgenError):
    """Generation or processing failed."""

    exit_code = 4


class BudgetError(VidgenError):
    """A spending limit would be exceeded. Nothing was spent."""

    exit_code = 5


class ReviewError(VidgenError):
    """Finished, but a person has to look at it."""

    exit_code = 6


class InternalError(VidgenError):
    """A fault of vidgen itself, met in one take or shot (``what`` names it); the others went on and are kept."""

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
    "command.not_yet": "The command is not in this version",
    "config.invalid": "The user's configuration file is wrong",
    "cut.bad_size": "The picture size of the final cut cannot be encoded",
    "cut.empty": "There is nothing to cut: no shots, or a shot without frames",
    "engine.cannot": "The model cannot make this kind of shot from what it is given",
    "engine.failed": "An engine of another project raised an error of its own; the message quotes it",
    "engine.load_failed": "An engine is installed but cannot be loaded",
    "engine.not_diffusion": "Diffusion was required and a shot would be made without it",
    "engine.not_ready": "The engine is known but cannot run here",
    "engine.retired": "The provider has shut the engine down",
    "engine.unknown": "No engine of that name is installed",
    "engine.unknown_model": "The engine has no model of that name in the table",
    "executor.missing": "The executor is not in this version",
    "ffmpeg.failed": "ffmpeg ended with an error; the message quotes it",
    "ffmpeg.missing": "No ffmpeg with the needed filters and encoders was found",
    "ffmpeg.stalled": "ffmpeg made no progress and was stopped",
    "file.bad_name": "The file system does not take such a name",
    "file.disk_full": "The disk or the user's share of it is full",
    "file.failed": "The disk or network drive failed; the message quotes the system",
    "file.not_allowed": "A file or folder may not be read or written",
    "file.wrong_place": "A file or folder is not there, or is the other of the two",
    "generation.failed": "The engine could not make the take; the message quotes it",
    "generation.moderated": "The provider refused the request or its result on policy grounds",
    "home.no_scratch": "There is no folder for temporary files",
    "home.not_writable": "The folder for models, fonts and caches cannot be written",
    "internal": "A fault of vidgen itself; the message says where it was met",
    "journal.conflict": "A paid job is not in the state that this step needs; nothing was sent",
    "journal.corrupt": "The record of paid work cannot be read",
    "journal.newer": "The record of paid work was written by a newer vidgen",
    "lint.failed": "Lint found what it was told to fail on",
    "local.out_of_memory": "The model needs more memory than the device has, whatever is given up",
    "local.worker_died": "The process that ran the model ended before it was done; the message quotes its last words",
    "lock.invalid": "The lock file is damaged",
    "lock.newer": "The lock file was written by a newer vidgen",
    "media.alpha": "The video is transparent, which the result could not be",
    "media.bad_output": "A file that was just written is not what it should be; it was not kept",
    "media.bad_shape": "A picture is too wide or too narrow for the provider",
    "media.hdr": "The clip is HDR, which is not handled",
    "media.no_audio": "The file has no sound",
    "media.no_video": "The file has no video stream",
    "media.not_found": "The file does not exist",
    "media.not_kept": "A downloaded result cannot be written to disk",
    "media.too_large": "The picture or file is larger than is opened",
    "media.too_short": "The clip has fewer frames than are needed",
    "media.truncated": "The file ends before its container says that it does",
    "media.unreadable": "The file is not readable media",
    "models.checksum": "A model file is not what the registry pins; it was not kept",
    "models.damaged": "A model file does not match its checksum",
    "models.missing": "A model or font is not here and no source gives it",
    "models.not_a_pipeline": "A folder is not a video model in diffusers layout of a family that is known",
    "models.offline": "A model is not here and downloads are forbidden",
    "models.unknown": "No model has that name",
    "models.unsafe": "A model brings pickles or code of its own, which are not loaded unless the user trusts it",
    "models.unreadable": "A weights file of the user's own is not of a network that can be used",
    "network.bad_setting": "A proxy, or a certificate file, that the environment names cannot be used; nothing was sent",
    "new.exists": "The file exists and is not overwritten",
    "output.bad_name": "The output cannot be written under this name",
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
    "project.other_board": "The work folder or the lock file is that of another storyboard",
    "render.needs_review": "The film is finished, but a person has to look at some shots",
    "request.bad_value": "A parameter has a value that cannot be used",
    "provider.auth": "The provider does not accept the key",
    "provider.bad_address": "The provider's address is not https (or http to this machine)",
    "provider.bad_request": "The provider refused the request; the message quotes it",
    "provider.bad_result": "The provider gave a file that is not a usable clip",
    "provider.fault": "The provider has a fault of its own",
    "provider.quota": "The account has no credit or quota left",
    "provider.rate": "The provider is taking no more requests now",
    "provider.timeout": "The provider has not finished in time; the job can be gone on with",
    "result.expired": "The finished clip is no longer offered by the provider",
    "run.interrupted": "The user interrupted the run",
    "score.unknown_name": "The judge has no family or veto of that name",
    "shot.parent_failed": "The shot that this one continues failed",
    "shot.unknown": "There is no shot of that id",
    "sound.not_measured": "The loudness of the soundtrack could not be measured",
    "sound.unknown_loudness": "There is no loudness target of that name",
    "storyboard.not_found": "The storyboard file does not exist or cannot be read",
    "storyboard.invalid": "The storyboard has problems; the message lists each with its place",
    "submit.unknown": "It is not known whether the provider accepted the request; it is not sent again by itself",
    "system.limit": "The system gives no more memory, processes or open files",
    "take.rejected": "The engine gave the take up half-way, because other candidates of the shot looked better",
    "takes.settled": "The attempt's fate is known already",
    "takes.unknown": "There is no attempt of that number",
    "usage.invalid": "A flag or argument is wrong",
}
"""Every error code and what it means."""


@dataclass(frozen=True)
class Notice:
    """A warning in the result: a wish not honoured, a fallback, an approximation.

    ``code`` is a key of ``NOTICES`` or a plug-in's own; ``shot`` is the shot id, or None where it concerns the whole run.
    """

    code: str
    message: str
    shot: str | None = None

    def __post_init__(self) -> None:
        if not is_code(self.code, NOTICES):
            raise LookupError(f"warning code {self.code!r} is not registered")

    @classmethod
    def of_engine(cls, code: str, message: str, shot: str) -> Notice:
        """What an engine says of a take. It may be another project's, and its take is paid for: a code that is none is shown as
        ``engine.remark``, and never stops a run.
        """
        return cls(code, message, shot) if is_code(code, NOTICES) else cls("engine.remark", f"{code}: {message}", shot)

    def as_dict(self) -> dict[str, str | None]:
        """One member of the envelope's ``warnings``."""
        return {"code": self.code, "message": self.message, "shot": self.shot}


NOTICES: dict[str, str] = {
    "budget.over_limit": "The estimate is above the limit; the mode is warn, so the run goes on",
    "budget.price_unknown": "The price of some work is not known",
    "cut.segment_rebuilt": "A stored piece of the film was damaged; it was set aside and made again",
    "cut.transition_ignored": "A transition was left out; the message says why",
    "cut.transition_replaced": "A transition is not known; a dissolve is used instead",
    "cut.transition_shortened": "A transition did not fit its shots and was shortened",
    "engine.model_unknown": "A model that the table does not know is used; its limits and price are not known",
    "engine.no_gpu": "A model that is made for GPUs will run on the CPU",
    "engine.not_closed": "An engine failed when it was let go of at the end of the run; what it made is kept",
    "engine.prompt_too_long": "The prompt is longer than the engine takes",
    "engine.remark": "An engine of another project says something under a code that is not registered",
    "engine.wish_approximated": "The engine honours a key of the shot only roughly",
    "engine.wish_ignored": "The engine cannot honour a key of the shot; it was left out",
    "local.reject_unused": "Candidates were to be dropped half-way, which the model or scheduler does not allow; all were made",
    "local.weaker_plan": "Memory ran out; the model was run in a way that needs less",
    "log.not_written": "A log could not be written; the run went on without it",
    "pick.kept_aside": "The storyboard's folder cannot be written; the picks are kept in the work folder",
    "pick.kept": "New takes are asked for, and a take that a person pinned stays in the film beside them",
    "pick.missing": "The pinned take is not in the store",
    "plan.even_size": "A picture size with an odd side was made even",
    "plan.film_wide": "A shot asks for a rate or size of its own; those are the film's",
    "plan.not_split": "A shot over 5 s could not be cut into shots of 3 to 5 s, or follows a file of yours, and stays whole",
    "plan.not_yet": "A key of the storyboard is read, but this version does nothing about it",
    "plan.transition_shortened": "A transition was longer than its neighbours allow and was shortened",
    "post.alpha_flattened": "A transparent clip was laid over black",
    "post.audio_reencoded": "The sound could not be copied into this container and was encoded again",
    "post.changes_inside": "The clip changes its size, colours or the like inside; its beginning counts",
    "post.chroma_reduced": "The clip's colour is finer than 4:2:0, which the result has",
    "post.damaged_source": "The file is damaged in places; what could be decoded was used",
    "post.deinterlaced": "The clip is interlaced; each pair of fields became one picture",
    "post.depth_reduced": "The clip has more than 8 bits or finer colour than the result",
    "post.even_size": "The result has one pixel more than an odd side, since video needs even ones",
    "post.light_engine": "A light engine was taken, because the better one is not here",
    "post.not_yet": "A wish for post-processing is not in this version",
    "post.not_ready": "An engine or model that post-processing needs is not here; render stops before it begins",
    "post.resumed": "The work of an earlier run was gone on with",
    "post.streams_left_out": "Something in the file does not fit the output's container and was left out",
    "post.time_code": "The time code could not go on in its form at the new frame rate",
    "post.will_download": "A model of post-processing is not here yet; render downloads it",
    "sound.damaged": "Sound is damaged or cut off; what could be decoded is heard",
    "sound.limited": "The mix was louder than full scale; its peaks were limited",
    "sound.loudness_missed": "The loudness target could not be reached with this mix",
    "sound.none": "A clip whose own sound is wanted came without sound",
    "sound.not_spoken": "Words have no recorded file, and this version does not speak",
    "sound.silent": "The soundtrack is silent or too short to measure; its level was left alone",
    "take.not_covering": "A stored take is too short, or of another size or rate than is needed now, so a new one is made",
    "take.corrupt": "A stored take was damaged or gone; it was set aside and is treated as missing",
    "take.failed": "A take failed; the shot's other takes are used",
    "take.fetched_again": "A paid take is lost here; it is fetched again from its provider, at no cost",
    "take.lost": "A paid take is lost here and at its provider; to have it means to buy it again",
    "take.not_judged": "The judge could not look at a take, by a fault of vidgen itself; a person should",
    "take.not_checked": "The stored takes could not be looked at; the message says why",
    "take.held": "The provider's clip is shorter than asked; its last frame is held",
    "take.record_restored": "The record of a stored take was damaged or gone; the journal and the clip give it back",
    "take.reshaped": "The provider's clip has another shape; it was cropped",
    "take.unfinished": "A paid submission was interrupted; whether it was accepted is unknown",
    "text.font_replaced": "A title asks for a font that is not there; another is used",
    "text.missing_glyphs": "A title has letters that its font lacks",
}
"""Every warning code and what it means."""
