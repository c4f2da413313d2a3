"""``outputs:`` of a storyboard: further files that are made of the finished film, and what is wrong with a list of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from vidgen.catalog.deliveries import FileKind, file_kind, file_kinds
from vidgen.escapes import one_line
from vidgen.storyboard.parts import Aspect, Part, Rate, Resolution, Share, Time
from vidgen.storyboard.reader import Path_
from vidgen.storyboard.values import name_of, parse_file_name

BITRATE_PATTERN = r"^\d+(\.\d+)?\s*([kKmM](bps|bit/s)?)?$"


def parse_output_name(value: Any) -> Any:
    """The name of a file to write, relative to the film's folder and inside it. Raises ValueError for any other name."""
    value = parse_file_name(value)
    if not isinstance(value, str):
        return value
    if one_line(value) != value:
        raise ValueError(f"{one_line(value)}: the name of an output has no line breaks, and no letters that are not shown")
    windows, parts = PureWindowsPath(value), PurePosixPath(value.replace("\\", "/")).parts
    if re.match(r"[A-Za-z]:(?![/\\])", value):
        raise ValueError(f"{value}: Windows takes {value[:2]} for a drive; write the name without its colon")
    if PurePosixPath(value).is_absolute() or windows.drive or windows.root or ".." in parts or value.startswith("~"):
        raise ValueError(f"{value}: outputs are written in the film's folder or below it; name them without .. and without /")
    return value


def parse_bitrate(value: Any) -> int:
    """Parse bits a second: ``8M``, ``800k``, ``8000000``; from 10k to 2000M. Raises ValueError otherwise."""
    text = unicodedata.normalize("NFKC", str(value)).strip() if not isinstance(value, bool) else ""
    found = re.fullmatch(r"([0-9]{1,10}(?:\.[0-9]{1,6})?) ?(?:([km])(?:bps|bit/s)?)?", text, re.IGNORECASE)
    if not found:
        raise ValueError(f"{value!r} is not a bit rate: write 8M or 800k, in bits a second")
    bits = float(found[1]) * {"": 1, "k": 1000, "m": 1_000_000}[(found[2] or "").lower()]
    if not 10_000 <= bits <= 2_000_000_000:
        raise ValueError(f"{value}: a bit rate is from 10k to 2000M; 8M is 8 million bits a second")
    return round(bits)


def _name_or_yes(value: Any) -> Any:
    """A name; ``true`` is the empty one: named after the film."""
    if value is False:
        raise ValueError("leave it out, or write true or a name")
    return "" if value is True else parse_output_name(value)


OutputName = Annotated[str, BeforeValidator(parse_output_name)]
NameOrYes = Annotated[
    str,
    BeforeValidator(_name_or_yes),
    WithJsonSchema({"anyOf": [{"const": True}, {"type": "string", "minLength": 1}]}),
    PlainSerializer(lambda name: name or True),
]
"""A name, or ``true`` for one after the film's."""
Bitrate = Annotated[
    int,
    BeforeValidator(parse_bitrate),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 10_000}, {"type": "string", "pattern": BITRATE_PATTERN}]}),
]


class Output(Part):
    """One more file, made of the finished film. What it is follows from the ending of its name: a video (.mp4, .mov, .mkv,
    .webm), a silent preview (.gif, .webp), a still (.jpg, .png).
    """

    file: OutputName | None = None
    poster: NameOrYes | None = None
    contact_sheet: NameOrYes | None = None
    stems: NameOrYes | None = None
    preset: str | None = Field(None, min_length=1)
    resolution: Resolution | None = None
    aspect: Aspect | None = None
    fit: Annotated[str, name_of("fit")] = "crop"
    centre: tuple[Share, Share] = (0.5, 0.5)
    fps: Rate | None = None
    codec: Annotated[str, name_of("codec")] | None = None
    quality: Annotated[str, name_of("quality")] | None = None
    bitrate: Bitrate | None = None
    at: Time | None = None
    length: Time | None = None

    @property
    def name(self) -> str | None:
        """The name as written; empty: after the film; None where the entry names nothing."""
        return next((given for head in HEADS if (given := getattr(self, head)) is not None), None)


HEADS = ("file", "poster", "contact_sheet", "stems")
"""Each entry has exactly one of these."""

_SIZE = ("resolution", "aspect", "fit", "centre")
_ALLOWED = {
    "video": {*_SIZE, "preset", "fps", "codec", "quality", "bitrate"},
    "preview": {*_SIZE, "fps", "quality", "at", "length"},
    "still": {*_SIZE, "quality", "at"},
    "contact_sheet": set[str](),
    "stems": set[str](),
}
"""The further keys that each kind of output has."""

Found = Iterator[tuple[Path_, str]]


def kind_of(output: Output) -> tuple[str, FileKind | None]:
    """``video``, ``preview``, ``still``, ``contact_sheet`` or ``stems``, and what files of that ending are.

    Of an entry whose name has an ending that nothing is known of, it is said to be a video.
    """
    if output.stems is not None:
        return "stems", None
    name = output.name or "poster.jpg"
    known = file_kind(name)
    if output.contact_sheet is not None:
        return "contact_sheet", known
    return (known.kind if known else "video"), known


def output_problems(outputs: Sequence[Output], path: Path_ = ("outputs",)) -> Found:
    """What is wrong with a list of outputs: endings, codecs, keys without meaning, and names that are the same."""
    seen: dict[str, int] = {}
    for index, output in enumerate(outputs):
        here = (*path, index)
        heads = [head for head in HEADS if getattr(output, head) is not None]
        if len(heads) != 1:
            yield here, f"an output names one of {', '.join(HEADS)}" + (f", not both {' and '.join(heads)}" if heads else "")
            continue
        found = list(_problems(output, heads[0], here))
        yield from found
        name = same_name(output.name or heads[0])
        first = seen.setdefault(name, index)
        if first != index:
            yield (*here, heads[0]), f"{output.name or heads[0]} is already the file of outputs[{first}]"


def same_name(name: str) -> str:
    """Equal for names that are one file on some disk, by case and form of letters."""
    return unicodedata.normalize("NFC", str(PurePath(name))).casefold()


def _problems(output: Output, head: str, here: Path_) -> Found:
    kind, known = kind_of(output)
    if kind != "stems" and known is None and output.name:
        yield (*here, head), f"{output.name}: the name of an output ends in {', '.join(file_kinds())}"
        return
    if head in ("poster", "contact_sheet") and known and known.kind != "still":
        yield (*here, head), f"{output.name}: a {head.replace('_', ' ')} is a .jpg or .png"
        return
    given = output.model_fields_set - set(HEADS)
    for key in sorted(given - _ALLOWED[kind]):
        if getattr(output, key) is not None:
            yield (*here, key), f"{_NAMES[kind]} has no {key}{_WHY.get(key, '')}"
    if output.codec and known and kind == "video" and output.codec not in known.codecs:
        ending = PurePath(output.name or "").suffix.lower()
        fits = [one for one, row in file_kinds().items() if output.codec in row.codecs]
        yield (*here, "codec"), f"a {ending} file holds {', '.join(known.codecs)}; {output.codec} goes into {', '.join(fits)}"
    if output.quality and output.bitrate:
        yield (*here, "bitrate"), "set either quality or bitrate"


_NAMES = {
    "video": "a video",
    "preview": "a preview",
    "still": "a still",
    "contact_sheet": "a contact sheet",
    "stems": "an output of stems",
}
_WHY = {"at": ": it begins where the film does", "length": ": it is as long as the film"}
