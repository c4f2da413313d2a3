"""The cast: which engine says a line, with which voice, and in which words. Decides all of it from the storyboard alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from vidgen.errors import Notice
from vidgen.media.files import sha256_json
from vidgen.speech.speaker import Speaker, Utterance
from vidgen.speech.speakers import Speakers
from vidgen.speech.words import Manner, has_words, language_of, manner_of, pronounced, sayable
from vidgen.spelling import did_you_mean
from vidgen.storyboard.model import Line, Shot, Storyboard, Voiceover

FORM = 1
"""Of a kept line; a change makes all anew that cost nothing."""


@dataclass(frozen=True)
class Part:
    """A line as it stands in the storyboard, whether dialogue or narration. ``label``: ``s03.line2`` or ``s03.voiceover``."""

    label: str
    shot: str
    words: str
    who: str | None
    given: Line | Voiceover
    language: str | None = None
    """Where it is said; else the words tell."""


@dataclass(frozen=True)
class CastLine:
    """A line with whoever says it.

    Args:
        speaker: the engine; None where nobody can say it, and ``why``.
        gain_db: how much louder than the others.
        notices: what of the storyboard's wishes is not honoured.
    """

    part: Part
    utterance: Utterance
    speaker: Speaker | None
    why: str = ""
    gain_db: float = 0.0
    notices: tuple[Notice, ...] = ()

    @cached_property
    def key(self) -> str:
        """The content of the line: what it is kept by."""
        assert self.speaker is not None
        engine = {"engine": self.speaker.name, "version": self.speaker.version()}
        derived = {} if self.speaker.paid else {"form": FORM, "gain_db": self.gain_db}
        return sha256_json({**engine, **self.utterance.as_dict(), **derived})

    @property
    def price_usd(self) -> float | None:
        """US dollars for saying it once."""
        return self.speaker.price_usd(self.utterance) if self.speaker else 0.0


@dataclass
class Cast:
    """Casts the lines of one storyboard."""

    board: Storyboard
    speakers: Speakers
    _parts: Mapping[str | None, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Who speaks in the film, numbered: declared characters, others as they come, and the narrator."""
        others = [line.who for line in _all_lines(self.board) if line.who]
        self._parts = {who: number for number, who in enumerate(dict.fromkeys([*self.board.characters, *others, None]))}

    def lines(self, shot: Shot) -> Iterator[CastLine]:
        """The lines of a merged shot that have words and no recording, narration first."""
        spoken = shot.voiceover
        if spoken and spoken.text and not spoken.file and has_words(spoken.text):
            yield self.cast(Part(f"{shot.id}.voiceover", shot.id, spoken.text, None, spoken))
        for number, line in enumerate(shot.dialogue or (), 1):
            if not line.file and has_words(line.line):
                yield self.cast(Part(f"{shot.id}.line{number}", shot.id, line.line, line.who, line))

    def cast(self, part: Part) -> CastLine:
        """Give a line its engine, voice and words."""
        language = part.language or language_of(part.words, self.board.language)
        named = self._named(part.who, part.given)
        (speaker, why), read_as = self.speakers.find(language, named), language
        if speaker is None and language != self._language:  # a foreign word in the film's own voice is better than none
            speaker, again = self.speakers.find(self._language, named)
            why = "" if speaker else why
            read_as = self._language
        if speaker and speaker.languages and not sayable(part.words, read_as):
            why = why or f"{speaker.name} knows none of its letters"
            speaker = None
        if speaker is None:
            return CastLine(part, Utterance(part.words, language), None, why)
        voice, notices = self._voice(part, speaker, language, named)
        delivery, manner, unheard = _acted(part, speaker)
        speed = self._speed(part) * manner.speed
        if speed != 1 and not speaker.paces:
            notices.append(self._ignored(part, "speed", f"{speaker.name} has none"))
            speed = 1.0
        utterance = Utterance(self._pronounced(part), language, voice, round(min(2.0, max(0.5, speed)), 3), delivery)
        return CastLine(part, utterance, speaker, "", manner.gain_db, (*notices, *unheard))

    @property
    def _language(self) -> str:
        return language_of("", self.board.language)

    def _named(self, who: str | None, given: Line | Voiceover) -> str:
        """The voice that the storyboard names for a line, if any."""
        own = self.board.characters.get(who) if who else None
        return given.voice or (own and own.voice) or self.speakers.voice

    def _voice(self, part: Part, speaker: Speaker, language: str, named: str) -> tuple[str, list[Notice]]:
        """The voice of a line, and what there is to say where it is another one than is named."""
        known = speaker.voices(language)
        if named and not known:
            return named, []
        exact = {voice.casefold(): voice for voice in known}.get(named.casefold())
        if exact:
            return exact, []
        voice = self._assigned(part.who, speaker, language)
        if not named:
            return voice, []
        near = did_you_mean(named, known)
        text = f"{part.label}: {speaker.name} has no {language} voice {named!r}{near}; {voice} is used"
        return voice, [Notice("speech.voice_replaced", text, part.shot)]

    def _assigned(self, who: str | None, speaker: Speaker, language: str) -> str:
        """The voice of a part that has none of its own, or none that the engine knows: always the same one, and another than
        those of other parts where the engine has enough.
        """
        voices = speaker.at_hand(language)
        if not voices:
            return ""
        taken = {one.voice.casefold() for one in self.board.characters.values() if one.voice}
        free = [voice for voice in voices if voice.casefold() not in taken] or list(voices)
        known = {voice.casefold() for voice in speaker.voices(language) or voices}
        without = [one for one in self._parts if self._own_voice(one).casefold() not in known]
        return free[without.index(who) % len(free)] if who in without else free[0]

    def _own_voice(self, who: str | None) -> str:
        own = self.board.characters.get(who) if who else None
        return (own and own.voice) or self.speakers.voice

    def _speed(self, part: Part) -> float:
        own = self.board.characters.get(part.who) if part.who else None
        return part.given.speed or (own and own.speed) or self.speakers.speech.speed or 1.0

    def _pronounced(self, part: Part) -> str:
        """The words of a line as they are given to the engine."""
        if isinstance(part.given.say, str):
            return pronounced(part.given.say, {})
        says = dict(self.speakers.speech.say)
        says |= {name: one.say for name, one in self.board.characters.items() if isinstance(one.say, str)}
        own = self.board.characters.get(part.who) if part.who else None
        for hints in (own.say if own else None, part.given.say):
            says |= hints if isinstance(hints, dict) else {}
        return pronounced(part.words, says)

    def _ignored(self, part: Part, key: str, why: str) -> Notice:
        return Notice("engine.wish_ignored", f"{part.label}: {key}: {why}; left out", part.shot)


def _acted(part: Part, speaker: Speaker) -> tuple[str, Manner, tuple[Notice, ...]]:
    """What an engine is told of the delivery, or what stands for it, and what there is to say of that."""
    delivery = " ".join((part.given.delivery or "").split())
    if not delivery or speaker.acts:
        return delivery, Manner(), ()
    manner = manner_of(delivery)
    if manner.found:
        return "", manner, ()
    text = f"{part.label}: delivery: {speaker.name} cannot act {delivery!r}; left out"
    return "", manner, (Notice("engine.wish_ignored", text, part.shot),)


def _all_lines(board: Storyboard) -> Iterator[Line]:
    """Every line of dialogue, in the order of the film."""
    for keys in (board.defaults, *(shot for scene in board.scenes for shot in scene.shots)):
        yield from keys.dialogue or ()
