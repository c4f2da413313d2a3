"""Lint: find what video models do badly in a storyboard, before money is spent, with line and remedy.

``lint_board`` checks a storyboard, ``check_prompt`` a prompt. Rules and word lists are data beside the code.
"""

from __future__ import annotations

from collections.abc import Sequence

from vidgen.storyboard.lint.board_rules import BOARD_RULES, BoardRule
from vidgen.storyboard.lint.findings import Edit, Finding, Fix, apply_fixes
from vidgen.storyboard.lint.formats import format_github, format_json, format_sarif, format_text
from vidgen.storyboard.lint.lexicon import Lexicons
from vidgen.storyboard.lint.registry import TEXT_RULES, Rule, rules, rules_table
from vidgen.storyboard.lint.shot_rules import SHOT_RULES
from vidgen.storyboard.lint.shots import Lookup, lexicons_of, shot_views
from vidgen.storyboard.lint.text import Hit, check_prompt, check_text
from vidgen.storyboard.loader import LoadedBoard

__all__ = [
    "TEXT_RULES",
    "Edit",
    "Finding",
    "Fix",
    "Hit",
    "Rule",
    "apply_fixes",
    "check_prompt",
    "check_text",
    "format_github",
    "format_json",
    "format_sarif",
    "format_text",
    "lexicons_of",
    "lint_board",
    "rules",
    "rules_table",
]


def lint_board(
    loaded: LoadedBoard,
    *,
    capabilities: Lookup | None = None,
    lexicons: Lexicons | None = None,
    more: Sequence[BoardRule] = (),
) -> list[Finding]:
    """All findings in a storyboard, in file order.

    Args:
        loaded: a storyboard with its source positions.
        capabilities: looks up an engine and model; without it rules about engines and prices are skipped.
        lexicons: shared by several storyboards, from ``lexicons_of``.
        more: further rules, of rooms that know more than the storyboard.

    A finding in a line that several shots inherit is reported once. ``lint: {ignore: [V201]}`` on the storyboard, its defaults
    or a shot disables rules there.
    """
    views = list(shot_views(loaded, capabilities, lexicons))
    if not views:
        return []
    found = [finding for view in views for rule in SHOT_RULES for finding in rule(view) if finding.rule not in view.ignored]
    ignored = {view.own.id: view.ignored for view in views}
    everywhere = frozenset(loaded.board.lint.ignore)
    for board_rule in (*BOARD_RULES, *more):
        found += [finding for finding in board_rule(views) if finding.rule not in ignored.get(finding.shot or "", everywhere)]
    once = {(finding.rule, finding.path, finding.message): finding for finding in reversed(found)}
    return sorted(once.values(), key=lambda finding: (finding.line, finding.column, finding.rule, finding.shot or ""))
