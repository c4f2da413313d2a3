"""The tables of docs/benchmarks.md: what code each measures, the commit that it was measured at, and which are older than
the code that they speak of.

``SOURCES`` says what a benchmark measures. A table keeps a fingerprint of these files beside its commit, so that nobody needs
the history of a clone to see whether they have changed since.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "benchmarks.md"
PACKAGE = "src/vidgen"

NAMES = (
    "startup",
    "planning",
    "previz_speed",
    "assembly",
    "rerender",
    "lint_quality",
    "money",
    "local_overhead",
    "post_stream",
    "post_memory",
    "interpolation_quality",
)
"""What ``make bench`` runs; the others are commands of their own."""

SOURCES: Mapping[str, tuple[str, ...]] = {
    "startup": ("cli/__init__.py", "cli/app.py", "cli/options.py", "cli/commands", "__main__.py"),
    "planning": (
        "storyboard",
        "planning",
        "catalog",
        "engines/registry.py",
        "app/plan.py",
        "app/lint.py",
        "inventory",
        "render/post_plan.py",
        "cli",
    ),
    "previz_speed": ("engines/previz", "media/encode.py", "media/frames.py"),
    "assembly": ("cut", "media"),
    "beats": ("music", "media/audio.py"),
    "mixes": ("cut", "media/audio.py", "media/stereo.py", "media/loudness.py"),
    "colour": ("post/matching.py", "post/grade.py", "media/cube.py"),
    "outputs": ("deliver", "render/deliveries.py", "catalog/deliveries.yaml", "media"),
    "review": ("review", "app/review.py"),
    "rerender": ("render", "takes", "cut"),
    "cluster_overhead": ("cluster", "render/runners"),
    "lint_quality": ("storyboard/lint",),
    "money": ("takes", "render", "engines/cloud"),
    "local_overhead": ("engines/local", "engines/worker", "catalog/diffusion.py", "catalog/diffusion.yaml"),
    "gpu": ("engines/local", "engines/worker", "catalog/diffusion.py", "catalog/diffusion.yaml"),
    "post_stream": ("post", "media"),
    "post_memory": ("post", "media"),
    "interpolation_quality": ("post/rife", "post/retime.py"),
    "upscale_inference": ("post/esrgan",),
    "bench_scores": ("scoring", "media/frames.py"),
    "bench_scores.forms": ("scoring", "media/frames.py"),
    "bench_scores.peers": ("scoring", "media/frames.py"),
    "continuity": ("scoring/continuity.py", "scoring/continuity.yaml", "scoring/looks.py"),
}
"""Files and folders of the package that each table speaks of; the benchmark itself belongs to them. ``bench_scores.forms`` is a
module of ``bench_scores`` with a table of its own.
"""

_BLOCK = re.compile(r"<!-- ([a-z_.]+) -->\n(.*?)\n<!-- /\1 -->", re.DOTALL)
_COMMIT = re.compile(r"\bat ([0-9a-f]{7,40})\b")
_CODE = re.compile(r"code ([0-9a-f]{12})\b")
UNMEASURED = "Not measured yet"


@dataclass(frozen=True)
class Table:
    """A table as it stands in the document. ``commit`` and ``code`` are None where it does not name them."""

    name: str
    text: str

    @property
    def measured(self) -> bool:
        """Whether there are figures in it."""
        return not self.text.startswith(UNMEASURED)

    @property
    def commit(self) -> str | None:
        """The commit that it was measured at."""
        found = _COMMIT.search(self.text)
        return found[1] if found else None

    @property
    def code(self) -> str | None:
        """The fingerprint of the code that was measured."""
        found = _CODE.search(self.text)
        return found[1] if found else None


def tables(document: str) -> list[Table]:
    """Every table of the document, in its order."""
    return [Table(name, text) for name, text in _BLOCK.findall(document)]


def fingerprint(name: str, root: Path = ROOT) -> str:
    """Twelve digits that stand for the content of everything that a benchmark measures, and of the benchmark."""
    own = root / "benchmarks" / name.partition(".")[0]
    places = [own if own.is_dir() else own.with_suffix(".py"), *(root / PACKAGE / source for source in SOURCES[name])]
    digest = hashlib.sha256()
    for file in sorted({file for place in places for file in _files(place)}):
        content = file.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from (file for file in place.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    elif place.is_file():
        yield place
    else:
        raise FileNotFoundError(f"{place}: SOURCES names what is not there")


def stale(document: str, root: Path = ROOT) -> list[str]:
    """One line for each table that is older than the code that it speaks of, or does not say."""
    found = []
    for table in tables(document):
        if table.measured and table.name in SOURCES and table.code != fingerprint(table.name, root):
            why = "its code has changed since" if table.code else "it does not say which code it measured"
            how = f"make bench {table.name}" if table.name in NAMES else f"python -m benchmarks.{table.name}"
            found.append(f"{table.name}: measured at {table.commit}; {why}; {how}")
    return found


def commit(root: Path = ROOT) -> str:
    """The commit that is checked out, in short, and whether there are changes beside it. Raises SystemExit without git."""
    try:
        head = _git(root, "rev-parse", "--short", "HEAD")
        changed = _git(root, "status", "--porcelain", "--", PACKAGE, "benchmarks")
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit("a table names the commit that it was measured at: run this in a clone, with git") from error
    return f"{head} with changes that are not committed" if changed else head


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def machine() -> str:
    """One line that names the hardware."""
    cpu = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists() and (found := re.search(r"model name\s*: (.*)", info.read_text())):
        cpu = found[1]
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def write(name: str, table: str, where: str) -> None:
    """Put a fresh table into the document, with date, commit, machine and the fingerprint of its code."""
    told = f"Measured {date.today()} at {commit()} on {where} (code {fingerprint(name)})."
    block = f"<!-- {name} -->\n{table.strip()}\n\n{told}\n<!-- /{name} -->"
    text = DOCS.read_text(encoding="utf-8")
    text, count = re.subn(rf"<!-- {re.escape(name)} -->.*?<!-- /{re.escape(name)} -->", lambda _: block, text, flags=re.DOTALL)
    if not count:
        raise SystemExit(f"{DOCS} has no place for {name}")
    DOCS.write_text(text, encoding="utf-8")
