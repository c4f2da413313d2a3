"""Runs scorers, of other packages and vidgen's own where configured: found once a run, guarded, measurements kept by content.

A scorer that cannot be loaded, raises, or gives something that is no number is a warning; its measure is left out. Nothing here
raises an error of a scorer's: takes that were paid for are chosen from and kept all the same.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from vidgen import __version__
from vidgen.config import config
from vidgen.errors import Cancelled, MissingError, Notice, VidgenError
from vidgen.installed import Plugin, PluginProblem, cause_of, plugins, problems
from vidgen.media.files import write_text
from vidgen.scoring.rules import RULES, Rule
from vidgen.scoring.scorer import Clip, ClipScorer, GroupScorer, Measurement, Scorer
from vidgen.scoring.types import ALL_FAMILIES, Expectation
from vidgen.takes.keys import derived_key, request_key

OWN = {
    "clip-prompt": "vidgen.critics.clip:ClipPrompt",
    "vision-prompt": "vidgen.critics.vision:VisionPrompt",
    "vision-physics": "vidgen.critics.vision:VisionPhysics",
    "vision-pairs": "vidgen.critics.vision:VisionPairs",
    "said-words": "vidgen.critics.said:SaidWords",
    "said-in-time": "vidgen.critics.said:SaidInTime",
}
"""Scorers that come with vidgen, loaded as those of other packages are. Those that listen to speech count where a shot has
some, the others once they are configured.
"""

FIGURES = 6
"""Figures of a value that are kept: the last ones differ between processors and mean nothing."""


@dataclass(frozen=True)
class Measured:
    """One measure of every take of a shot: how it is compared, and a measurement for each take, in the takes' order."""

    name: str
    rule: Rule
    results: tuple[Measurement, ...]

    @property
    def complete(self) -> bool:
        """Whether every take has a value: only then do they decide anything."""
        return all(result.value is not None for result in self.results)

    @property
    def reason(self) -> str:
        """Why it does not count; empty where it does."""
        return next((f"{self.name}: {result.reason}" for result in self.results if result.value is None), "")

    @property
    def cost_usd(self) -> float:
        """What these measurements have cost, now or when they were made."""
        return sum(result.cost_usd for result in self.results)


@dataclass
class Scorers:
    """The scorers of one run. What is installed is read when the first takes are measured; each scorer is made once,
    and used by one thread at a time.

    Args:
        cache: folder for measurements; None: none are kept.
        limit_usd: what may be spent on measuring in this run. A scorer that may cost more than is left is not used.
        warn: called with what is to be said; ``Notice.shot`` is the shot that is measured.
        in_film: measures clips against the rest of the film, while a shot is judged that has a place in one.
    """

    cache: Path | None = None
    limit_usd: float = 0.0
    warn: Callable[[Notice], None] = field(default=lambda notice: None)
    in_film: Callable[[Sequence[Clip]], list[Measured]] | None = None
    spent_usd: float = field(default=0.0, init=False)
    _turn: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def measure(self, clips: Sequence[Clip], expectation: Expectation, shot: str | None = None) -> list[Measured]:
        """Measure the takes of one shot with every scorer that is installed. Raises nothing but Cancelled."""
        with self._turn:
            installed = self._installed if clips else []
            found = [
                self._measured(plugin, scorer, clips, expectation, shot)
                for plugin, scorer in installed
                if scorer.applies(expectation)
            ]
        return found + (self.in_film(clips) if self.in_film and clips else [])

    @cached_property
    def _installed(self) -> list[tuple[Plugin, Scorer]]:
        found = []
        for plugin in {**plugins("vidgen.scorers"), **own_scorers()}.values():
            try:
                found.append((plugin, load(plugin)))
            except MissingError as error:
                self.warn(Notice("score.scorer_failed", f"{error.message}; what it measures is left out ({error.hint})"))
        return found

    def _measured(
        self, plugin: Plugin, scorer: Scorer, clips: Sequence[Clip], expectation: Expectation, shot: str | None
    ) -> Measured:
        job = _Job(plugin, scorer, expectation, self.cache)
        try:
            results = job.run(clips, self.limit_usd - self.spent_usd)
        except (KeyboardInterrupt, Cancelled):
            raise
        except (Exception, SystemExit) as error:
            cause = error.message if isinstance(error, VidgenError) else cause_of(error)
            text = f"the scorer {scorer.name} ({plugin.package}) failed: {cause}; what it measures is left out"
            self.warn(Notice("score.scorer_failed", text, shot))
            results = [Measurement(None, f"it failed: {cause}")] * len(clips)
        self.spent_usd += job.spent_usd
        for code, message in dict.fromkeys(notice for result in results for notice in result.notices):
            self.warn(replace(Notice.of_engine(code, message, shot or ""), shot=shot))
        rule = Rule(scorer.family, scorer.better, 0.0, float(scorer.noise), scorer.typical, scale="linear")
        return Measured(scorer.name, rule, tuple(results))


def own_scorers() -> dict[str, Plugin]:
    """Those that come with vidgen and are configured (``config.yaml``: ``score``)."""
    asked = config().score
    names = ["said-words", "said-in-time", *(["clip-prompt"] if asked.prompt_model else [])]
    if asked.vision:
        names += ["vision-prompt", "vision-physics", *(["vision-pairs"] if asked.vision.pairs else [])]
    return {name: Plugin(name, "vidgen", __version__, EntryPoint(name, OWN[name], "vidgen.scorers")) for name in names}


def load(plugin: Plugin) -> Scorer:
    """The scorer of a plug-in. Raises MissingError ``engine.load_failed`` for one that cannot be used."""
    make = plugin.load()
    try:
        scorer = make()
    except (Exception, SystemExit) as error:
        raise plugin.broken(error) from error
    if not isinstance(scorer, ClipScorer | GroupScorer):
        raise plugin.broken(f"{plugin.entry.value} is neither a ClipScorer nor a GroupScorer")
    if fault := _fault(scorer, plugin.name):
        raise plugin.broken(f"{plugin.entry.value}: {fault}")
    return scorer


def broken_scorers() -> list[PluginProblem]:
    """Scorers that cannot be used, and why. Imports all of them: for ``vidgen doctor``."""
    return list(problems("vidgen.scorers", load))


def _fault(scorer: Scorer, name: str) -> str | None:
    """What is wrong in what a scorer says of itself."""
    own: dict[str, Any] = {key: getattr(scorer, key, None) for key in ("name", "family", "better", "noise", "typical")}
    if own["name"] != name:
        return f"it calls itself {own['name']!r}, but its entry point is {name!r}"
    if name in (*RULES.measures, "sharpness", "speed") or name.startswith("camera_"):
        return f"{name} is the name of a measure of vidgen's own"
    if own["family"] not in ALL_FAMILIES:
        return f"family is {own['family']!r}, not one of {', '.join(ALL_FAMILIES)}"
    if own["better"] not in ("high", "low"):
        return f"better is {own['better']!r}, not high or low"
    if not _is_number(own["noise"]) or own["noise"] <= 0:
        return f"noise is {own['noise']!r}, not a number above 0"
    if own["typical"] is not None and not _is_number(own["typical"]):
        return f"typical is {own['typical']!r}, neither a number nor None"
    return None


@dataclass
class _Job:
    """One scorer at the takes of one shot. Whatever the scorer raises passes through. ``spent_usd``: on what was not kept."""

    plugin: Plugin
    scorer: Scorer
    expectation: Expectation
    cache: Path | None
    spent_usd: float = 0.0

    def run(self, clips: Sequence[Clip], limit_usd: float) -> list[Measurement]:
        """A measurement for each clip."""
        groups = [list(clips)] if isinstance(self.scorer, GroupScorer) else [[clip] for clip in clips]
        files = [self._file(group) for group in groups]
        known = [_read(file, len(group)) for file, group in zip(files, groups, strict=True)]
        new = [clip for group, results in zip(groups, known, strict=True) if results is None for clip in group]
        if new and (reason := self._obstacle(new, limit_usd)):
            return [Measurement(None, reason)] * len(clips)
        found: list[Measurement] = []
        for group, results, file in zip(groups, known, files, strict=True):
            found += results or self._measure(group, file)
        return found

    def _obstacle(self, clips: Sequence[Clip], limit_usd: float) -> str:
        """Why the scorer cannot be used; empty where it can."""
        if reason := self.scorer.available():
            return " ".join(str(reason).split())
        usd = self.scorer.estimate(clips, self.expectation)
        if usd is None or usd > limit_usd:
            price = "at a price that is not known" if usd is None else f"for up to {usd:.2f} USD"
            return f"it measures {price}, and {limit_usd:.2f} USD may be spent on scores"
        return ""

    def _measure(self, group: Sequence[Clip], file: Path | None) -> list[Measurement]:
        scorer = self.scorer
        if isinstance(scorer, ClipScorer):
            made: Any = [scorer.score(group[0], self.expectation)]
        else:
            assert isinstance(scorer, GroupScorer)
            made = scorer.score_all(group, self.expectation)
        if not isinstance(made, list | tuple) or len(made) != len(group):
            raise TypeError(f"score_all gave {made!r:.80} instead of {len(group)} measurements")
        results = [_checked(one) for one in made]
        self.spent_usd += sum(result.cost_usd for result in results)
        if file and any(result.value is not None or result.cost_usd for result in results):
            write_text(file, json.dumps([asdict(result) for result in results], indent=1) + "\n")
        return results

    def _file(self, clips: Sequence[Clip]) -> Path | None:
        """Where measurements of these clips are kept: by content, by what was asked, and by the scorer's version."""
        if self.cache is None:
            return None
        expected = self.expectation
        settings = {
            "scorer": self.scorer.name,
            "windows": [clip.window for clip in clips],
            "expected": [expected.prompt, expected.move, expected.motion_amount, expected.wants_still],
            "request": request_key(expected.request) if expected.request else None,
        }
        tool = f"{self.plugin.package} {self.plugin.version} {self.scorer.version}"
        return self.cache / f"{derived_key('score', [clip.sha256 for clip in clips], settings=settings, tool=tool)}.json"


def _read(file: Path | None, count: int) -> list[Measurement] | None:
    """Measurements that were kept; None where there are none, or damaged ones."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8")) if file and file.is_file() else None
        return None if rows is None else [_checked(_kept(row)) for row in rows] if len(rows) == count else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _kept(row: dict[str, Any]) -> Measurement:
    notices = tuple((str(code), str(message)) for code, message in row["notices"])
    return Measurement(row["value"], row["reason"], notices, row["cost_usd"])


def _checked(given: object) -> Measurement:
    """A measurement with plain numbers. Raises TypeError or ValueError where it is something else."""
    if not isinstance(given, Measurement):
        raise TypeError(f"it gave {type(given).__name__} instead of a Measurement")
    notices = tuple((str(code), str(message)) for code, message in given.notices)
    if not _is_number(given.cost_usd) or given.cost_usd < 0:
        raise ValueError(f"cost_usd is {given.cost_usd!r}")
    if given.value is None:
        return Measurement(None, given.reason or "it gave no reason", notices, float(given.cost_usd))
    if not _is_number(given.value):
        raise ValueError(f"its value is {given.value!r}, not a number")
    return Measurement(float(f"{float(given.value):.{FIGURES}g}"), "", notices, float(given.cost_usd))


def _is_number(value: Any) -> bool:
    """Whether it is a finite number, of numpy's kinds too."""
    try:
        return not isinstance(value, bool | str | bytes) and math.isfinite(value)
    except (TypeError, ValueError, OverflowError):
        return False
