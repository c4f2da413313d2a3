"""Other judges on the same pairs: VBench's flicker formula, and genvideoscope.

``python -m benchmarks.bench_scores.peers --genvideoscope PATH`` measures and rewrites the table. genvideoscope (PyPI) is no
package of this project: PATH is the ``videoscope`` of an environment of its own, and it finds ffmpeg and ffprobe on PATH. It
gives findings and no score, so that it is right where it finds more in the damaged clip than in the clean one. All are asked
about the strongest damage alone, as genvideoscope takes two seconds of a core for a clip; what it found is kept in
``build/bench-scores/genvideoscope``.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_scores import faults, readings, scenes
from benchmarks.bench_scores.forms import ahead
from benchmarks.bench_scores.scenes import ALL, Pictures
from benchmarks.bench_scores.trials import Pair
from benchmarks.record import commit, machine, write
from vidgen.scoring.reading import Reading

STRONGEST = 3
KEPT = readings.KEPT / "genvideoscope"


@dataclass(frozen=True)
class Way:
    """How genvideoscope is asked. ``rate``: frames a second that the pictures are shown at."""

    text: str
    rate: int
    options: tuple[str, ...] = ()


WAYS: Mapping[str, Way] = {
    "default": Way("as it comes, two samples a second", readings.RATE),
    "slowed": Way("the same pictures shown at 9 a second, every one sampled", 9, ("--sample-fps", "9")),
}
"""Two of its detectors call a fault what lasts 1.5 s, and the clips last 1.4 s: slowed they last 4 s."""


@dataclass(frozen=True)
class Videoscope:
    """An installed genvideoscope. What a version of it found in a clip is kept."""

    version: str
    program: Path

    @classmethod
    def at(cls, program: Path) -> Videoscope:
        """The one that a program belongs to. Raises SystemExit where it does not run."""
        return cls(_output([str(program), "--version"]).split()[-1], program)

    def row(self, way: str, pairs: Sequence[Pair]) -> str:
        """Of the table: in how many pairs the clean clip comes first, and how many clean clips are flagged."""
        clean = {source: self._findings(way, source, None) for source, _, _ in pairs}
        right = [self._findings(way, source, fault) > clean[source] for source, fault, _ in pairs]
        flagged = sum(count > 0 for count in clean.values())
        return f"| genvideoscope {self.version}, {WAYS[way].text} | {_share(right)} | {flagged} of {len(clean)} |"

    def knows(self, pair: Pair) -> bool:
        """Whether what it found in both clips is kept, whichever way it was asked."""
        return all(self._place(way, pair[0], fault).is_file() for way in WAYS for fault in (None, pair[1]))

    def _place(self, way: str, source: str, fault: str | None) -> Path:
        name = f"{source}.{fault or 'clean'}".replace(" ", "_")
        return KEPT / self.version / way / _clips() / f"{name}.json"

    def _findings(self, way: str, source: str, fault: str | None) -> int:
        place = self._place(way, source, fault)
        if not place.is_file():
            found = detectors_in(self._report(WAYS[way], _pictures(source, fault)))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(found))
        return len(json.loads(place.read_text()))

    def _report(self, way: Way, clip: Pictures) -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            file = readings.encoded(clip, Path(folder) / "clip.mp4", rate=way.rate)
            _output([str(self.program), "analyze", str(file), "-o", folder, "--json-only", "--quiet", *way.options])
            report: Mapping[str, Any] = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
        return report


def detectors_in(report: Mapping[str, Any]) -> list[str]:
    """Of a report the detector of each finding. Raises SystemExit where a detector failed: it would seem to find nothing."""
    failed = [one["detector_id"] for one in report["detector_executions"] if one["status"] != "ok"]
    if failed:
        raise SystemExit(f"detectors of genvideoscope failed: {', '.join(failed)}")
    return [finding["detector_id"] for finding in report["findings"]]


def table(peer: Videoscope, *, kept: bool = False) -> str:
    """Shares of pairs in which the clean clip comes first; this judge has the scales that vidgen ships; a tie is not right.
    ``kept``: nobody is asked, and the pairs are those whose answers are there.
    """
    pairs = [(source, fault, STRONGEST) for source in ALL for fault in faults.FAULTS]
    if kept:
        pairs = [pair for pair in pairs if readings.is_kept(pair) and peer.knows(pair)]
    own = [ahead(pair) >= 1 for pair in pairs]
    flicker = [_change(readings.damaged(*pair)) > _change(readings.clean(pair[0])) for pair in pairs]
    rows = [
        f"| this judge | {_share(own)} | - |",
        f"| VBench's flicker formula | {_share(flicker)} | - |",
        *(peer.row(way, pairs) for way in WAYS),
    ]
    told = f"{len(pairs)} pairs of {', '.join(dict.fromkeys(source for source, _, _ in pairs))}."
    return "\n".join(["| | clean clip first | clean clips with a finding |", "|---|---|---|", *rows, "", told])


def _share(right: Sequence[bool]) -> str:
    return f"{np.mean(right):.2f} ({sum(right)} of {len(right)})"


def _change(reading: Reading) -> float:
    """VBench's formula for flicker: mean absolute difference of neighbours, here of luma."""
    return float(np.mean(reading.curves["change"]))


def _pictures(source: str, fault: str | None) -> Pictures:
    clip = scenes.pictures(source)
    return faults.damaged(clip, source, fault, STRONGEST) if fault else clip


def _clips() -> str:
    """What stands for the code that makes the clips."""
    return hashlib.sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in (faults, scenes))).hexdigest()[:10]


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    except OSError as error:
        raise SystemExit(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m benchmarks.bench_scores.peers")
    parser.add_argument("--genvideoscope", type=Path, required=True, help="the videoscope program of its environment")
    parser.add_argument("--kept", action="store_true", help="ask nobody: the pairs whose answers are kept")
    asked = parser.parse_args()
    commit()
    made = table(Videoscope.at(asked.genvideoscope), kept=asked.kept)
    print(made)
    write("bench_scores.peers", made, machine())
