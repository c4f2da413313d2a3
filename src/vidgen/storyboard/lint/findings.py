"""What lint found, and the edits that mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vidgen.storyboard.lint.registry import Severity
from vidgen.storyboard.reader import Path_, dotted


@dataclass(frozen=True, order=True)
class Edit:
    """Put ``text`` in place of the characters from ``start`` to ``end`` of the file."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Fix:
    """Edits that mend one finding together, and what they do in a few words."""

    what: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Finding:
    """One thing to mend: which rule, how bad, where, and what to do. ``line`` and ``column`` count from 1."""

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
    """A storyboard's text with the fixes of its findings applied; comments and layout stay.

    A fix that touches what an earlier one changed is left for the next run. Applied again, nothing changes.
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
