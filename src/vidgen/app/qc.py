"""``vidgen qc``: a file checked against what a delivery asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.errors import ReviewError
from vidgen.media.wording import counted, listed
from vidgen.qc import DEFAULT, Check, Preset, inspect, preset


@dataclass(frozen=True)
class Checked:
    """The checks of a file, and the delivery that they are of."""

    file: Path
    preset: Preset
    checks: Sequence[Check]

    @property
    def failed(self) -> list[Check]:
        """The checks that fail."""
        return [check for check in self.checks if not check.ok]

    def as_dict(self) -> Mapping[str, Any]:
        """``data`` of ``qc --json``."""
        return {
            "file": str(self.file),
            "preset": self.preset.name,
            "ok": not self.failed,
            "failed": [check.id for check in self.failed],
            "checks": [check.as_dict() for check in self.checks],
        }

    def summary(self) -> str:
        """One line: how many checks there are, and which failed."""
        whole = f"{self.file}: {self.preset.name}: "
        if not self.failed:
            return f"{whole}all {len(self.checks)} checks pass"
        failed = listed(one.id for one in self.failed)
        return f"{whole}{counted(len(self.checks), 'check')}, {len(self.failed)} failed: {failed}"

    def review_error(self) -> ReviewError | None:
        """The error that ``--strict`` makes of checks that failed."""
        if not self.failed:
            return None
        names = listed(f"{one.id} ({one.value})" for one in self.failed)
        message = f"{self.file} is not what {self.preset.name} asks: {names}"
        return ReviewError("qc.failed", message, hint="docs/qc.md says what each check means")


def check_file(
    file: Path, preset_name: str | None = None, on_frame: Callable[[int, int], None] = lambda done, total: None
) -> Checked:
    """Check a file against a delivery; None: faults that no film should have.

    Raises InputError for an unknown delivery and for a file that is not readable media.
    """
    chosen = preset(DEFAULT if preset_name is None else preset_name)
    return Checked(file, chosen, inspect(file, chosen, on_frame))
