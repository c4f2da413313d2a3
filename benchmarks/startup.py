"""How long ``vidgen --help`` takes against importing what it is made of. Medians of whole processes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 15
COMMANDS = {
    "python -c 'import typer, rich'": ["-c", "import typer, rich"],
    "vidgen --help": ["-m", "vidgen", "--help"],
    "vidgen plan --help": ["-m", "vidgen", "plan", "--help"],
}


def seconds(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def table() -> str:
    runs: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, arguments in COMMANDS.items():
            runs[name].append(seconds(arguments))
    base = statistics.median(runs["python -c 'import typer, rich'"])
    rows = [
        f"| `{name}` | {statistics.median(times):.3f} s | {statistics.median(times) / base:.2f}x |"
        for name, times in runs.items()
    ]
    return "\n".join(["| command | median | ratio (bar: 2x) |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(table())
