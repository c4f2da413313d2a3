"""Judges the takes of one shot against each other."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgen.errors import InputError
from vidgen.media.files import sha256_file, write_text
from vidgen.scoring.camera import judge_camera
from vidgen.scoring.reading import Reading, read_clip
from vidgen.scoring.rules import RULES, Rule
from vidgen.scoring.scorers import Measured
from vidgen.scoring.types import ALL_FAMILIES, ALWAYS, FAMILIES, VETOES, Expectation, Scorecard, Status, Veto
from vidgen.scoring.vetoes import find_vetoes

NO_SCORER = {
    "prompt": "no model that compares pictures with text is installed",
    "physics": "no model that judges physics is installed",
}


def score_takes(
    files: Sequence[Path],
    expectation: Expectation = Expectation(),
    *,
    windows: Sequence[tuple[int, int] | None] | None = None,
    cache: Path | None = None,
    weights: Mapping[str, float] | None = None,
    veto: Collection[str] | None = None,
    measured: Sequence[Measured] = (),
) -> list[Scorecard]:
    """Judge the takes of one shot; one card per file, in the order given.

    Args:
        files: clips of the same shot.
        expectation: what was asked for.
        windows: of each file the part that is looked at, as the number of its first frame and how many; None: all of it.
        cache: folder for readings, by checksum of the clip and version of the judge; None: none are kept.
        weights: how much each family counts in the total (1 where it is not named, 0: not at all).
        veto: codes of the vetoes that count beside those of ``ALWAYS``; None: all of ``VETOES``.
        measured: what scorers of other packages found, a measurement for each file. One that lacks a file decides nothing.

    A file that cannot be decoded gets a card with a veto, not an error. Raises InputError ``score.unknown_name`` for a
    family or code that does not exist.
    """
    _check_names("family", weights or (), ALL_FAMILIES)
    _check_names("veto", veto or (), VETOES)
    counts = frozenset(VETOES if veto is None else (*veto, *ALWAYS))
    digests = [_digest(file) for file in files]
    parts = windows or [None] * len(files)
    readings = [_reading(file, digest, part, cache) for file, digest, part in zip(files, digests, parts, strict=True)]
    playable = {index: reading for index, reading in enumerate(readings) if isinstance(reading, Reading)}
    table = _Table.of(measured, playable)
    rows = {index: {**_compared(reading, expectation), **table.row(index)} for index, reading in playable.items()}
    middle = {name: _middle(name, rule, list(rows.values())) for name, rule in table.rules.items()}
    cards = []
    for index, (file, digest, reading) in enumerate(zip(files, digests, readings, strict=True)):
        if isinstance(reading, Veto):
            why = dict.fromkeys(table.families, "the file cannot be decoded")
            cards.append(Scorecard(file, digest, None, dict.fromkeys(why), why, vetoes=(reading,), status="unreadable"))
            continue
        vetoes = tuple(veto for veto in find_vetoes(reading, expectation) if veto.code in counts)
        status: Status = "vetoed" if vetoes else "uncalibrated" if len(playable) == 1 else "ok"
        families = {family: _family(family, table.rules, rows[index], middle) for family in table.families}
        cards.append(
            Scorecard(
                file=file,
                sha256=digest,
                total=_total(families, weights or {}),
                families=families,
                not_measured=_reasons(families, table, reading, expectation),
                measures={**_measures(reading, rows[index]), **table.all_of(index)},
                vetoes=vetoes,
                status=status,
            )
        )
    return cards


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


def _reading(file: Path, digest: str, window: tuple[int, int] | None, cache: Path | None) -> Reading | Veto:
    part = "" if window is None else f".{window[0]}+{window[1]}"
    kept = cache / f"{digest}{part}.v{RULES.version}.json" if cache and digest else None
    if kept and kept.is_file():
        try:
            return Reading.from_json(json.loads(kept.read_text(encoding="utf-8")))
        except (ValueError, TypeError, KeyError):
            pass  # damaged or foreign: read the clip again
    try:
        reading = read_clip(file, window)
    except InputError as error:
        return Veto("undecodable", None, error.message)
    if reading.frames == 0:
        return Veto("undecodable", None, f"{file} holds no pictures")
    if kept:
        write_text(kept, json.dumps(reading.as_json(), indent=1) + "\n")
    return reading


def _compared(reading: Reading, expected: Expectation) -> dict[str, float]:
    """The values that are compared; those that mean nothing for this shot are left out."""
    values = {name: value for name, value in reading.values.items() if name in RULES.measures}
    if expected.wants_still:
        for name in ("jerk", "reversals", "duplicates"):
            del values[name]
    error = judge_camera(expected.move, reading.move, reading.inliers).error
    return values if error is None else {**values, "camera": error}


def _middle(name: str, rule: Rule, rows: Sequence[Mapping[str, float]]) -> float | None:
    """Where the middle candidate stands; with one candidate, where a typical clip does, None where that is not known."""
    places = [rule.place(row[name]) for row in rows if name in row]
    if len(places) > 1:
        return statistics.median(places)
    return None if rule.typical is None else rule.place(rule.typical)


def _reasons(families: Mapping[str, float | None], table: _Table, reading: Reading, expected: Expectation) -> dict[str, str]:
    """Why families were not measured."""
    camera = judge_camera(expected.move, reading.move, reading.inliers).why
    own = {**NO_SCORER, "camera": camera, "motion": "a still picture was asked for"}
    return {family: table.reason(family) or own[family] for family, value in families.items() if value is None}


def _measures(reading: Reading, row: Mapping[str, float]) -> dict[str, float]:
    """The plain readings of a take."""
    moves = {f"camera_{axis}": value for axis, value in zip("xyzr", reading.move, strict=True)}
    camera = {"camera": row["camera"]} if "camera" in row else {}
    return {**reading.values, **moves, "camera_inliers": reading.inliers, **camera}


def _family(
    family: str, rules: Mapping[str, Rule], row: Mapping[str, float], middle: Mapping[str, float | None]
) -> float | None:
    """How far a take is from the middle one, in units of harmless variation; None where nothing was measured."""
    gains = []
    for name, rule in rules.items():
        centre = middle[name]
        if rule.family != family or name not in row or centre is None:
            continue
        steps = (rule.place(row[name]) - centre) / rule.noise
        gain = steps if rule.better == "high" else -steps
        gains.append(max(RULES.loss_limit, min(RULES.gain_limit, gain)))
    return round(sum(gains) / math.sqrt(len(gains)), 3) if gains else None


def _total(families: Mapping[str, float | None], weights: Mapping[str, float]) -> float | None:
    """Half the weighted mean of the families, half the worst of them."""
    known = {name: value for name, value in families.items() if value is not None and weights.get(name, 1.0) > 0}
    if not known:
        return None
    shares = {name: weights.get(name, 1.0) for name in known}
    mean = sum(value * shares[name] for name, value in known.items()) / sum(shares.values())
    return round(0.5 * mean + 0.5 * min(known.values()), 3)
