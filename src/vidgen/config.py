"""The user's ``config.yaml`` in ``VIDGEN_HOME``, as one typed object that is validated when the file is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from vidgen.catalog.engines import engine_table, unknown_model
from vidgen.errors import InputError, Problem, StoryboardError
from vidgen.installed import plugins
from vidgen.media.answers import once_a_file
from vidgen.media.home import check_home, vidgen_home
from vidgen.spelling import did_you_mean
from vidgen.storyboard.parts import Number, Whole, YesNo
from vidgen.storyboard.problems import explain
from vidgen.storyboard.reader import dotted, parse_document
from vidgen.storyboard.speech import SpeechEngine

QUANTISE = ("float8", "bitsandbytes-8bit", "bitsandbytes-4bit", "torchao-int8")
"""Methods of quantisation, beside GGUF files (``gguf:FILE``)."""

_HERE = ("local", "built-in")
"""Kinds of engines that run on this machine; ``concurrency`` is only for providers."""


def _engine(name: str) -> str:
    """Validate an engine's name. Entry points are searched only for names that are not in the table."""
    if name != "auto" and name not in engine_table():
        known = sorted({"auto", *engine_table(), *plugins("vidgen.engines")})
        if name not in known:
            raise ValueError(f"there is no engine {name}{did_you_mean(name, known) or '; known: ' + ', '.join(known)}")
    return name


def _provider(name: str) -> str:
    """Validate ``ENGINE`` or ``ENGINE/MODEL`` of a provider."""
    engine, _, model = _engine_part(name)
    rows = engine_table().get(engine, ())
    if rows and rows[0].kind in _HERE:
        raise ValueError(f"{engine} runs on this machine; set the number of takes at once with render --jobs")
    if model and (known := unknown_model(engine, model)):
        raise ValueError(f"{engine} has no model {model}{did_you_mean(model, known) or '; known: ' + ', '.join(known)}")
    return name


def _engine_part(name: str) -> tuple[str, str, str]:
    engine, slash, model = name.partition("/")
    if engine == "auto":
        raise ValueError("name one engine")
    return _engine(engine), slash, model


def _count(value: Any) -> Any:
    if type(value) is not int or value < 1:
        raise ValueError(f"{value!r} is not a whole number above 0")
    return value


def _quantise(value: Any) -> Any:
    method, _, files = str(value).partition(":")
    if value in QUANTISE or (method == "gguf" and any(name.strip() for name in files.split(","))):
        return value
    raise ValueError(
        f"{value!r} is not one of {', '.join(QUANTISE)}, gguf:FILE{did_you_mean(str(value), [*QUANTISE, 'gguf:FILE'])}"
    )


EngineName = Annotated[str, AfterValidator(_engine)]
Provider = Annotated[str, AfterValidator(_provider)]
Count = Annotated[int, BeforeValidator(_count)]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]


class _Section(BaseModel):
    """A mapping of the file: unknown keys are errors, instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class LocalConfig(_Section):
    """How models run on this machine; None: chosen automatically.

    ``attention``: an attention backend of diffusers. ``batch``: most candidates at once. ``devices``: such as ``cuda:0``.
    ``context_parallel``: number of devices that make one clip together; 1: each makes its own shots.
    """

    offload: Literal["none", "model", "group", "sequential"] | None = None
    attention: Name | None = None
    compile: YesNo = False
    batch: Count | None = None
    devices: Names = ()
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    quantise: Annotated[str, BeforeValidator(_quantise)] | None = None
    context_parallel: Count = 1


class OpenSoraConfig(_Section):
    """Open-Sora: its ``folder``, the ``torchrun`` of its environment, ``gpus`` for 768px, whether to ``offload`` the image
    model, and the seconds without output after which it is killed.
    """

    folder: Name | None = None
    torchrun: Name | None = None
    gpus: Annotated[Whole, Field(ge=1, le=64)] = 1
    offload: YesNo = False
    silence_s: Annotated[Number, Field(gt=0, allow_inf_nan=False)] = 7200.0


Dollars = Annotated[Number, Field(ge=0, allow_inf_nan=False)]


class VisionConfig(_Section):
    """A server of the OpenAI chat protocol that is shown pictures of takes: its address, ``model`` and price.

    ``input_usd``, ``output_usd``: US dollars for a million tokens; without both it is not asked. ``image_tokens``: what one
    picture counts at most. ``frames``: pictures of a take that are sent. ``pairs``: takes are also compared two by two.
    ``params``: more fields of each request; null leaves one out.
    """

    model: Name
    base_url: Name | None = None
    input_usd: Dollars | None = None
    output_usd: Dollars | None = None
    image_tokens: Count = 1600
    frames: Annotated[Whole, Field(ge=1, le=16)] = 6
    pairs: YesNo = False
    params: dict[str, Any] = {}


class ScoreConfig(_Section):
    """Models that judge takes: ``prompt_model`` of the CLIP kind (folder or hub id), a ``vision`` server, and ``max_cost``, US
    dollars that a run may spend on judging.
    """

    prompt_model: Name | None = None
    vision: VisionConfig | None = None
    max_cost: Dollars = 0.0


class ProvenanceConfig(_Section):
    """How films are signed. Files are PEM: ``certificate`` with its issuers, its ``key``, and in ``trust`` the issuers whom
    ``provenance verify`` trusts. ``timestamp_url``: an authority (RFC 3161) that says when a film was signed; it is asked over
    the network.
    """

    certificate: Name | None = None
    key: Name | None = None
    trust: Name | None = None
    timestamp_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = None


class OpenAISpeechConfig(_Section):
    """A server of the OpenAI speech protocol: its address, ``model``, the ``voices`` that it has, and its price for 1,000
    characters in US dollars; None: not known.
    """

    base_url: Name | None = None
    model: Name = "gpt-4o-mini-tts"
    voices: Names = ()
    per_1000_characters: Dollars | None = None


class SpeechConfig(_Section):
    """What speaks where a storyboard does not say it: as its ``speech``."""

    engine: SpeechEngine = "auto"
    command: Names = ()
    voice: Name | None = None
    openai: OpenAISpeechConfig = OpenAISpeechConfig()


_nothing_is_empty = BeforeValidator(lambda value: {} if value is None else value)


class Config(_Section):
    """The content of ``config.yaml``.

    ``engine``: the engine of ``auto`` if no local model is ready. ``concurrency``: jobs at once that the user's plan at a
    provider allows, by ``ENGINE`` or ``ENGINE/MODEL``.
    """

    engine: EngineName | None = None
    concurrency: Annotated[dict[Provider, Count], _nothing_is_empty] = {}
    local: Annotated[LocalConfig, _nothing_is_empty] = LocalConfig()
    score: Annotated[ScoreConfig, _nothing_is_empty] = ScoreConfig()
    provenance: Annotated[ProvenanceConfig, _nothing_is_empty] = ProvenanceConfig()
    speech: Annotated[SpeechConfig, _nothing_is_empty] = SpeechConfig()
    open_sora: Annotated[OpenSoraConfig, _nothing_is_empty] = Field(OpenSoraConfig(), alias="open-sora")

    def jobs_at_once(self, engine: str, model: str | None, usual: int) -> int:
        """Number of jobs at once at a provider, as configured, else ``usual``."""
        return self.concurrency.get(f"{engine}/{model}", self.concurrency.get(engine, usual))


def config_file() -> Path:
    """Path of the user's configuration, which may not exist. Raises as ``vidgen_home``."""
    return vidgen_home() / "config.yaml"


def config() -> Config:
    """The user's configuration; the defaults if there is no file.

    Raises InputError ``config.invalid`` with all problems and their lines.
    """
    file = config_file()
    try:
        file.stat()
        return _read(file)
    except FileNotFoundError:
        check_home()
        return Config()
    except (OSError, ValueError) as error:
        check_home()
        why = getattr(error, "strerror", None) or str(error)
        text = f"{file} cannot be read: {why}"
        raise InputError("config.invalid", text, hint="correct or delete it", where=str(file)) from error


@once_a_file
def _read(file: Path) -> Config:
    try:
        document = parse_document(file.read_bytes(), str(file), what="configuration file")
    except StoryboardError as error:
        raise _wrong(file, error.problems) from None
    if document.problems:
        return _refuse(file, document.problems)
    try:
        return Config.model_validate({} if document.value is None else document.value)
    except pydantic.ValidationError as error:
        details = error.errors(include_url=False)
    messages = dict.fromkeys(explain(detail, document.value, Config) for detail in details)
    return _refuse(file, [Problem(*document.place(path), dotted(path), message) for path, message in messages])


def _refuse(file: Path, problems: list[Problem]) -> Config:
    raise _wrong(file, list({problem.message: problem for problem in reversed(problems)}.values()))


def _wrong(file: Path, problems: list[Problem]) -> InputError:
    first, *_ = ordered = sorted(problems)
    lines = [problem.text(str(file)) for problem in ordered]
    where = f"{file}:{first.line}:{first.column}"
    return InputError("config.invalid", "\n".join(lines), hint="correct it, or leave the key out", where=where)
