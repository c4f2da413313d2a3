"""Findings as text, JSON, GitHub annotations and SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidgen import __version__
from vidgen.storyboard.lint.findings import Finding
from vidgen.storyboard.lint.registry import rules
from vidgen.storyboard.reader import dotted

Found = Sequence[tuple[Path, Finding]]


def format_text(found: Found) -> str:
    """One line per finding: ``film.yaml:14:5: warning V201 s03: message; remedy``."""
    return "\n".join(finding.text(str(file)) for file, finding in found)


def format_json(found: Found) -> str:
    """A JSON list of findings, each with its file."""
    return json.dumps([{"file": str(file), **finding.as_dict()} for file, finding in found], ensure_ascii=False, indent=2)


def format_github(found: Found) -> str:
    """GitHub workflow commands, shown as annotations of the lines."""
    return "\n".join(_command(file, finding) for file, finding in found)


def _command(file: Path, finding: Finding) -> str:
    level = {"error": "error", "warning": "warning", "info": "notice"}[finding.severity]
    title = f"{finding.rule} {rules()[finding.rule].title}"
    shot = f"{finding.shot}: " if finding.shot else ""
    position = f"file={_property(file.as_posix())},line={finding.line},col={finding.column},title={_property(title)}"
    return f"::{level} {position}::{_data(f'{shot}{finding.message}; {finding.remedy}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def format_sarif(found: Found) -> str:
    """A SARIF 2.1.0 log with the rules, for code scanning."""
    codes = sorted({finding.rule for _, finding in found})
    driver = {"name": "vidgen", "semanticVersion": __version__, "rules": [_rule(code) for code in codes]}
    results = [_result(file, finding, codes) for file, finding in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def _rule(code: str) -> dict[str, Any]:
    rule = rules()[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in rule.title.replace("-", " ").split()),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.doc} Why: {rule.source}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(file: Path, finding: Finding, codes: Sequence[str]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(file)},
            "region": {"startLine": finding.line, "startColumn": finding.column},
        }
    }
    if finding.path:
        location["logicalLocations"] = [{"fullyQualifiedName": dotted(finding.path)}]
    return {
        "ruleId": finding.rule,
        "ruleIndex": codes.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}; {finding.remedy}"},
        "locations": [location],
    }


def _uri(file: Path) -> str:
    from urllib.parse import quote

    return file.as_uri() if file.is_absolute() else quote(file.as_posix())
