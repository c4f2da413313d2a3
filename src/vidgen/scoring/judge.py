"""Judges the takes of one shot against each other."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgen.errors import InputError
from vidgen.media.files import sha256_file, write_text
from vidgen.scoring.camera import judge_camera, path_of
from vidgen.scoring.comparing import families_of, gains_of, middles, shortfalls_of, total_of
from vidgen.scoring.content import content_vetoes
from vidgen.scoring.evidence import with_evidence
from vidgen.scoring.reading import Reading, read_clip
from vidgen.scoring.rules import RULES, Rule
from vidgen.scoring.scorers import Measured
from vidgen.scoring.types import ALL_FAMILIES, ALWAYS, FAMILIES, VETOES, Expectation, Scorecard, Veto, Wanted, Window
from vidgen.scoring.values import amount_error, values_of
from vidgen.scoring.vetoes import find_vetoes
from vidgen.scoring.window import best_window

NO_SCORER = {
    "prompt": "no model that compares pictures with text is configured (config.yaml: score)",
    "physics": "no model that judges physics is configured (config.yaml: score)",
}


def find_windows(files: Sequence[Path], wanted: Sequence[Wanted], *, cache: Path | None = None) -> list[Window | None]:
    """The best part of each clip; None where it cannot be decoded. ``cache`` as for ``score_takes``."""
    readings = [_reading(file, _digest(file), cache) for file in files]
    return [
        best_window(reading, part) if isinstance(reading, Reading) else None
        for reading, part in zip(readings, wanted, strict=True)
    ]


def score_takes(
    files: Sequence[Path],
    expectation: Expectation = Expectation(),
    *,
    windows: Sequence[Window | None] | None = None,
    cache: Path | None = None,
    evidence: Path | None = None,
    weights: Mapping[str, float] | None = None,
    veto: Collection[str] | None = None,
    measured: Sequence[Measured] = (),
) -> list[Scorecard]:
    """Judge the takes of one shot; one card per file, in the order given.

    Args:
        files: clips of the same shot.
        expectation: what was asked for.
        windows: of each file the part that is judged; None: all of it.
        cache: folder for readings, by checksum of the clip and version of the judge; None: none are kept.
        evidence: folder for a picture of each veto that has a place; None: none are written.
        weights: how much each family counts in the total (1 where it is not named, 0: not at all).
        veto: codes of the vetoes that count beside those of ``ALWAYS``; None: all of ``VETOES``.
        measured: what scorers of other packages found, a measurement for each file. One that lacks a file decides nothing.

    A file that cannot be decoded gets a card with a veto, not an error. Raises InputError ``score.unknown_name`` for a
    family or code that does not exist.
    """
    _check_names("family", weights or (), ALL_FAMILIES)
    _check_names("veto", veto or (), VETOES)
    counts = frozenset(VETOES if veto is None else (*veto, *ALWAYS))
    parts = windows or [None] * len(files)
    takes = [_take(file, part, cache) for file, part in zip(files, parts, strict=True)]
    playable = {index: take for index, take in enumerate(takes) if isinstance(take.reading, Reading)}
    table = _Table.of(measured, playable)
    rows = {index: {**_compared(take, expectation), **table.row(index)} for index, take in playable.items()}
    middle = middles(table.rules, list(rows.values()))
    cards = []
    for index, take in enumerate(takes):
        if isinstance(take.reading, Veto):
            cards.append(_unreadable(take, take.reading, table))
            continue
        found = find_vetoes(take.reading, expectation, *take.part)
        seen = content_vetoes(take.file, take.sha256, take.reading, counts, take.part, cache)
        vetoes = tuple(veto for veto in (*found, *seen) if veto.code in counts)
        if evidence:
            vetoes = with_evidence(take.file, take.sha256, take.reading, vetoes, evidence)
        alone = len(playable) == 1
        gains = shortfalls_of(table.rules, rows[index]) if alone else gains_of(table.rules, rows[index], middle)
        families = families_of(table.rules, gains, table.families)
        card = Scorecard(
            file=take.file,
            sha256=take.sha256,
            total=total_of(families, weights or {}),
            families=families,
            not_measured=_reasons(families, table, take, expectation),
            measures={**_measures(take, rows[index]), **table.all_of(index)},
            vetoes=vetoes,
            status="vetoed" if vetoes else "uncalibrated" if alone else "ok",
            gains={name: (table.rules[name].family, round(gain, 3)) for name, gain in gains.items()},
            window=take.window,
        )
        cards.append(card)
    return cards


@dataclass(frozen=True)
class _Take:
    """A file, its reading or why there is none, and the part that is judged."""

    file: Path
    sha256: str
    reading: Reading | Veto
    window: Window | None

    @property
    def part(self) -> tuple[int, int | None]:
        """Its first frame and how many; None: all from there on."""
        return (self.window.start, self.window.frames) if self.window else (0, None)

    @property
    def values(self) -> dict[str, float]:
        assert isinstance(self.reading, Reading)
        return values_of(self.reading, *self.part)


def _take(file: Path, window: Window | None, cache: Path | None) -> _Take:
    digest = _digest(file)
    reading = _reading(file, digest, cache)
    return _Take(file, digest, reading, window if isinstance(reading, Reading) else None)


def _unreadable(take: _Take, veto: Veto, table: _Table) -> Scorecard:
    why = dict.fromkeys(table.families, "the file cannot be decoded")
    return Scorecard(take.file, take.sha256, None, dict.fromkeys(why), why, vetoes=(veto,), status="unreadable")


@dataclass(frozen=True)
class _Table:
    """The measures of a shot's takes: vidgen's own, and those of scorers that have a value for every playable take."""

    measured: tuple[Measured, ...]
    rules: Mapping[str, Rule]
    families: tuple[str, ...]

    @classmethod
    def of(cls, measured: Sequence[Measured], playable: Collection[int]) -> _Table:
        whole = {one.name: one.rule for one in measured if all(one.results[index].value is not None for index in playable)}
        more = sorted({one.rule.family for one in measured} - set(FAMILIES))
        return cls(tuple(measured), {**RULES.measures, **whole}, (*FAMILIES, *more))

    def row(self, index: int) -> dict[str, float]:
        """The scorers' values of a take that count."""
        return {name: value for name, value in self.all_of(index).items() if name in self.rules}

    def all_of(self, index: int) -> dict[str, float]:
        """All of the scorers' values of a take."""
        values = ((one.name, one.results[index].value) for one in self.measured)
        return {name: value for name, value in values if value is not None}

    def reason(self, family: str) -> str:
        """Why scorers of a family do not count; empty where none is installed."""
        scorers = [one for one in self.measured if one.rule.family == family]
        return "; ".join(one.reason or f"{one.name}: there is no other take to compare with" for one in scorers)


def _check_names(kind: str, given: Collection[str], known: Collection[str]) -> None:
    for name in sorted(set(given) - set(known)):
        raise InputError("score.unknown_name", f"there is no {kind} {name!r} in the judge", hint=f"known: {', '.join(known)}")


def _digest(file: Path) -> str:
    try:
        return sha256_file(file)
    except OSError:
        return ""


def _reading(file: Path, digest: str, cache: Path | None) -> Reading | Veto:
    kept = cache / f"{digest}.v{RULES.version}.json" if cache and digest else None
    if kept and kept.is_file():
        try:
            return Reading.from_json(json.loads(kept.read_text(encoding="utf-8")))
        except (ValueError, TypeError, KeyError):
            pass  # damaged or foreign: read the clip again
    try:
        reading = read_clip(file)
    except InputError as error:
        return Veto("undecodable", None, error.message)
    if reading.frames == 0:
        return Veto("undecodable", None, f"{file} holds no pictures")
    if kept:
        write_text(kept, json.dumps(reading.as_json()) + "\n")
    return reading


def _compared(take: _Take, expected: Expectation) -> dict[str, float]:
    """The values that are compared; those that mean nothing for this shot are left out."""
    assert isinstance(take.reading, Reading)
    values = {name: value for name, value in take.values.items() if name in RULES.measures}
    if expected.wants_still:
        values = {name: value for name, value in values.items() if RULES.measures[name].family != "motion"}
    if expected.motion_amount is not None:
        values["amount"] = amount_error(expected.motion_amount, take.reading, *take.part)
    error = judge_camera(expected.move, path_of(take.reading, *take.part), expected.pace).error
    return values if error is None else {**values, "camera": error}


def _reasons(families: Mapping[str, float | None], table: _Table, take: _Take, expected: Expectation) -> dict[str, str]:
    """Why families were not measured."""
    assert isinstance(take.reading, Reading)
    camera = judge_camera(expected.move, path_of(take.reading, *take.part)).why
    own = {**NO_SCORER, "camera": camera, "motion": "a still picture was asked for"}
    return {family: table.reason(family) or own[family] for family, value in families.items() if value is None}


def _measures(take: _Take, row: Mapping[str, float]) -> dict[str, float]:
    """The plain readings of a take."""
    assert isinstance(take.reading, Reading)
    path = path_of(take.reading, *take.part)
    moves = {f"camera_{axis}": value for axis, value in zip("xyzr", path.move, strict=True)}
    own = {name: row[name] for name in ("camera", "amount") if name in row}
    return {**take.values, **moves, "camera_inliers": path.inliers, **own}
