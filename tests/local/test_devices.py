"""What this machine can compute on, and what fits it: a program in the place of nvidia-smi says which GPUs there are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import Vidgen
from vidgen.catalog.diffusion import Model, families, model, models
from vidgen.engines.local import devices as found
from vidgen.engines.local.devices import Device, device_of, devices, main_memory_gb
from vidgen.inventory.video_models import fits, state_here, summary
from vidgen.weights import hub

Gpus = Callable[..., None]
L4 = "0, NVIDIA L4, 23034, 22000"


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gpus]:
    """Puts a program called nvidia-smi first on PATH, which says these lines."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def put(*lines: str, code: int = 0) -> None:
        program = folder / "nvidia-smi"
        said = "".join(f"echo '{line}'\n" for line in lines)
        program.write_text(f"#!/bin/sh\n{said}exit {code}\n")
        program.chmod(0o755)
        devices.cache_clear()

    yield put
    devices.cache_clear()


def download(name: str) -> Model:
    """Lay a model down as if it had been pulled: what those read of it who ask whether it is here and what it can make."""
    row = model(name)
    assert row
    folder = hub.folder_of(row.repo)
    folder.mkdir(parents=True)
    index = json.dumps({"_class_name": next(iter(families()[row.family].pipelines.values()))})
    (folder / "model_index.json").write_text(index)
    record = {"repo": row.repo, "revision": "0" * 40, "files": {"model_index.json": [len(index), None]}}
    (folder / ".vidgen.json").write_text(json.dumps(record))
    return row


def test_each_gpu_is_named_with_its_memory(gpus: Gpus) -> None:
    gpus("0, NVIDIA H200, 143771, 143000", "1, NVIDIA GeForce RTX 4090, Laptop, 16376, 15000")
    first, second = devices()
    assert (first.torch_name, first.name, round(first.memory_gb), first.is_gpu) == ("cuda:0", "NVIDIA H200", 140, True)
    assert (second.torch_name, second.name, second.free_gb) == ("cuda:1", "NVIDIA GeForce RTX 4090, Laptop", 15000 / 1024)
    assert device_of("cuda:1") == second


def test_a_gpu_that_shares_the_machines_memory_has_that(gpus: Gpus) -> None:
    gpus("0, NVIDIA GB10, [N/A], [N/A]")
    assert devices() == (Device("cuda", 0, "NVIDIA GB10", main_memory_gb(), None),)


def test_programs_that_see_fewer_gpus_are_told_of_those(gpus: Gpus, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus("0, small, 8192, 8000", "1, large, 81920, 80000", "2, other, 24576, 24000")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,0")
    devices.cache_clear()
    assert [(one.torch_name, one.name) for one in devices()] == [("cuda:0", "large"), ("cuda:1", "small")]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    devices.cache_clear()
    assert [one.kind for one in devices()] == ["cpu"]


@pytest.mark.parametrize(("lines", "code"), [((), 9), (("No devices were found",), 0), ((L4,), 1)])
def test_a_driver_without_gpus_leaves_the_cpu(gpus: Gpus, lines: tuple[str, ...], code: int) -> None:
    gpus(*lines, code=code)
    (cpu,) = devices()
    assert (cpu.kind, cpu.torch_name, cpu.is_gpu) == ("cpu", "cpu", False)
    assert cpu.memory_gb == main_memory_gb() > 0


def test_gpus_of_amd_are_found_by_their_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (simd, kind, size) in enumerate([(0, 0, 64 << 30), (1216, 1, 24 << 30)]):
        node = tmp_path / str(number)
        (node / "mem_banks" / "0").mkdir(parents=True)
        (node / "name").write_text("navi31\n" if simd else "\n")
        (node / "properties").write_text(f"cpu_cores_count {0 if simd else 8}\nsimd_count {simd}\n")
        (node / "mem_banks" / "0" / "properties").write_text(f"heap_type {kind}\nsize_in_bytes {size}\n")
    monkeypatch.setattr(found, "_KFD", tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    devices.cache_clear()
    try:
        assert devices() == (Device("cuda", 0, "navi31", 24.0),)
    finally:
        devices.cache_clear()


def test_how_a_model_fits_is_said_with_the_numbers() -> None:
    wan = model("wan2.1-t2v-14b")
    assert wan
    card = {gb: Device("cuda", 0, "a card", gb) for gb in (8, 24, 35, 80)}
    assert fits(wan, card[80], 64) == "fits: about 36 GB of 80"
    assert fits(wan, card[35], 64) == "fits one part at a time: about 35 GB of 35; whole: about 36 GB"
    assert fits(wan, card[24], 64) == "fits streamed in blocks, slowly: 13 GB of 24; whole: about 36 GB"
    assert fits(wan, card[8], 64) == "does not fit: needs 13 GB, and here are 8"
    assert fits(wan, card[24], 16) == "does not fit: loading takes 29 GB of main memory, and here are 16"


def test_fewer_bits_in_the_users_settings_are_counted(home: Path) -> None:
    wan = model("wan2.1-t2v-14b")
    assert wan
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("local: {quantise: float8}\n")
    card = Device("cuda", 0, "a card", 24)
    # 14.3 of the network, half of 28.6; 0.5 of the VAE, 5.05 of the clip, 1 of CUDA; upwards
    assert fits(wan, card, 64) == "fits: about 21 GB with float8 of 24"
    assert fits(wan, Device("cuda", 0, "a card", 12), 64).startswith("fits streamed in blocks, slowly: about 1")


def test_a_card_that_is_sold_with_24_gb_has_them() -> None:
    wan = model("wan2.2-ti2v-5b")
    assert wan and fits(wan, Device("cuda", 0, "NVIDIA GeForce RTX 4090", 24564 / 1024), 64).startswith(
        "fits one part at a time"
    )


def test_on_a_mac_nothing_can_wait_outside() -> None:
    mochi = model("mochi-1")
    assert mochi
    assert fits(mochi, Device("mps", 0, "Apple GPU", 24), 64).startswith("does not fit: needs 42 GB")
    assert fits(mochi, Device("cuda", 0, "a card", 24), 64).startswith("fits one part at a time")


def test_models_that_are_gone_say_what_to_use() -> None:
    for one in models():
        if not one.runs:
            assert one.instead in fits(one)


def test_the_words_and_the_engines_choice_agree() -> None:
    """What ``models list`` says is how the engine will load it."""
    first = {"none": "fits:", "model": "fits one part", "group": "fits streamed", None: "does not fit"}
    for one in models():
        for gb in (4, 8, 12, 16, 24, 48, 80) if one.runs else ():
            assert fits(one, Device("cuda", 0, "a card", gb), 1000).startswith(first[one.fits(gb)])


def test_auto_takes_a_downloaded_model_that_fits(gpus: Gpus) -> None:
    pytest.importorskip("diffusers")
    from vidgen.inventory.machine import this_machine

    gpus(L4)
    assert this_machine().local_model is None, "nothing is downloaded"
    download("animatediff-v2")
    assert this_machine().local_model == "animatediff-v2"
    gpus("0, old card, 2048, 2000")
    assert this_machine().local_model is None, "it does not fit"
    gpus(code=1)
    assert this_machine().local_model is None, "no GPU"


def test_auto_leaves_a_model_that_needs_a_picture(gpus: Gpus) -> None:
    pytest.importorskip("diffusers")
    from vidgen.inventory.machine import this_machine

    gpus(L4)
    download("svd-xt")
    assert this_machine().local_model is None


def test_plan_says_that_auto_took_the_model_and_why(gpus: Gpus, vidgen: Vidgen, tmp_path: Path) -> None:
    pytest.importorskip("diffusers")
    gpus(L4)
    download("animatediff-v2")
    board = tmp_path / "film.yaml"
    board.write_text("vidgen: 1\nshots:\n  - {scene: calm sea at dawn, duration: 2}\n")
    (shot,) = vidgen("plan", board, "--json").data["shots"]
    assert (shot["engine"], shot["model"]) == ("local", "animatediff-v2")


def test_the_tables_say_what_is_here_and_what_fits(gpus: Gpus, vidgen: Vidgen) -> None:
    pytest.importorskip("diffusers")
    gpus(L4)
    download("animatediff-v2")
    rows = {row["model"]: row for row in vidgen("engines", "--json").data["engines"] if row["engine"] == "local"}
    assert rows["animatediff-v2"]["ready"] and rows["animatediff-v2"]["state"].startswith("downloaded; fits: about")
    assert not rows["mochi-1"]["ready"] and "vidgen models pull mochi-1" in rows["mochi-1"]["state"]
    listed = {row["name"]: row for row in vidgen("models", "list", "--json").data["models"]}
    assert listed["animatediff-v2"]["state"] == "here" and listed["animatediff-v2"]["fits"].startswith("fits")
    assert listed["make-a-video"]["state"] == "gone" and "wan2.2-ti2v-5b" in listed["make-a-video"]["fits"]
    checks = {row["name"]: row for row in vidgen("doctor", "--json").data["checks"]}
    assert checks["gpu"]["found"] == "NVIDIA L4, 22 GB" and "animatediff-v2; " in checks["video models"]["found"]
    assert "models fit NVIDIA L4 (22 GB)" in checks["video models"]["found"]


def test_without_a_gpu_it_is_said_what_that_means(gpus: Gpus) -> None:
    gpus(code=1)
    download("animatediff-v2")
    assert state_here("animatediff-v2") == (True, "downloaded; no GPU here; needs one of about 3 GB")
    assert "hours" in summary()
