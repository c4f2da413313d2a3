"""Turn syntax errors of YAML parsers into messages that say what to change."""

from __future__ import annotations

import yaml

_MESSAGES: tuple[tuple[str, str], ...] = (
    ("mapping values are not allowed", "a colon inside plain text, or a line indented too far; quote text with a colon"),
    ("invalid Unicode character escape code", r"an escape that is no character; \ud83c, say, needs its other half after it"),
    ("tab", "a tab in the indentation; indent with spaces"),
    ("did not find expected alphabetic or numeric", "text that begins with * or & must be in quotes"),
    ("expected alphabetic or numeric", "text that begins with * or & must be in quotes"),
    ("found unexpected end of stream", "a quote is opened and never closed"),
    ("found unexpected document indicator", "a quote is opened and never closed"),
    ("unknown escape character", r"in double quotes a backslash is written \\; or use single quotes"),
    ("expected ',' or ']'", "a list in [ ] is not closed, or a comma is missing"),
    ("expected ',' or '}'", "a mapping in { } is not closed, or a comma is missing"),
    ("block sequence entries are not allowed", "a - entry cannot begin here; give it a line of its own"),
    ("sequence entries are not allowed", "a - entry cannot begin here; give it a line of its own"),
    ("could not find expected ':'", "a key without a colon after it, or text that is indented differently from its first line"),
    ("did not find expected key", "this line is not indented like those above it, or a quote ended too early"),
    ("did not find expected '-'", "this line is not indented like the list that it belongs to"),
    ("expected <block end>", "this line is not indented like those above it, or a quote ended too early"),
)
"""A part of the parser's message -> our message; the first match is used."""

_RESERVED = "@`%"


def plain_message(error: yaml.MarkedYAMLError, text: str) -> str:
    """A message that says what is wrong and what to change; the parser's own message if we have none."""
    problem = error.problem or error.context or "it cannot be read"
    mark = error.problem_mark
    if "cannot start any token" in problem and mark is not None:
        at = text[mark.index : mark.index + 1]
        if at == "\t":
            return "not valid YAML: a tab in the indentation; indent with spaces"
        if at and at in _RESERVED:
            return f"not valid YAML: text that begins with {at} must be in quotes"
    message = next((ours for theirs, ours in _MESSAGES if theirs in problem), problem)
    if problem.startswith(("nested more than", "more than")):
        return problem
    opened = error.context_mark
    elsewhere = "closed" in message and opened and mark and opened.line != mark.line
    return f"not valid YAML: {message}" + (f" (it began in line {opened.line + 1})" if opened and elsewhere else "")
