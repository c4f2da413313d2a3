"""What ``vidgen plan``, ``lint`` and ``render --dry-run`` of a long film cost, as whole processes: CPU seconds and memory.

``python -m benchmarks.planning SHOTS FOLDER`` writes such a film, to profile with.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgen.media.ffmpeg import run_ffmpeg

SIZES = (1, 1000, 10_000)
BARS: Mapping[int, str] = {1000: "1.5 s", 10_000: "8 s, 400 MB"}
COMMANDS: Mapping[str, Sequence[str]] = {
    "plan": ("plan",),
    "plan --json": ("plan", "--json"),
    "lint": ("lint",),
    "render --dry-run": ("render", "--dry-run"),
}

WHO = (
    "a fisherman",
    "an old woman",
    "two children",
    "a red fox",
    "a steam train",
    "a paper boat",
    "a night watchman",
    "a heron",
)
DOES = (
    "drifts past buoy", "waits beside milestone", "walks towards lamp post", "looks up at window", "turns away from gate",
    "passes under bridge", "rests on bench", "disappears behind tree",
)  # fmt: skip
WHERE = (
    "mountain lake at dawn, mist over the water",
    "harbour in the rain",
    "empty platform at night",
    "birch forest, first snow",
)
WHO_JA = ("漁師", "老婆", "子供", "赤い狐", "汽車", "紙の舟", "夜警", "青鷺")
DOES_JA = (
    "浮標のそばを漂う",
    "道標の横で待つ",
    "街灯へ歩く",
    "窓を見上げる",
    "門から離れる",
    "橋の下を通る",
    "長椅子で休む",
    "木の陰に消える",
)
WHERE_JA = ("夜明けの山の湖、水面に霧", "雨の港", "夜の無人のホーム", "白樺の森、初雪")
MOVES = ("static", "pan_left", "dolly-in", "crane up", "orbit_right", "ドリーイン", "パン右", "tilt_up")
SIZES_OF_SHOTS = ("wide", "medium", "close-up", "ロング")
KEEPERS = 40
"""How many characters the film has."""


def write_film(folder: Path, shots: int) -> Path:
    """A storyboard of ``shots`` shots that are all different, in scenes of twenty, and the files that they name: words in two
    languages, every kind of camera, characters, titles, pictures to open with, clips of the user's own.
    """
    run_ffmpeg(
        ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=24:d=4", "-pix_fmt", "yuv420p", str(folder / "own.mp4")], what="bench"
    )
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=160x90", "-frames:v", "1", str(folder / "opening.png")], what="bench")
    lines = ["vidgen: 1", "title: A long film", "language: en", "style: cinematic, film grain", "seed: 7", "characters:"]
    lines += [f"  Keeper{index}: {{description: lighthouse keeper number {index}}}" for index in range(KEEPERS)]
    lines += ["scenes:"]
    for index in range(shots):
        if index % 20 == 0:
            where = (WHERE_JA if index % 60 == 0 else WHERE)[index // 20 % 4]
            lines += [f"  - id: sc{index // 20:03d}", f"    scene: {where}", "    shots:"]
        lines += _shot(index)
    file = folder / "long.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _shot(index: int) -> list[str]:
    kind, line = index % 10, [f"      - id: s{index:05d}"]
    if kind == 9:
        return [*line, "        clip: own.mp4", f"        notes: roll {index}", f"        duration: {1 + index % 3}"]
    who, does = (WHO_JA, DOES_JA) if kind in (3, 6) else (WHO, DOES)
    line += [f"        action: {who[index % 8]}{'が' if kind in (3, 6) else ' '}{does[index // 8 % 8]} {index}"]
    line += [f"        duration: {3 + index % 3 + 4 * (kind == 8)}"]
    if kind in (1, 3):
        line += [f"        camera: {{move: {MOVES[index // 10 % 8]}, size: {SIZES_OF_SHOTS[index // 80 % 4]}, speed: slow}}"]
    elif kind != 0:
        line += [f"        camera: {MOVES[index // 10 % 8]}", f"        motion: {{type: natural, amount: {1 + index % 10}}}"]
    more = {
        2: f"characters: [Keeper{index % KEEPERS}]",
        4: "transition: {type: dissolve, duration: 0.5}",
        5: f"start_frame: opening.png\n        lighting: {index % 12} lamps, low sun",
        6: "style: 水彩",
        7: f"text: [{{text: Day {index}, in: 0.5, out: 2.5, role: caption}}]",
    }
    return [*line, *([f"        {more[kind]}"] if kind in more else [])]


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds of CPU (user and system), and its largest memory in MB."""

    cpu_s: float
    memory_mb: float


def cost_of(arguments: Sequence[str], folder: Path) -> Cost:
    """Run ``vidgen ARGUMENTS`` in a folder."""
    with (folder / "out.txt").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "vidgen", *arguments], cwd=folder, stdout=out, stderr=out)
        _, status, used = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"vidgen {' '.join(arguments)} ended with {code}: {(folder / 'out.txt').read_text()[-500:]}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss * scale / 1e6)


def table() -> str:
    """CPU seconds and memory by command and length of the film; the better of two runs."""
    rows = ["| shots | command | CPU | memory | bar |", "|---|---|---|---|---|"]
    for shots in SIZES:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            file = write_film(folder, shots)
            for name, (command, *flags) in COMMANDS.items():
                cost = min((cost_of([command, file.name, *flags], folder) for _ in range(2)), key=lambda cost: cost.cpu_s)
                rows.append(f"| {shots} | `{name}` | {cost.cpu_s:.2f} s | {cost.memory_mb:.0f} MB | {BARS.get(shots, '')} |")
    return "\n".join(rows)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(write_film(Path(sys.argv[2]), int(sys.argv[1])))
    else:
        print(table())
