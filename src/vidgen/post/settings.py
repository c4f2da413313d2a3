"""Settings and results of post-processing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.errors import Notice
from vidgen.media.answers import content_of
from vidgen.media.encode import MASTER, EncodeProfile
from vidgen.media.files import sha256_json
from vidgen.media.names import named_file
from vidgen.media.rate import json_rate, rate_text
from vidgen.media.wording import counted
from vidgen.storyboard.model import Post

LEAST_STOPS, LEAST_CAST = 0.08, 0.03
"""What is less is no difference that anybody sees."""


@dataclass(frozen=True)
class Match:
    """What brings a clip to the light of another: ``stops`` of exposure, ``red`` and ``blue`` against green in stops,
    ``contrast`` about ``middle``, the clip's own linear level. All 0 and 1: nothing.
    """

    stops: float = 0.0
    red: float = 0.0
    blue: float = 0.0
    contrast: float = 1.0
    middle: float = 0.18

    @property
    def seen(self) -> bool:
        """Whether it changes anything that is seen."""
        return abs(self.stops) >= LEAST_STOPS or max(abs(self.red), abs(self.blue)) >= LEAST_CAST


@dataclass(frozen=True)
class Grade:
    """Colours, in this order: ``match`` to another shot; ``temperature`` -100 blue to 100 amber; ``contrast`` and
    ``saturation`` 0-3, 1 as is; ``lut`` a .cube file.
    """

    contrast: float = 1.0
    saturation: float = 1.0
    temperature: float = 0.0
    lut: Path | None = None
    match: Match = Match()

    @property
    def idle(self) -> bool:
        """Whether it leaves every colour as it is."""
        return self == Grade()


@dataclass(frozen=True)
class PostSettings:
    """What a clip is to become.

    Args:
        width, height: of the result in pixels, even.
        rate: frames per second of the result.
        interpolate: engine that makes frames in between: ``auto`` or a name.
        upscale: engine that enlarges: ``auto`` or a name; ``model`` its model, ``tile`` its tile size in pixels.
        grade: colours.
        grain: film grain, 0 (none) to 100; ``seed`` makes it repeatable.
        profile: how to encode; its pixel format says whether 10 bits are kept.
        animatic: whether the clip was drawn by the built-in engine, for which ``auto`` takes what costs little.
        implicit_rate: whether the rate changes only because the clip has one of its own. Nothing is downloaded for that.
        implicit_size: the same of the size: nobody asked for a larger picture.
    """

    width: int
    height: int
    rate: Fraction
    interpolate: str = "auto"
    upscale: str = "auto"
    model: str | None = None
    tile: int | None = None
    grade: Grade = Grade()
    grain: float = 0.0
    seed: int = 0
    profile: EncodeProfile = MASTER
    animatic: bool = False
    implicit_rate: bool = False
    implicit_size: bool = False

    @classmethod
    def of(
        cls,
        post: Post | None,
        *,
        width: int,
        height: int,
        rate: Fraction,
        folder: Path = Path(),
        seed: int = 0,
        profile: EncodeProfile = MASTER,
        animatic: bool = False,
    ) -> PostSettings:
        """From a storyboard's ``post:``; ``folder`` is what a LUT's path is relative to, size and rate are the film's."""
        colour, interpolate, upscale = (post.colour, post.interpolate, post.upscale) if post else (None, None, None)
        lut = named_file(folder, colour.lut) if colour and colour.lut else None
        return cls(
            width=width,
            height=height,
            rate=rate,
            interpolate=interpolate.engine if interpolate else "auto",
            upscale=upscale.engine if upscale else "auto",
            model=upscale.model if upscale else None,
            grade=Grade(colour.contrast, colour.saturation, colour.temperature, lut) if colour else Grade(),
            grain=post.grain.amount if post and post.grain else 0.0,
            seed=seed,
            profile=profile,
            animatic=animatic,
        )

    def changes(self, width: int, height: int, rate: Fraction) -> bool:
        """Whether a clip of this form would come out different; where not, there is nothing to do."""
        return (width, height, rate) != (self.width, self.height, self.rate) or not self.grade.idle or self.grain > 0

    def key(self) -> str:
        """Identity of what would be done: equal settings, and equal LUT contents, have equal keys."""
        return sha256_json(
            {
                "version": 2,
                "size": [self.width, self.height],
                "rate": rate_text(self.rate),
                "interpolate": self.interpolate,
                "upscale": [self.upscale, self.model, self.tile],
                "grade": [self.grade.contrast, self.grade.saturation, self.grade.temperature],
                "lut": content_of(self.grade.lut) if self.grade.lut and self.grade.lut.is_file() else None,
                "grain": [self.grain, self.seed],
                **({"match": asdict(self.grade.match)} if self.grade.match != Match() else {}),
                "profile": self.profile.key(),
                "animatic": self.animatic,
            }
        )


@dataclass(frozen=True)
class PostResult:
    """What was written. Engines are None where nothing was interpolated or enlarged; ``why`` says how they were chosen."""

    file: Path
    width: int
    height: int
    rate: Fraction
    frames: int
    interpolated_by: str | None
    upscaled_by: str | None
    model: str | None
    seconds: float
    notices: tuple[Notice, ...] = ()
    why: tuple[str, ...] = ()
    interpolation_model: str | None = None


@dataclass(frozen=True)
class FileResult:
    """The result of ``vidgen interpolate`` and ``vidgen upscale``; ``seconds`` is how long it took."""

    output: Path
    width: int
    height: int
    rate: Fraction
    frames: int
    engine: str
    model: str | None
    seconds: float
    notices: tuple[Notice, ...] = ()
    why: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """``data`` of the JSON envelope."""
        return {
            "output": str(self.output),
            "width": self.width,
            "height": self.height,
            "fps": json_rate(self.rate),
            "frames": self.frames,
            "engine": self.engine,
            "model": self.model,
            "seconds": round(self.seconds, 3),
            "why": list(self.why),
        }

    def summary(self) -> str:
        """The line that a person reads at the end."""
        form = f"{self.width}x{self.height}, {counted(self.frames, 'frame')} at {rate_text(self.rate)}/s"
        return f"{self.output}: {form}, {self.engine}{f' ({self.model})' if self.model else ''}, {self.seconds:.1f} s"
