"""Findings of lint, and the edits that fix them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vidgen.storyboard.lint.registry import Severity
from vidgen.storyboard.reader import Path_, dotted


@dataclass(frozen=True, order=True)
class Edit:
    """Replace the characters from ``start`` to before ``end`` of the file by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Fix:
    """The edits that fix a finding, and a short description."""

    what: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Finding:
    """One finding: rule, severity, message, remedy and position. ``line`` and ``column`` count from 1."""

    rule: str
    severity: Severity
    message: str
    remedy: str
    shot: str | None
    path: Path_
    line: int
    column: int
    fix: Fix | None = None

    def text(self, file: str) -> str:
        """``film.yaml:14:5: warning V201 s03: message; remedy``."""
        shot = f" {self.shot}" if self.shot else ""
        return f"{file}:{self.line}:{self.column}: {self.severity} {self.rule}{shot}: {self.message}; {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "remedy": self.remedy,
            "shot": self.shot,
            "path": dotted(self.path),
            "line": self.line,
            "column": self.column,
            "fix": self.fix.what if self.fix else None,
        }


def apply_fixes(text: str, findings: Iterable[Finding]) -> str:
    """A storyboard's text with the fixes of its findings applied. Comments and layout are kept.

    A fix that overlaps an earlier one is left for the next run.
    """
    taken: list[Edit] = []
    for finding in findings:
        edits = finding.fix.edits if finding.fix else ()
        if not any(_touch(edit, other) for edit in edits for other in taken):
            taken += edits
    for edit in sorted(taken, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _touch(one: Edit, other: Edit) -> bool:
    return one.start <= other.end and other.start <= one.end
