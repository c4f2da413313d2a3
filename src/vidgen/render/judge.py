"""Where takes meet the scoring room: what a shot asked for, and what the judge says of its takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.scoring import Choice, Expectation, Scorecard, choose, score_takes
from vidgen.storyboard.vocabulary import canonical_name
from vidgen.takes.request import ShotRequest, Take
