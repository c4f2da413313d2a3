"""The pairs that the judge is measured on: those that are written in other ways, and what another judge says of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from benchmarks.bench_scores.faults import FAULTS
from benchmarks.bench_scores.forms import pairs
from benchmarks.bench_scores.peers import Videoscope, detectors_in
from benchmarks.bench_scores.scenes import ALL


def test_other_forms_have_each_fault_in_half_of_the_clips_and_each_severity_as_often() -> None:
    chosen = pairs()
    assert all(4 <= count <= 6 for count in Counter(fault for _, fault, _ in chosen).values())
    assert {fault for _, fault, _ in chosen} == set(FAULTS) and {source for source, _, _ in chosen} == set(ALL)
    assert all(18 <= count <= 24 for count in Counter(severity for _, _, severity in chosen).values())


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
