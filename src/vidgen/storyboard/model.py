"""The types of the storyboard file: all keys, their ranges and meanings. The JSON Schema is generated from them."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, Strict, Tag, WithJsonSchema

from vidgen.storyboard.outputs import Output
from vidgen.storyboard.parts import (
    Aspect,
    File,
    Free,
    Language,
    Number,
    Part,
    Rate,
    Resolution,
    Share,
    Time,
    Whole,
    YesNo,
    many,
    short,
    yes_or,
)
from vidgen.storyboard.provenance import Provenance
from vidgen.storyboard.speech import Says, Speech, Speed
from vidgen.storyboard.values import (
    AUTO,
    DURATION_SCHEMA,
    LENGTH_SCHEMA,
    Duration,
    Lines,
    Musical,
    name_of,
    or_installed,
    parse_length,
    parse_length_or_auto,
    parse_lens,
    parse_shot_length,
    parse_upscale_model,
)
from vidgen.storyboard.vocabulary import name_or_text

CaptionForms = Annotated[Literal["srt", "vtt", "both", "off"], name_of("caption_format")]
Translations = dict[Language, Annotated[str, Field(min_length=1)]]
"""The same words in further languages, by code."""
CameraMove = Annotated[str, name_of("camera_move")]
MotionType = Annotated[str, name_of("motion_type")]
ShotSize = Annotated[str, name_of("shot_size")]
CameraAngle = Annotated[str, name_of("camera_angle")]
Lens = Annotated[float | str, BeforeValidator(parse_lens)]
Focus = Annotated[Literal["deep", "shallow", "rack"], name_of("focus")]
CameraSpeed = Annotated[str, name_of("camera_speed")]
TransitionType = Annotated[str, name_of("transition")]
ScoreFamily = Annotated[str, name_of("score_family")]
VetoCode = Annotated[str, name_of("veto")]
Weight = Annotated[float, Strict(), Field(ge=0, le=100)]
TextRole = Annotated[str, name_of("text_role")]
TextPosition = Annotated[str, name_of("text_position")]
StyleName = Annotated[str, BeforeValidator(lambda value: name_or_text("text_role", value))]
"""A role, in either language, or a name of the user's own."""
Length = Annotated[Duration, BeforeValidator(parse_length), WithJsonSchema(DURATION_SCHEMA), PlainSerializer(str)]
ShotLength = Annotated[
    Duration | Musical, BeforeValidator(parse_shot_length), WithJsonSchema(LENGTH_SCHEMA), PlainSerializer(str)
]
"""A time, or beats or bars of the music."""
LengthOrAuto = Annotated[
    Any,
    BeforeValidator(parse_length_or_auto),
    WithJsonSchema({"anyOf": [LENGTH_SCHEMA, {"enum": list(AUTO)}]}),
    PlainSerializer(lambda value: value if value is None else str(value)),
]
"""A time, beats or bars of the music, or ``auto``: what the words spoken in the shot need."""
UpscaleModel = Annotated[str, BeforeValidator(parse_upscale_model)]
"""A model by its name, or a file of the user's own."""
ShotId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]


class Camera(Part):
    """``camera: dolly_in`` or ``{size, angle, move, speed, strength, lens, focus, reveals}``."""

    move: CameraMove = "static"
    size: ShotSize | None = None
    angle: CameraAngle | None = None
    speed: CameraSpeed = "slow"
    strength: Number = Field(0.5, ge=0, le=1)
    lens: Lens | None = None
    focus: Focus | None = None
    reveals: str | None = None


class Motion(Part):
    """``motion: natural`` or ``{type, detail, amount}``; amount 1 (nearly still) to 10 (violent)."""

    type: MotionType = "natural"
    detail: str | None = None
    amount: Number = Field(5, ge=1, le=10)


class Transition(Part):
    """How this shot comes in: ``cut``, or ``{type: dissolve, duration: 0.5}``. Belongs to the incoming shot."""

    type: TransitionType = "cut"
    duration: Time | None = None


class Trim(Part):
    """Which part of a take or clip is used: from ``start`` on, ``duration`` long."""

    start: Time | None = None
    duration: Length | None = None


class Text(Part):
    """A title over the picture; ``in`` and ``out`` are times from the start of the shot, and may be later than its end."""

    text: Lines
    in_: Time | None = Field(None, alias="in")
    out: Time | None = None
    until: str | None = None
    role: TextRole = "title"
    position: TextPosition | None = None
    style: StyleName | None = None


class TextStyle(Part):
    """A named look for titles: ``text: {my_style: {font, size, ...}}``; size in per cent of picture height."""

    font: str | None = None
    size: Number | None = Field(None, gt=0, le=50)
    colour: str | None = Field(None, pattern=r"^#[0-9A-Fa-f]{6}$")
    outline: Number | None = Field(None, ge=0, le=5)
    box: YesNo | None = None
    position: TextPosition | None = None
    fade: Number | None = Field(None, ge=0, le=5)


class Line(Part):
    """One line of dialogue; ``at`` is a time within the shot; ``file`` is recorded speech.

    Without ``at`` it follows the line before it after ``pause``. ``say``: how the line, or some of its words, are spoken.
    """

    line: str = Field(min_length=1)
    translations: Translations = Field(default_factory=dict)
    who: str | None = None
    voice: str | None = None
    delivery: str | None = None
    file: File | None = None
    at: Time | None = None
    pause: Time | None = None
    speed: Speed | None = None
    say: str | Says | None = None


class Voiceover(Part):
    """Narration: plain text, ``{text, voice}`` or a recorded ``{file}``."""

    text: str | None = None
    translations: Translations = Field(default_factory=dict)
    voice: str | None = None
    file: File | None = None
    delivery: str | None = None
    speed: Speed | None = None
    say: str | Says | None = None


class SoundEffect(Part):
    """A sound at a time within the shot."""

    file: File
    at: Time | None = None
    gain_db: Number = Field(0.0, ge=-80, le=24)


class OwnSound(Part):
    """Whether the film uses the sound of the shot's own clip, and its gain."""

    heard: bool = True
    gain_db: Number = Field(0.0, ge=-80, le=24)


class MotionBrush(Part):
    """A region that moves: a mask picture and the path of its centre, in fractions of the frame (0-1)."""

    mask: File
    path: tuple[tuple[Share, Share], ...] = ()


class LipSync(Part):
    """Lip sync to a sound file."""

    audio: File


DIALOGUE: Final = "dialogue"
"""Mouths follow what is said in the shot."""


def _lip_sync(value: Any) -> Any:
    """``lip_sync: dialogue``, or in Japanese; any other text is a file."""
    if not isinstance(value, str):
        return value
    return DIALOGUE if name_or_text("lip_sync", value) == DIALOGUE else {"audio": value}


LipSyncTo = Annotated[
    Annotated[LipSync, Tag("<mapping>")] | Annotated[Literal["dialogue"], name_of("lip_sync"), Tag("<name>")],
    Discriminator(lambda value: "<mapping>" if isinstance(value, dict | LipSync) else "<name>"),
]
"""``dialogue``, or ``{audio: FILE}``."""


class LintOptions(Part):
    """``lint: {ignore: [V301]}``."""

    ignore: Annotated[tuple[str, ...], many()] = ()


class Interpolate(Part):
    """Frame interpolation to a higher rate. The rate is set for the whole film; ``engine`` also for a single shot."""

    fps: Rate | None = None
    factor: Number | None = Field(None, gt=1, le=16)
    engine: Annotated[Literal["auto", "rife", "minterpolate", "blend", "nearest"], or_installed("vidgen.interpolators")] = (
        "auto"
    )


class Upscale(Part):
    """Upscaling to a picture height, or by 2, 3 or 4. The size is set for the whole film; the rest also for a single shot."""

    height: Whole | None = Field(None, ge=2, le=8640)
    scale: Literal[2, 3, 4] | None = None
    model: UpscaleModel | None = None
    engine: Annotated[Literal["auto", "ncnn", "torch", "realesrgan", "lanczos", "runway"], or_installed("vidgen.upscalers")] = (
        "auto"
    )


def _upscale(value: Any) -> Any:
    """``upscale: 2`` is a scale, ``upscale: 2160`` a height."""
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return {"scale": value} if value <= 4 else {"height": value}


class Colour(Part):
    """Grading. ``match``: to the light of the scene's first shot, or of ``reference``; ``saturation``, ``contrast``: 1 is
    unchanged; ``temperature``: -100 (blue) to 100 (amber); ``lut``: a .cube file.
    """

    match: YesNo = False
    reference: str | None = Field(None, min_length=1)
    strength: Number = Field(0.8, ge=0, le=1)
    lut: File | None = None
    contrast: Number = Field(1.0, ge=0, le=3)
    saturation: Number = Field(1.0, ge=0, le=3)
    temperature: Number = Field(0.0, ge=-100, le=100)


class Grain(Part):
    """Film grain, 0 (none) to 100."""

    amount: Number = Field(10.0, ge=0, le=100)


class Post(Part):
    """Post-processing of every shot, or of one."""

    interpolate: Annotated[Interpolate | None, short("fps", (int, float, str))] = None
    upscale: Annotated[Upscale | None, BeforeValidator(_upscale)] = None
    colour: Colour | None = None
    grain: Annotated[Grain | None, short("amount", (int, float))] = None


class Music(Part):
    """The music track. ``start``: time in the file where it begins; fades are times; ``cut_on``: what the cuts are put on."""

    file: File
    gain_db: Number = Field(0.0, ge=-80, le=24)
    start: Time | None = None
    fade_in: Time | None = None
    fade_out: Time | None = None
    duck: YesNo = False
    cut_on: Annotated[Literal["off", "beat", "bar"], name_of("cut_on")] = "off"


class Ambience(Part):
    """A background sound, looped: under the whole film, or under a scene or shot."""

    file: File
    gain_db: Number = Field(-18.0, ge=-80, le=24)


class LoudnessTarget(Part):
    """Integrated loudness in LUFS and true peak in dBTP."""

    i: Number = Field(-14.0, ge=-40, le=-5)
    tp: Number = Field(-1.0, ge=-9, le=0)


Loudness = Annotated[
    Annotated[LoudnessTarget, Tag("<mapping>")] | Annotated[str, name_of("loudness"), Tag("<name>")],
    Discriminator(lambda value: "<mapping>" if isinstance(value, dict | LoudnessTarget) else "<name>"),
]
"""``web``, ``podcast``, ``ebu``, ``atsc``, or a custom target."""


class Audio(Part):
    """The soundtrack, and what is said in it as text."""

    music: Annotated[Music | None, short("file")] = None
    ambience: Annotated[tuple[Ambience, ...], many("file")] = ()
    loudness: Loudness | None = None
    captions: CaptionForms = "srt"
    burn: YesNo = False


class Budget(Part):
    """Spending limit in US dollars. ``cap`` refuses work above it, ``warn`` only warns, ``observe`` only counts."""

    max_cost: Number = Field(ge=0)
    mode: Annotated[Literal["observe", "warn", "cap"], name_of("budget_mode")] = "cap"


class Score(Part):
    """How candidates are scored."""

    weights: dict[ScoreFamily, Weight] = Field(default_factory=dict)
    veto: Annotated[tuple[VetoCode, ...] | None, many()] = None
    good: Number | None = None
    floor: Number | None = None


class Character(Part):
    """Someone who appears in several shots; references are pictures.

    ``say``: how their name is spoken, or words as they say them.
    """

    description: str | None = None
    references: Annotated[tuple[File, ...], many()] = ()
    voice: str | None = None
    lora: str | None = None
    speed: Speed | None = None
    say: str | Says | None = None


class ShotKeys(Part):
    """All keys of a shot except ``id``; also the keys of ``defaults``."""

    scene: str | None = None
    subject: str | None = None
    action: str | None = None
    motion: Annotated[Motion | None, short("type")] = None
    camera: Annotated[Camera | None, short("move", (str, list))] = None
    lighting: str | None = None
    style: str | None = None
    duration: LengthOrAuto = None
    engine: str | None = None
    model: str | None = None
    candidates: Whole | None = Field(None, ge=1, le=16)
    seed: Whole | None = Field(None, ge=0, lt=2**31)
    negative: str | None = None
    characters: Annotated[tuple[str, ...] | None, many()] = None
    references: Annotated[tuple[File, ...] | None, many()] = None
    start_frame: File | None = None
    end_frame: File | None = None
    source_video: File | None = None
    continue_from: str | None = None
    motion_brush: Annotated[tuple[MotionBrush, ...] | None, many("mask")] = None
    lip_sync: Annotated[LipSyncTo | None, BeforeValidator(_lip_sync)] = None
    motion_reference: File | None = None
    transition: Annotated[Transition | None, short("type")] = None
    dialogue: Annotated[tuple[Line, ...] | None, many("line")] = None
    voiceover: Annotated[Voiceover | None, short("text", (str, int, float))] = None
    sfx: Annotated[tuple[SoundEffect, ...] | None, many("file")] = None
    ambience: Annotated[tuple[Ambience, ...] | None, many("file")] = None
    own_sound: Annotated[OwnSound | None, yes_or("heard")] = None
    text: Annotated[tuple[Text, ...] | None, many("text")] = None
    post: Post | None = None
    prompt: str | None = None
    prompt_extra: str | None = None
    clip: File | None = None
    pick: Whole | None = Field(None, ge=1)
    trim: Annotated[Trim | None, short("start", (int, float, str))] = None
    max_cost: Number | None = Field(None, ge=0)
    params: Free | None = None
    lint: LintOptions | None = None
    notes: str | None = None


class Shot(ShotKeys):
    """One shot. Without an ``id`` it gets ``s01``, ``s02``, ..."""

    id: ShotId


class Scene(Part):
    """A scene: shots at one location. Its ``scene`` text and ``ambience`` are the default of each shot."""

    id: ShotId
    heading: str | None = None
    scene: str | None = None
    duration: ShotLength | None = None
    ambience: Annotated[tuple[Ambience, ...] | None, many("file")] = None
    shots: tuple[Shot, ...] = ()


class Storyboard(Part):
    """A storyboard. The file has either ``scenes`` or ``shots``; here both are ``scenes``."""

    vidgen: Literal[1]
    title: str = ""
    language: Language = "en"
    aspect: Aspect = "16:9"
    resolution: Resolution = "1080p"
    fps: Rate = Fraction(24)
    style: str | None = None
    negative: str | None = None
    seed: Whole | None = Field(None, ge=0, lt=2**31)
    defaults: ShotKeys = ShotKeys()
    characters: dict[str, Annotated[Character, short("description"), BeforeValidator(lambda value: value or {})]] = Field(
        default_factory=dict
    )
    budget: Annotated[Budget | None, short("max_cost", (int, float))] = None
    score: Score | None = None
    post: Post | None = None
    audio: Audio | None = None
    speech: Annotated[Speech | None, short("engine")] = None
    text: dict[StyleName, TextStyle] = Field(default_factory=dict)
    outputs: Annotated[tuple[Output, ...], many("file")] = ()
    provenance: Provenance = Provenance()
    lint: LintOptions = LintOptions()
    scenes: tuple[Scene, ...] = ()
