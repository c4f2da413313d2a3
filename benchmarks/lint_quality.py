"""How well the text rules of lint find what they look for: ``python -m benchmarks.lint_quality FILE...``.

Each file is a YAML list of ``{text, language, rules: [V202, ...], style: ...}``. Prints precision, recall and F1 per
language and per rule, and every miss and false alarm. Ends with 1 where a language is under the bar.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from vidgen.storyboard.lint import TEXT_RULES, check_prompt

PRECISION, RECALL = 0.9, 0.8


@dataclass
class Count:
    hits: int = 0
    false_alarms: int = 0
    misses: int = 0

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.false_alarms) if self.hits + self.false_alarms else 1.0

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def line(self, name: str) -> str:
        return (
            f"{name:<8} P {self.precision:.3f}  R {self.recall:.3f}  F1 {self.f1:.3f}"
            f"   ({self.hits} found, {self.misses} missed, {self.false_alarms} false)"
        )


@dataclass
class Report:
    counts: dict[tuple[str, str], Count] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    prompts: Counter[str] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any]) -> None:
        """Check one labelled prompt."""
        language, text = row["language"], row["text"]
        self.prompts[language] += 1
        wanted = set(row["rules"]) & set(TEXT_RULES)
        found = set(check_prompt(text, language, row.get("style", "")))
        for rule in sorted(wanted | found):
            for key in ((language, "all"), (language, rule)):
                count = self.counts.setdefault(key, Count())
                count.hits += rule in wanted & found
                count.misses += rule in wanted - found
                count.false_alarms += rule in found - wanted
            if rule not in wanted & found:
                self.wrong.append(f"{'missed' if rule in wanted else 'false '} {rule} {language}: {text}")

    def passes(self) -> bool:
        """Whether every language reaches the bar."""
        totals = [count for (_, rule), count in self.counts.items() if rule == "all"]
        return all(count.precision >= PRECISION and count.recall >= RECALL for count in totals)

    def lines(self) -> Iterable[str]:
        """The report, line by line."""
        for (language, rule), count in sorted(self.counts.items()):
            if rule == "all":
                yield f"{language}: {self.prompts[language]} prompts"
            yield "  " + count.line(rule)
        yield from self.wrong


def measure(files: Sequence[Path]) -> Report:
    """Check every labelled prompt of some files."""
    report = Report()
    for file in files:
        for row in yaml.safe_load(file.read_text(encoding="utf-8")):
            report.add(row)
    return report


def table() -> str:
    """Precision and recall on the held-out prompts, as Markdown."""
    report = measure([Path(__file__).with_name("lint_held_out.yaml")])
    rows = ["| language | rule | precision | recall | F1 | found | missed | false |", "|---|---|---|---|---|---|---|---|"]
    rows += [
        f"| {language} | {rule} | {count.precision:.3f} | {count.recall:.3f} | {count.f1:.3f} "
        f"| {count.hits} | {count.misses} | {count.false_alarms} |"
        for (language, rule), count in sorted(report.counts.items())
    ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    result = measure([Path(name) for name in sys.argv[1:]])
    print("\n".join(result.lines()))
    sys.exit(0 if result.passes() else 1)
