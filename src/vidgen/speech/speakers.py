"""The speech engines of one run, by name, and which of them says a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vidgen.config import config
from vidgen.errors import MissingError
from vidgen.installed import Group, Plugin, PluginProblem, plugins, problems
from vidgen.speech.speaker import Speaker
from vidgen.storyboard.speech import Speech

GROUP: Group = "vidgen.speakers"
USUAL = ("hibari", "kokoro-ja")
"""Tried first where the storyboard names none."""
NAMED_ONLY = ("command", "openai")
"""Not found by language: they need a setting, or cost money."""


@dataclass
class Speakers:
    """The engines for one storyboard's ``speech``; each is made once."""

    speech: Speech = field(default_factory=Speech)
    folder: Path = Path()
    _made: dict[str, Speaker] = field(default_factory=dict)

    @property
    def engine(self) -> str:
        """The one that is asked for by the storyboard, else the user's configuration; ``auto``: by language."""
        own = self.speech
        if own.engine != "auto":
            return own.engine
        if own.command:
            return "command"
        configured = config().speech
        return "command" if configured.engine == "auto" and configured.command else configured.engine

    @property
    def names(self) -> set[str]:
        """All engines that there are."""
        return {*plugins(GROUP), *NAMED_ONLY}

    @property
    def voice(self) -> str:
        """The voice of whoever has none of their own."""
        return self.speech.voice or config().speech.voice or ""

    def get(self, name: str) -> Speaker:
        """An engine by name. Raises MissingError ``engine.load_failed``, or ``speech.no_engine`` where there is none."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def find(self, language: str, voice: str = "") -> tuple[Speaker | None, str]:
        """The engine that says lines of a language, or None with the reason and the remedy. Where several can, one that has
        the ``voice`` comes first.
        """
        if self.engine == "off":
            return None, "speech: off"
        if self.engine != "auto":
            speaker = self.get(self.engine)
            if not speaker.speaks(language):
                return None, f"{speaker.name} does not speak {language}, only {', '.join(speaker.languages)}"
            missing = speaker.missing()
            return (None, f"{speaker.name} is not ready: {missing}") if missing else (speaker, "")
        able = [speaker for speaker in self._free() if speaker.speaks(language)]
        ready = [speaker for speaker in able if speaker.missing() is None]
        if ready:
            return next((one for one in ready if voice and voice in one.voices(language)), ready[0]), ""
        remedies = [f"{one.name}: {one.missing()}" for one in able]
        return None, "; ".join(remedies) or f"no speech engine here speaks {language}; speech.command can name a program"

    def _free(self) -> Iterator[Speaker]:
        """Engines that cost nothing and need no setting; one that cannot be loaded is left out, as doctor tells."""
        for name in sorted(set(plugins(GROUP)) - set(NAMED_ONLY), key=lambda one: (one not in USUAL, one)):
            try:
                speaker = self.get(name)
            except MissingError:
                continue
            if not speaker.paid:
                yield speaker

    def _make(self, name: str) -> Speaker:
        if name == "command":
            from vidgen.speech.command import Command

            return Command(self.speech.command or config().speech.command, self.folder, self.speech.timeout)
        if name == "openai":
            from vidgen.speech.openai import OpenAI

            return OpenAI(self.speech.model)
        found = plugins(GROUP).get(name)
        if found is None:
            known = ", ".join(sorted(self.names))
            raise MissingError("speech.no_engine", f"there is no speech engine {name!r}", hint=f"installed: {known}")
        return _load(found)


def speaker_problems() -> list[PluginProblem]:
    """Every engine that cannot be loaded. Imports all of them: for ``vidgen doctor``."""
    return list(problems(GROUP, _load))


def _load(plugin: Plugin) -> Speaker:
    made = plugin.load()
    try:
        speaker = made()
    except (Exception, SystemExit) as error:
        raise plugin.broken(error) from error
    if not isinstance(speaker, Speaker):
        raise plugin.broken(f"{plugin.entry.value} is no vidgen.speech.speaker.Speaker")
    return speaker
