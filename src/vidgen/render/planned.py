"""From a storyboard file to its plan and its lint, as commands need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.errors import InputError, StoryboardError
from vidgen.media.files import write_text
from vidgen.planning.compile import Overrides, compile_plan
from vidgen.planning.plan import Plan
from vidgen.planning.presets import preset as preset_named
from vidgen.render.machine import capabilities_of, this_machine
from vidgen.storyboard.lint import Finding, apply_fixes, format_github, format_json, format_sarif, format_text, lint_board
from vidgen.storyboard.loader import LoadedBoard, load_storyboard
from vidgen.storyboard.starter import starter_text


def plan_of(
    file: Path,
    *,
    engine: str | None = None,
    model: str | None = None,
    candidates: int | None = None,
    seed: int | None = None,
    preset: str | None = None,
) -> tuple[LoadedBoard, Plan]:
    """Load and plan a storyboard with the command line's wishes."""
    overrides = Overrides(engine, model, candidates, seed, preset_named(preset) if preset else None)
    loaded = load_storyboard(file)
    return loaded, plan_loaded(loaded, overrides)


def plan_loaded(loaded: LoadedBoard, overrides: Overrides) -> Plan:
    """Plan a storyboard that is already read."""
    return compile_plan(loaded.board, loaded.path.parent, overrides=overrides, machine=this_machine(), lookup=capabilities_of)


def lint_of(loaded: LoadedBoard) -> list[Finding]:
    """Lint findings of one storyboard, against the capabilities table."""
    return lint_board(loaded, capabilities=capabilities_of)


@dataclass(frozen=True)
class LintReport:
    """Findings of several storyboards, in the order given; unreadable boards raise instead."""

    findings: Sequence[tuple[Path, Finding]]
    fixed: int = 0

    def formatted(self, name: str) -> str:
        """As text, json, github or sarif."""
        formatter = {"text": format_text, "json": format_json, "github": format_github, "sarif": format_sarif}[name]
        return formatter(self.findings)

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``lint --json``."""
        return {
            "findings": [{"file": str(file), **finding.as_dict()} for file, finding in self.findings],
            "fixed": self.fixed,
        }

    def fails(self, strict: bool) -> bool:
        """Whether the findings fail the command."""
        failing = ("error", "warning") if strict else ("error",)
        return any(finding.severity in failing for _, finding in self.findings)

    def summary(self) -> str:
        """``2 errors, 3 warnings``."""
        counts = {name: sum(finding.severity == name for _, finding in self.findings) for name in ("error", "warning")}
        return ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items() if count)


def lint_boards(files: Sequence[Path], *, fix: bool) -> LintReport:
    """Lint storyboards; with ``fix`` mend first what is safe to mend. Every unreadable board's problems are raised together."""
    findings: list[tuple[Path, Finding]] = []
    fixed = 0
    broken: list[StoryboardError] = []
    for file in files:
        try:
            loaded = load_storyboard(file)
            found = lint_of(loaded)
            if fix and any(finding.fix for finding in found):
                text = apply_fixes(loaded.text, found)
                fixed += sum(finding.fix is not None for finding in found)
                write_text(file, text)
                loaded = load_storyboard(file)
                found = lint_of(loaded)
        except StoryboardError as error:
            broken.append(error)
            continue
        findings += [(file, finding) for finding in found]
    if broken:
        raise broken[0] if len(broken) == 1 else InputError("storyboard.invalid", "\n".join(str(error) for error in broken))
    return LintReport(findings, fixed)


def write_starter(file: Path, title: str, language: str) -> None:
    """Write a starter storyboard; refuses to overwrite."""
    if file.exists():
        raise InputError("new.exists", f"{file} exists and is not overwritten", hint="choose another name", where=str(file))
    if language not in ("en", "ja"):
        raise InputError("usage.invalid", f"--language {language} is not known", hint="en or ja")
    write_text(file, starter_text(language, title, file.name))
