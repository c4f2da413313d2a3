"""Speak what is missing: each line once, its answer kept before anything else is done with it, money in the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.engines.cloud.failures import ProviderError
from vidgen.errors import ProcessingError, VidgenError
from vidgen.installed import cause_of
from vidgen.media.files import atomic
from vidgen.media.locks import held
from vidgen.media.scratch import scratch_folder
from vidgen.speech.casting import CastLine
from vidgen.speech.kept import KeptLine, KeptLines
from vidgen.speech.sound import finish
from vidgen.speech.speaker import Speaker
from vidgen.takes.journal import Attempt, Journal
from vidgen.takes.purchase import JournalEntry

SPOKEN = "-speech"
"""Ending of the engine's name in the journal."""
RECEIVED = "received"
"""Job id of a line whose answer is here: there is nothing to ask for at the provider."""


@dataclass
class Sayer:
    """Speaks lines into one work folder.

    Args:
        journal: opens the journal, once something is to be bought.
        run_id: groups what this run spends. limit_usd: most that it may spend; None: no limit.
        anew: whether purchases of unknown fate, or without a usable answer, are given up and made again.
        remedy: tells a person how to ask for that.
    """

    kept: KeptLines
    journal: Callable[[], Journal]
    run_id: str
    remedy: str
    limit_usd: float | None = None
    anew: bool = False
    cancelled: Callable[[], bool] = lambda: False

    def say(self, line: CastLine) -> KeptLine:
        """Speak a line, or take it from where it is kept. Raises what its engine raises."""
        speaker = line.speaker
        assert speaker is not None
        if found := self.kept.find(line.key):
            return found
        if speaker.paid:
            with self._alone(line.key):  # another process may have bought it meanwhile
                return self.kept.find(line.key) or self._bought(line, speaker)
        with scratch_folder(self.kept.root) as folder:
            self._speak(line, speaker, folder / "raw.wav")
            return self._finished(line, speaker, folder / "raw.wav", 0.0)

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """One process at a time buys a line."""
        answer = self.kept.answer(key)
        answer.parent.mkdir(parents=True, exist_ok=True)
        with held(answer.with_suffix(".lock"), wait=True):
            yield

    def _speak(self, line: CastLine, speaker: Speaker, out: Path) -> None:
        try:
            speaker.speak(line.utterance, out, self.cancelled)
        except VidgenError as error:
            error.where = error.where or line.part.label
            raise
        except Exception as error:
            text = f"the speech engine {speaker.name} failed: {cause_of(error)}"
            hint = "try other words, or another speech.engine"
            raise ProcessingError("speech.failed", text, hint=hint, where=line.part.label) from error

    def _finished(self, line: CastLine, speaker: Speaker, raw: Path, cost_usd: float | None) -> KeptLine:
        """Make the kept line of what the engine wrote."""
        by = {"engine": speaker.name, "version": speaker.version(), "cost_usd": cost_usd, **line.utterance.as_dict()}

        def write(part: Path) -> Mapping[str, Any]:
            said = finish(raw, part, gain_db=line.gain_db, by=speaker.name)
            return {"samples": said.samples, "silent": said.silent, **by}

        try:
            return self.kept.keep(line.key, write)
        except VidgenError as error:
            error.where = error.where or line.part.label
            raise

    def _bought(self, line: CastLine, speaker: Speaker) -> KeptLine:
        """Buy a line, once: an answer that came is used, whatever happened after."""
        journal, answer = self.journal(), self.kept.answer(line.key)
        last = settle(journal, self.kept, line.key)
        if last and self.anew and (last.state == "unknown" or last.undelivered):
            last = journal.failed(last.id, "given up on request", actual_usd=last.estimated_usd)
        if not answer.is_file() or last is None or last.state == "failed":
            last = self._sent(line, speaker, journal, answer)
        try:
            kept = self._finished(line, speaker, answer, line.price_usd)
        except ProcessingError as error:
            if last.state == "submitted":
                journal.undelivered(last.id, error.message)
            error.hint = f"it is paid for, and not bought again by itself: {self.remedy}"
            raise
        if last.state == "submitted":
            journal.done(last.id, sha256=self.kept.checksum(line.key))
        return kept

    def _sent(self, line: CastLine, speaker: Speaker, journal: Journal, answer: Path) -> Attempt:
        """Reserve the price, send, and write the answer to disk as it came."""
        words = {"text": line.utterance.text, "voice": line.utterance.voice}
        entry = JournalEntry(line.part.label, 1, 0, f"{speaker.name}{SPOKEN}", speaker.version(), words)
        try:
            attempt = journal.reserve(
                entry, request_key=line.key, run_id=self.run_id, estimated_usd=line.price_usd, limit_usd=self.limit_usd
            )
        except ProcessingError as error:
            error.hint = f"{error.hint}; {self.remedy}"
            raise
        journal.begin(attempt.id)
        try:
            with atomic(answer) as raw:
                speaker.speak(line.utterance, raw, self.cancelled)
        except ProviderError as error:
            lost = error.kind == "unknown_submit"
            (journal.unknown if lost else journal.failed)(attempt.id, error.message)
            error.where = error.where or line.part.label
            error.hint = f"it may have been bought, and is not sent again by itself: {self.remedy}" if lost else error.hint
            raise
        except BaseException as error:
            journal.unknown(attempt.id, cause_of(error))
            raise
        return journal.submitted(attempt.id, RECEIVED)


def settle(journal: Journal, kept: KeptLines, key: str) -> Attempt | None:
    """The newest purchase of a line, brought up to date with what is on disk: where an answer came it was accepted. Call it
    alone with the line. None: it was never bought.
    """
    last = next((row for row in journal.attempts() if row.request_key == key), None)
    if last is None:
        return None
    if last.state in ("submitting", "unknown") and kept.answer(key).is_file():
        if last.state == "submitting":
            last = journal.unknown(last.id, "the run ended while the answer came")
        return journal.submitted(last.id, RECEIVED)
    if last.state == "submitting":
        return journal.unknown(last.id, "the run ended while the request was being sent")
    return journal.failed(last.id, "never sent: the run ended first") if last.state == "planned" else last


def settle_all(journal: Journal, root: Path) -> None:
    """``settle`` for every line of a project that no other run works on."""
    kept = KeptLines(root, look_only=True)
    for key in dict.fromkeys(row.request_key for row in journal.attempts() if row.engine.endswith(SPOKEN)):
        settle(journal, kept, key)
