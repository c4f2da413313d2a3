"""The script behind ``make bench-gpu`` runs: here with a tiny model on the CPU."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from benchmarks import gpu  # noqa: E402
from benchmarks.record import DOCS  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def cells(table: str) -> dict[str, list[str]]:
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in rows}


def test_every_line_of_the_table_is_measured_or_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = DOCS.read_text(encoding="utf-8")
    assert gpu.main(["--tiny", "--device", "cpu", "--no-compile", "--out", str(tmp_path / "table.md")]) == 0
    table = (tmp_path / "table.md").read_text(encoding="utf-8")
    rows = cells(table)
    measured = ["plain diffusers, eager", "no guidance", *(f"{takes} takes together, each" for takes in (2, 3, 4))]
    measured += [*(f"cache {name}" for name in gpu.CACHES), "VAE decoder, whole", "VAE decoder, in tiles"]
    assert all(rows[name][0].endswith(" s") for name in measured), table
    assert rows["vidgen, as it loads by itself"][3] == "0.0000"
    assert rows["compiled"][0] == "not measured: not asked for"
    assert all(
        rows[f"attention {name}"][0].startswith("cannot: attention") or rows[f"attention {name}"][3] for name in gpu.ATTENTIONS
    )
    assert all(float(rows[name][0]) > 0 for name in rows if name.startswith(("RIFE", "Real-ESRGAN")))
    assert "on the CPU, torch" in table.splitlines()[-1]
    assert DOCS.read_text(encoding="utf-8") == document


def test_what_does_not_fit_into_the_time_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "BUDGET_S", 0.0)
    bench = gpu.Bench("cpu", tmp_path, tiny=True)
    rows = cells(bench.table())
    assert rows["plain diffusers, eager"][0] == "not measured: out of time"
    assert rows["compiled"][0] == "not measured: out of time"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main([]) == 3
    assert "no CUDA device" in capsys.readouterr().err
