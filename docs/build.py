"""Fill the parts of README and docs that the program knows best: ``make docs``. ``tests/test_docs.py`` holds them current.

Such a part stands between ``<!-- NAME: made by COMMAND -->`` and ``<!-- /NAME -->``; ``PARTS`` says who makes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from vidgen.cli.app import app
from vidgen.errors import CODES, NOTICES
from vidgen.planning.presets import presets
from vidgen.qc.presets import check_rows
from vidgen.qc.presets import presets as qc_presets
from vidgen.storyboard.lint import rules_table
from vidgen.storyboard.schema import storyboard_schema
from vidgen.storyboard.values import DURATION_SCHEMA, RATE_SCHEMA
from vidgen.storyboard.vocabulary import kinds, names
from vidgen.storyboard.writing.words import table

ROOT = Path(__file__).parents[1]
PART = re.compile(r"(<!-- (\w+): made by [^>]+ -->\n)(.*?)(<!-- /\2 -->)", re.DOTALL)
HEADINGS = {"ShotKeys": "Shot", "Line": "Dialogue"}
"""Types that stand under another name than their own in the reference."""
SHORT_FORMS: tuple[tuple[dict[str, Any], str], ...] = (
    (DURATION_SCHEMA, "time"),
    (RATE_SCHEMA, "frame rate"),
    ({"type": "string"}, "text"),
    ({"type": "boolean"}, "yes or no"),
)


def pages() -> list[Path]:
    """README and every page of docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def parts(text: str) -> dict[str, str]:
    """The made parts of a page, by name."""
    return {name: body for _, name, body, _ in PART.findall(text)}


def engines() -> str:
    """What engines do, as ``vidgen engines --markdown`` says."""
    return _vidgen("engines", "--markdown")


def trace() -> str:
    """The shapes that a run of a tiny model has."""
    stages = json.loads(_vidgen("doctor", "--trace", "wan-t2v", "--json").splitlines()[-1])["data"]["stages"]
    rows = ([one["stage"], one["does"], _shapes(one["in"]), _shapes(one["out"])] for one in stages)
    return _table(["stage", "what happens", "in", "out"], rows)


def keys() -> str:
    """Every key of a storyboard: a table for each type, the whole film first."""
    schema = storyboard_schema()
    types = {name: part for name, part in schema["$defs"].items() if "properties" in part and name != "ShotKeys"}
    order = ["Shot", "Scene", *sorted(types.keys() - {"Shot", "Scene"})]
    return "\n\n".join([_keys_of("Storyboard", schema), *(_keys_of(name, types[name]) for name in order)])


def words() -> str:
    """Every name that a key takes, in both languages."""
    tables = []
    for kind in kinds():
        rows = ([f"`{one.canonical}`", one.ja, ", ".join((*one.en_aliases, *one.ja_aliases))] for one in names(kind))
        tables.append(f"### {_heading(kind)} names\n\n{_table(['name', '日本語', 'also'], rows)}")
    return "\n\n".join(tables)


def delivery() -> str:
    """The delivery presets."""
    rows = []
    for name, one in presets().items():
        file = one.file
        size = " ".join(str(value) for value in (file.resolution, file.aspect) if value)
        rows.append([f"`{name}`", size, f"{float(file.fps):g}" if file.fps else "", file.use])
    return _table(["preset", "size", "fps", "for"], rows)


def rules() -> str:
    """Every rule of lint."""
    return rules_table().strip()


def errors() -> str:
    """Every error code."""
    return _codes(CODES)


def warnings() -> str:
    """Every warning code."""
    return _codes(NOTICES)


def columns() -> str:
    """The columns of a shot list, and what each becomes."""
    rows = [
        f"| {key} | {', '.join(f'`{spelling.replace(chr(124), chr(92) + chr(124))}`' for spelling in spellings)} |"
        for key, spellings in table("columns").items()
    ]
    return "\n".join(["| column | also |", "|---|---|", *rows])


def deliveries() -> str:
    """What ``vidgen qc`` checks against."""
    asked = ("size", "rate", "loudness", "true_peak", "black", "frozen")
    rows = [
        [f"`{name}`", one.use, *(one.limits[check].text() if check in one.limits else "" for check in asked)]
        for name, one in qc_presets().items()
    ]
    return _table(["preset", "for", "size", "fps", "LUFS", "dBTP", "black, s", "frozen, s"], rows)


def checks() -> str:
    """The checks of ``vidgen qc``."""
    return _table(["check", "unit", "is"], ([f"`{name}`", row.unit, row.says] for name, row in check_rows().items()))


PARTS: Mapping[str, Callable[[], str]] = {
    "engines": engines,
    "trace": trace,
    "keys": keys,
    "names": words,
    "presets": delivery,
    "rules": rules,
    "errors": errors,
    "warnings": warnings,
    "columns": columns,
    "deliveries": deliveries,
    "checks": checks,
}
"""Who makes each part."""


def filled(text: str, made: Mapping[str, str]) -> str:
    """A page with its parts made anew."""
    return PART.sub(lambda found: f"{found[1]}{made.get(found[2], found[3].rstrip())}\n{found[4]}", text)


def _keys_of(name: str, part: Mapping[str, Any]) -> str:
    required = part.get("required", ())
    rows = []
    for key, value in sorted(part["properties"].items(), key=lambda item: item[0] != "id"):
        plain = value.get("default", "")
        shown = (
            "required" if key in required else "" if isinstance(plain, dict | list) or plain == "" else f"`{_scalar(plain)}`"
        )
        rows.append([f"`{key}`", _form(value), shown, value["description"]])
    return f"### {_heading(name)}\n\n{part['description']}\n\n{_table(['key', 'value', 'default', 'meaning'], rows)}"


def _scalar(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def _heading(name: str) -> str:
    return HEADINGS.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).capitalize()


def _form(value: Mapping[str, Any]) -> str:
    """What a key takes, in a few words; a type or a kind of name is a link to its table."""
    value = {name: item for name, item in value.items() if name not in ("description", "default")}
    for form, short in SHORT_FORMS:
        if value == form:
            return short
    if reference := value.get("$ref"):
        return _link(reference.rpartition("/")[2])
    if isinstance(value.get("type"), list):
        return _either([{**value, "type": one} for one in value["type"]])
    if options := value.get("anyOf") or value.get("oneOf"):
        return _either(options)
    if "enum" in value or "const" in value:
        return ", ".join(f"`{_scalar(one)}`" for one in value.get("enum", [value.get("const")]))
    if value["type"] == "array":
        return f"list of {_form(value['items'])}" if "items" in value else "list"
    if value["type"] == "object":
        inner = value.get("additionalProperties")
        return f"name: {_form(inner)}" if isinstance(inner, dict) else "mapping"
    if value["type"] in ("integer", "number"):
        return _number(value)
    return "text"


def _link(name: str) -> str:
    heading = _heading(name).lower()
    shown, anchor = ("name", f"{heading} names") if name in kinds() else (heading, heading)
    return f"[{shown}](#{anchor.replace(' ', '-')})"


def _either(options: Sequence[Mapping[str, Any]]) -> str:
    filled_in = [option for option in options if option != {"type": "null"}]
    for form, short in SHORT_FORMS:
        if filled_in == form.get("anyOf"):
            return short
    forms = [_form(option) for option in filled_in]
    one = " or ".join(dict.fromkeys(form for form in forms if not form.startswith("list of ")))
    if f"list of {one}" in forms:
        return f"{one}, one or a list"
    return " or ".join(dict.fromkeys(forms))


def _number(value: Mapping[str, Any]) -> str:
    low, above = value.get("minimum"), value.get("exclusiveMinimum")
    high, below = value.get("maximum"), value.get("exclusiveMaximum")
    top = high if high is not None else below - 1 if below is not None else None
    kind = "whole number" if value["type"] == "integer" else "number"
    bottom = f"above {above:g}" if above is not None else "" if low is None else f"from {low:g}"
    return " ".join(filter(None, (kind, bottom, f"to {top}" if top is not None else "")))


def _codes(codes: Mapping[str, str]) -> str:
    return _table(["code", "meaning"], ([f"`{code}`", meaning] for code, meaning in codes.items()))


def _table(head: list[str], rows: Iterable[Iterable[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def _shapes(shapes: list[list[int]]) -> str:
    return "; ".join(" x ".join(map(str, shape)) for shape in shapes)


def _vidgen(*arguments: str) -> str:
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    return ran.stdout.strip()


def main() -> None:
    """Write every page whose made parts have changed."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = filled(text, {name: PARTS[name]() for name in parts(text) if name in PARTS})
        if new != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page.relative_to(ROOT)}: written")


if __name__ == "__main__":
    main()
