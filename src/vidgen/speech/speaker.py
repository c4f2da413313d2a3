"""What a speech engine is: it writes a line as a sound file. Built-in ones register as third parties' do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Utterance:
    """What an engine is to say.

    Args:
        text: the words, with all hints of pronunciation applied.
        language: two letters, such as ``en``.
        voice: a name of the engine's; empty: the engine's own choice.
        speed: pace; 1 is the engine's own.
        delivery: how it is said, in the user's words; empty where the engine cannot act.
    """

    text: str
    language: str
    voice: str = ""
    speed: float = 1.0
    delivery: str = ""

    def as_dict(self) -> Mapping[str, Any]:
        """JSON values; part of the key of a spoken line."""
        return asdict(self)


class Speaker(ABC):
    """A speech engine. Making one loads nothing; one object serves one run, a line after the other.

    ``languages``: which it speaks; empty: any. ``acts``: whether it understands ``delivery``. ``paces``: whether it has a
    ``speed``. ``paid``: whether a line may cost money; then ``speak`` sends exactly one request, and is never repeated.
    """

    name: ClassVar[str]
    languages: ClassVar[tuple[str, ...]] = ()
    acts: bool = False
    paces: bool = True
    paid: bool = False

    @abstractmethod
    def missing(self) -> str | None:
        """What has to be done before it can speak, such as ``pip install ...``; None: nothing. No network."""

    @abstractmethod
    def version(self) -> str:
        """Changes where the same line may sound otherwise: a package's version, a model's name."""

    @abstractmethod
    def speak(self, utterance: Utterance, out: Path, cancelled: Callable[[], bool]) -> None:
        """Write the line to ``out`` in any form of sound that ffmpeg reads. Raises VidgenError."""

    def voices(self, language: str) -> tuple[str, ...]:
        """The voices it has for a language, the usual one first; empty: not known, any name may be one."""
        return ()

    def at_hand(self, language: str) -> tuple[str, ...]:
        """Those of ``voices`` that need no download. A character without a voice is given one of them."""
        return self.voices(language)

    def price_usd(self, utterance: Utterance) -> float | None:
        """US dollars for the line; None where that is not known."""
        return 0.0

    def speaks(self, language: str) -> bool:
        """Whether it has that language."""
        return not self.languages or language in self.languages
