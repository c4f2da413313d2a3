"""The lint rules as data (``rules.yaml``): code, title, severity, reason, remedy."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vidgen.media.tables import read_table

Severity = Literal["error", "warning", "info"]

TEXT_RULES = ("V102", "V201", "V202", "V203", "V204", "V301", "V302", "V401")
"""The rules that ``check_prompt`` checks."""


@dataclass(frozen=True)
class Rule:
    """One rule. ``message`` and ``remedy`` are format strings that the finding fills in."""

    code: str
    title: str
    severity: Severity
    source: str
    doc: str
    message: str
    remedy: str
    remedy_ja: str


@functools.cache
def rules() -> Mapping[str, Rule]:
    """All rules by code, in order."""
    rows = read_table("vidgen.storyboard.lint", "rules.yaml")
    return {code: Rule(code, **rows[code]) for code in sorted(rows)}


def rules_table() -> str:
    """The table of rules in Markdown, for the documentation."""
    lines = ["| rule | severity | what it finds | what to do | why |", "|---|---|---|---|---|"]
    lines += [
        f"| {rule.code} {rule.title} | {rule.severity} | {rule.doc} | {_plain(rule.remedy)} | {rule.source} |"
        for rule in rules().values()
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    fields = {
        "{instead}": "choose another engine: see `vidgen engines`",
        "{moves}": "see `vidgen engines`",
        "{how}": "declare the character, and list it under the shot's characters",
        "{hint}": "what the finding says",
    }
    for field, value in fields.items():
        text = text.replace(field, value)
    return text
