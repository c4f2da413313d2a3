"""Judges the takes of one shot against each other, and chooses. Deterministic; never random, never simply the first."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from vidgen.errors import InputError
from vidgen.media.files import sha256_file, write_text
from vidgen.scoring.camera import judge_camera
from vidgen.scoring.reading import Reading, read_clip
from vidgen.scoring.rules import RULES, Rule
from vidgen.scoring.types import ALWAYS, FAMILIES, VETOES, Choice, Expectation, Scorecard, Status, Veto
from vidgen.scoring.vetoes import find_vetoes

NO_JUDGE = {
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
) -> list[Scorecard]:
    """Judge the takes of one shot; one card per file, in the order given.

    Args:
        files: clips of the same shot.
        expectation: what was asked for.
        windows: of each file the part that is looked at, as the number of its first frame and how many; None: all of it.
        cache: folder for readings, by checksum of the clip and version of the judge; None: none are kept.
        weights: how much each family counts in the total (1 where it is not named, 0: not at all).
        veto: codes of the vetoes that count beside those of ``ALWAYS``; None: all of ``VETOES``.

    A file that cannot be decoded gets a card with a veto, not an error. Raises InputError ``score.unknown_name`` for a
    family or code that does not exist.
    """
    _check_names("family", weights or (), FAMILIES)
    _check_names("veto", veto or (), VETOES)
    counts = frozenset(VETOES if veto is None else (*veto, *ALWAYS))
    digests = [_digest(file) for file in files]
    parts = windows or [None] * len(files)
    readings = [_reading(file, digest, part, cache) for file, digest, part in zip(files, digests, parts, strict=True)]
    values = [_compared(reading, expectation) for reading in readings if isinstance(reading, Reading)]
    middle = {name: _middle(name, rule, values) for name, rule in RULES.measures.items()}
    cards = []
    for file, digest, reading in zip(files, digests, readings, strict=True):
        if isinstance(reading, Veto):
            blank = dict.fromkeys(FAMILIES)
            why = dict.fromkeys(FAMILIES, "the file cannot be decoded")
            cards.append(Scorecard(file, digest, None, blank, why, vetoes=(reading,), status="unreadable"))
        else:
            cards.append(_card(file, digest, reading, expectation, middle, weights or {}, counts, alone=len(values) == 1))
    return cards


def choose(cards: Sequence[Scorecard]) -> Choice:
    """Order the cards from best to worst and name the winner.

    Takes without a veto come first, then higher totals, then the better worst family, then the checksum. Figures that are the
    same but for rounding count as equal, so that neither the order in which takes were given nor the processor decides.
    """
    if not cards:
        raise ValueError("there is nothing to choose from")
    order = tuple(_ranked(cards))
    best = cards[order[0]]
    if best.status == "unreadable":
        return Choice(order, None, False, True, "no take can be played")
    if best.vetoes:
        return Choice(order, order[0], False, True, f"every take has a veto; the least bad one: {best.vetoes[0].detail}")
    if len(cards) == 1:
        return Choice(order, order[0], False, False, "the only take")
    second = cards[order[1]]
    if second.vetoes:
        return Choice(order, order[0], False, False, f"the only one without a veto; the next: {second.vetoes[0].detail}")
    margin = (best.total or 0.0) - (second.total or 0.0)
    if margin < RULES.tie_band:
        return Choice(order, order[0], True, False, f"a tie: the difference of {abs(margin):.2f} is within the noise")
    return Choice(order, order[0], False, False, f"ahead by {margin:.2f}: {_decided(best, second)}")


def _check_names(kind: str, given: Collection[str], known: Collection[str]) -> None:
    for name in sorted(set(given) - set(known)):
        raise InputError("score.unknown_name", f"there is no {kind} {name!r} in the judge", hint=f"known: {', '.join(known)}")


def _ranked(cards: Sequence[Scorecard]) -> Iterator[int]:
    """Indices of the cards, best first."""
    standing = [(card.status == "unreadable", len(card.vetoes)) for card in cards]
    total = [_lowest([card.total]) for card in cards]
    worst = [_lowest(card.families.values()) for card in cards]
    for _, alike in groupby(sorted(range(len(cards)), key=standing.__getitem__), key=standing.__getitem__):
        for equal in _equals(alike, total):
            for same in _equals(equal, worst):
                yield from sorted(same, key=lambda index: cards[index].sha256)


def _equals(indices: Iterable[int], values: Sequence[float]) -> Iterator[list[int]]:
    """The indices in groups, highest values first. The values of a group are within ``RULES.equal`` of its highest."""
    left = sorted(indices, key=values.__getitem__, reverse=True)
    while left:
        bound = values[left[0]] - RULES.equal
        yield [index for index in left if values[index] >= bound]
        left = [index for index in left if values[index] < bound]


def _lowest(values: Iterable[float | None]) -> float:
    return min((value for value in values if value is not None and not math.isnan(value)), default=-math.inf)


def _decided(best: Scorecard, second: Scorecard) -> str:
    gaps = {
        family: value - other
        for family, value in best.families.items()
        if value is not None and (other := second.families[family]) is not None
    }
    names = sorted((name for name in gaps if gaps[name] > 0), key=lambda name: -gaps[name])
    return f"better in {' and '.join(names[:2])}" if names else "better overall"


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


def _compared(reading: Reading, asked: Expectation) -> dict[str, float]:
    """The values that are compared; those that mean nothing for this shot are left out."""
    values = {name: value for name, value in reading.values.items() if name in RULES.measures}
    if asked.wants_still:
        for name in ("jerk", "reversals", "duplicates"):
            del values[name]
    error = judge_camera(asked.move, reading.move, reading.inliers).error
    return values if error is None else {**values, "camera": error}


def _middle(name: str, rule: Rule, values: Sequence[Mapping[str, float]]) -> float:
    """The logarithm of the middle candidate's value; with one candidate, of a typical clip's."""
    logs = [math.log(row[name] + rule.floor) for row in values if name in row]
    return statistics.median(logs) if len(logs) > 1 else math.log(rule.typical + rule.floor)


def _card(
    file: Path,
    digest: str,
    reading: Reading,
    asked: Expectation,
    middle: Mapping[str, float],
    weights: Mapping[str, float],
    counts: Collection[str],
    *,
    alone: bool,
) -> Scorecard:
    values = _compared(reading, asked)
    families = {family: _family(family, values, middle) for family in FAMILIES}
    verdict = judge_camera(asked.move, reading.move, reading.inliers)
    why = {**NO_JUDGE, "camera": verdict.why, "motion": "a still picture was asked for"}
    vetoes = tuple(veto for veto in find_vetoes(reading, asked) if veto.code in counts)
    status: Status = "vetoed" if vetoes else "uncalibrated" if alone else "ok"
    measures = {**reading.values, **{f"camera_{axis}": value for axis, value in zip("xyzr", reading.move, strict=True)}}
    measures |= {"camera_inliers": reading.inliers, **({"camera": values["camera"]} if "camera" in values else {})}
    return Scorecard(
        file=file,
        sha256=digest,
        total=_total(families, weights),
        families=families,
        not_measured={family: why[family] for family, value in families.items() if value is None},
        measures=measures,
        vetoes=vetoes,
        status=status,
    )


def _family(family: str, values: Mapping[str, float], middle: Mapping[str, float]) -> float | None:
    """Signed log ratios to the middle candidate, in units of harmless variation; None where nothing was measured."""
    gains = []
    for name, rule in RULES.measures.items():
        if rule.family != family or name not in values:
            continue
        ratio = (math.log(values[name] + rule.floor) - middle[name]) / rule.noise
        gain = ratio if rule.better == "high" else -ratio
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
