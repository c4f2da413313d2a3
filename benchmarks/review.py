"""What the review page costs: made beside its render, loaded with hundreds of shots, played in step, and a pick on disk.

``python -m benchmarks.review [--shots 30] [--size 1280x720]``. Commands run as processes of their own. The browser's part needs
playwright and a Chromium; without them its rows are left out.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCENES = ("calm sea at dawn", "forest in autumn", "city at night", "desert at noon", "snowy mountains", "river in spring")
ROUNDS = 20
"""How often it is looked at whether takes are in step, and how many picks are timed."""


def board(folder: Path, shots: int, size: str, candidates: int) -> Path:
    file = folder / "film.yaml"
    rest = f"duration: 4, camera: pan_left, candidates: {candidates}"
    lines = [f"  - {{id: s{index:03}, scene: {SCENES[index % len(SCENES)]}, {rest}}}\n" for index in range(shots)]
    file.write_text(f"vidgen: 1\ntitle: Dailies\nresolution: {size}\nfps: 24\nshots:\n{''.join(lines)}", encoding="utf-8")
    return file


def run(*words: str) -> tuple[float, float]:
    """Run vidgen; the seconds on the wall, and of processors, that it took."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "vidgen", *words], check=True, capture_output=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def page_row(shots: int, size: str) -> str:
    """The page of a film that was just rendered, against that render."""
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as folder:
        file = board(Path(folder), shots, size, 1)
        render = run("render", str(file), "-o", str(file.with_suffix(".mp4")))
        first, again = run("review", str(file)), run("review", str(file))
    share = f"{100 * first[0] / render[0]:.1f} % of the render's time, {100 * first[1] / render[1]:.1f} % of its processor time"
    return f"| page of {shots} shots of 4 s, {size} (bar: 3 %) | {first[0]:.1f} s, {share}; again {again[0]:.1f} s |"


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium; None where there is none."""
    found = next((shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        found = None
    if not found:
        yield None
        return
    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield opened
        opened.close()


def step_row(page: Any, file: Path) -> str:
    """Four takes of one shot, looped: how far apart they are after ten seconds."""
    page.goto((file.parent / ".vidgen/film/review/index.html").as_uri())
    page.wait_for_selector(".shot.current video[poster]")
    page.keyboard.press("Space")
    page.wait_for_timeout(10_000)
    apart = []
    for _ in range(ROUNDS):
        page.wait_for_timeout(130)
        now = page.evaluate("[...document.querySelectorAll('.shot.current video')].map((one) => one.currentTime)")
        apart.append((max(now) - min(now)) * 24)
    apart.sort()
    within = sum(frames <= 1 for frames in apart)
    found = f"{statistics.median(apart):.2f} frames; within one frame {within} times of {ROUNDS}"
    return f"| 4 takes played for 10 s: apart by (bar: 1 frame) | {found} |"


def pick_row(page: Any, file: Path) -> str:
    """How long after the key a pick is in the lock file."""
    argv = [sys.executable, "-m", "vidgen", "review", str(file), "--serve"]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout
    try:
        page.goto(server.stdout.readline().strip())
        page.wait_for_selector(".shot.current video[poster]")
        lock, took = file.with_name("film.lock.yaml"), []
        for index in range(ROUNDS):
            known, start = _written(lock), time.perf_counter()
            page.keyboard.press("12"[index % 2])
            while _written(lock) == known and time.perf_counter() - start < 10:
                time.sleep(0.001)
            took.append(1000 * (time.perf_counter() - start))
            page.wait_for_timeout(200)
    finally:
        server.terminate()
        server.wait()
    found = f"median {statistics.median(took):.0f} ms, at most {max(took):.0f} ms"
    return f"| a pick is on disk after the key (bar: 200 ms) | {found} |"


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def table(shots: int, size: str) -> str:
    """The table of docs/benchmarks.md."""
    rows = ["| what | measured |", "|---|---|", page_row(shots, size)]
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as folder:
        file = board(Path(folder), 1, "1280x720", 4)
        run("render", str(file), "-o", str(file.with_suffix(".mp4")))
        run("review", str(file))
        with browser() as opened:
            if opened:
                rows += [step_row(opened.new_page(), file), pick_row(opened.new_page(), file)]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=30)
    parser.add_argument("--size", default="1280x720")
    options = parser.parse_args()
    print(table(options.shots, options.size))


if __name__ == "__main__":
    main()
