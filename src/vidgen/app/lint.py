"""``vidgen lint``: storyboards checked for what video models do badly, and mended where that is safe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Problem, StoryboardError
from vidgen.media.files import replace_text
from vidgen.media.wording import counted
from vidgen.planning.clip_checks import check_lengths
from vidgen.planning.compile import local_name
from vidgen.planning.plan import Plan
from vidgen.render.plan_rules import plan_rules
from vidgen.render.speech_rules import SPEECH_RULES
from vidgen.render.title_rules import TITLE_RULES
from vidgen.storyboard.lint import (
    Finding,
    apply_fixes,
    format_github,
    format_json,
    format_sarif,
    format_text,
    lexicons_of,
    lint_board,
    rules,
)
from vidgen.storyboard.lint.lexicon import Lexicons
from vidgen.storyboard.loader import LoadedBoard, load_storyboard

UNREADABLE = "V001"
"""The rule under which the problems of an unreadable storyboard are shown."""


def lint_loaded(
    loaded: LoadedBoard, engines: Engines, lexicons: Lexicons | None = None, plan: Plan | None = None
) -> list[Finding]:
    """Lint findings of a storyboard, against the capabilities table. ``lexicons``: of all that are checked with it; ``plan``:
    its plan, where that is made already.
    """

    def capabilities(engine: str, model: str | None) -> Capabilities | None:
        here = local_name(loaded.path.parent, model) if model and engine == "local" else model
        return engines.capabilities(engine, here)

    return lint_board(
        loaded, capabilities=capabilities, lexicons=lexicons, more=(*TITLE_RULES, *SPEECH_RULES, plan_rules(engines, plan))
    )


@dataclass(frozen=True)
class LintReport:
    """Findings of several storyboards, in the order given. A storyboard that cannot be read has its problems as findings
    of the rule V001, and its error in ``broken``, as has one that is not there."""

    findings: Sequence[tuple[Path, Finding]]
    fixed: int = 0
    broken: Sequence[InputError] = ()

    def formatted(self, name: str) -> str:
        """As text, json, github or sarif. Text leaves out what ``error`` says."""
        formatter = {"text": format_text, "json": format_json, "github": format_github, "sarif": format_sarif}[name]
        return formatter([entry for entry in self.findings if name != "text" or entry[1].rule != UNREADABLE])

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``lint --json``."""
        return {
            "findings": [{"file": str(file), **finding.as_dict()} for file, finding in self.findings],
            "fixed": self.fixed,
        }

    def error(self, strict: bool) -> InputError | None:
        """What fails the command: unreadable storyboards, findings that are errors, and with ``strict`` warnings."""
        if self.broken:
            first = self.broken[0]
            return first if len(self.broken) == 1 else InputError("storyboard.invalid", "\n".join(map(_said, self.broken)))
        failing = ("error", "warning") if strict else ("error",)
        counts = {name: sum(finding.severity == name for _, finding in self.findings) for name in failing}
        if not any(counts.values()):
            return None
        text = ", ".join(counted(count, name) for name, count in counts.items() if count)
        return InputError("lint.failed", text, hint="each line above says how to mend it")


def lint_boards(files: Sequence[Path], *, fix: bool) -> LintReport:
    """Lint storyboards; with ``fix`` mend first what is safe to mend."""
    read = {file: _read(file) for file in dict.fromkeys(files)}
    lexicons = lexicons_of(loaded for loaded in read.values() if isinstance(loaded, LoadedBoard))
    engines = Engines()
    findings: list[tuple[Path, Finding]] = []
    fixed = 0
    broken: list[InputError] = []
    for file in files:
        loaded = read[file]
        if isinstance(loaded, InputError):
            broken.append(loaded)
            problems = loaded.problems if isinstance(loaded, StoryboardError) else [Problem(1, 1, "", loaded.message)]
            findings += [(file, _unreadable(problem)) for problem in problems]
            continue
        found = lint_loaded(loaded, engines, lexicons)
        if fix and any(finding.fix for finding in found):
            replace_text(file, apply_fixes(loaded.text, found))
            read[file] = mended = load_storyboard(file)
            before, found = found, lint_loaded(mended, engines, lexicons)
            fixed += max(0, len(before) - len(found))
        findings += [(file, finding) for finding in found]
    return LintReport(findings, fixed, broken)


def _said(error: InputError) -> str:
    return error.message if isinstance(error, StoryboardError) else f"error: {error.message}"


def _read(file: Path) -> LoadedBoard | InputError:
    try:
        loaded = load_storyboard(file)
        check_lengths(loaded)
        return loaded
    except InputError as error:
        return error


def _unreadable(problem: Problem) -> Finding:
    rule = rules()[UNREADABLE]
    message = f"{problem.path}: {problem.message}" if problem.path else problem.message
    path = (problem.path,) if problem.path else ()
    return Finding(UNREADABLE, rule.severity, message, rule.remedy, None, path, problem.line, problem.column)
