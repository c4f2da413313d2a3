"""The pairs that the judge is measured on: how they are written in other ways, and what another judge says of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from benchmarks.bench_scores.forms import converted, pairs
from benchmarks.bench_scores.peers import Videoscope, detectors_in


def test_another_form_has_every_fault_of_every_clip_once_and_all_severities() -> None:
    chosen = pairs(("bikes-a", "water", "street", "shower"))
    assert len({(source, fault) for source, fault, _ in chosen}) == len(chosen) == 4 * 17
    assert all(count >= 15 for count in Counter(severity for _, _, severity in chosen).values())


@pytest.mark.parametrize(("rate", "shown"), [(24, [0, 1, 2, 3]), (50, [0, 0, 1, 1, 2, 2, 3, 3]), (30, [0, 1, 2, 2, 3])])
def test_a_conversion_leaves_pictures_out_or_repeats_them(rate: int, shown: list[int]) -> None:
    clip = [np.full((2, 2, 3), number, np.uint8) for number in range(4)]
    assert [int(picture[0, 0, 0]) for picture in converted(clip, rate)] == shown


def test_what_another_judge_found_counts_only_where_all_its_detectors_ran() -> None:
    report = {
        "findings": [{"detector_id": "blur"}],
        "detector_executions": [{"detector_id": "blur", "status": "ok"}, {"detector_id": "freeze", "status": "ok"}],
    }
    assert detectors_in(report) == ["blur"]
    report["detector_executions"][1]["status"] = "failed"
    with pytest.raises(SystemExit, match="freeze"):
        detectors_in(report)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="nowhere: No such file"):
        Videoscope.at(tmp_path / "nowhere")
