"""The engine ``open-sora`` against a stand-in for its program: what it is asked, what is kept, how it ends."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.open_sora_program import install
from support import Vidgen
from vidgen.engines.open_sora import OpenSora
from vidgen.engines.open_sora.command import plan
from vidgen.engines.open_sora.setup import Setup, setup
from vidgen.errors import Cancelled, InputError, MissingError, ProcessingError
from vidgen.media.frames import read_frames
from vidgen.media.probe import probe_video
from vidgen.media.stills import write_image
from vidgen.media.verify import check_video
from vidgen.storyboard.model import Motion
from vidgen.takes.request import Inputs, Order, ShotRequest, TakeRequest
from vidgen.testing import EngineConformance


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty VIDGEN_HOME."""
    folder = tmp_path_factory.mktemp("user") / "home"
    folder.mkdir()
    monkeypatch.setenv("VIDGEN_HOME", str(folder))
    monkeypatch.delenv("VIDGEN_OPEN_SORA", raising=False)
    return folder


@pytest.fixture
def program(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in, installed and named by VIDGEN_OPEN_SORA."""
    folder = install(tmp_path_factory.mktemp("open") / "Open-Sora")
    monkeypatch.setenv("VIDGEN_OPEN_SORA", str(folder))
    return folder


def take(number: int = 1, **wishes: Any) -> TakeRequest:
    values: dict[str, Any] = {
        "shot": "one", "engine": "open-sora", "task": "text_to_video", "prompt": "a calm sea at dawn", "frames": 24,
        "fps": Fraction(24), "width": 96, "height": 64, "base_seed": 11,
    }  # fmt: skip
    request = ShotRequest(**{**values, **wishes})
    return TakeRequest(request, number, request.seed_of(number))


def planned(program: Path, scratch: Path, **wishes: Any) -> tuple[dict[str, str], str, dict[str, str]]:
    """The arguments of a take, its configuration, and its row of the CSV file."""
    job = plan(take(**wishes), Setup(program, "torchrun", gpus=8), scratch)
    script = job.argv.index("scripts/diffusion/inference.py")
    config, *words = job.argv[script + 1 :]
    told = dict(zip(words[::2], words[1::2], strict=True)) | {"--nproc_per_node": job.argv[2]}
    with Path(told["--dataset.data-path"]).open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    return told, Path(config).name, row


class TestOpenSoraConforms(EngineConformance):
    """The suite that third parties' engines pass."""

    engine = staticmethod(OpenSora)

    @pytest.fixture(autouse=True)
    def installed(self, program: Path) -> Iterator[None]:
        yield


def test_quotation_marks_newlines_and_numbers_reach_the_program_as_they_are(program: Path, tmp_path: Path) -> None:
    _, _, row = planned(program, tmp_path, prompt='a sign that says "12, open"\nat dusk', negative='"blur"')
    assert row == {"name": "take", "text": 'a sign that says "12, open" at dusk', "neg": '"blur"'}


@pytest.mark.parametrize(
    ("size", "params", "config", "gpus"),
    [
        ((336, 192), {}, "t2i2v_256px.py", "1"),
        ((1280, 720), {}, "t2i2v_768px.py", "8"),
        ((1280, 720), {"quality": "draft"}, "t2i2v_256px.py", "1"),
        ((336, 192), {"quality": "final", "direct": True}, "768px.py", "8"),
    ],
)
def test_the_size_and_the_quality_choose_the_configuration(
    program: Path, tmp_path: Path, size: tuple[int, int], params: dict[str, Any], config: str, gpus: str
) -> None:
    told, chosen, _ = planned(program, tmp_path, width=size[0], height=size[1], params=params)
    assert (chosen, told["--nproc_per_node"]) == (config, gpus)
    assert told["--aspect_ratio"] == "16:9"


@pytest.mark.parametrize(
    ("frames", "fps", "made"),
    [
        (24, 24, 25),
        (25, 24, 25),
        (26, 24, 29),
        (1, 24, 5),
        (129, 24, 129),
        (30, 30, 25),
        (75, 25, 73),
        (12, 12, 25),
        (65, 12, 129),
    ],
)
def test_lengths_are_4k_and_1_and_cover_the_shot(program: Path, tmp_path: Path, frames: int, fps: int, made: int) -> None:
    told, _, _ = planned(program, tmp_path, frames=frames, fps=Fraction(fps))
    assert told["--num_frames"] == str(made)


def test_a_shot_that_is_too_long_is_refused(program: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"5.42 s is longer than Open-Sora makes: 129 frames") as caught:
        planned(program, tmp_path, frames=130)
    assert caught.value.code == "engine.cannot"


def test_without_the_picture_models_weights_words_are_used_directly_and_it_is_said(program: Path, tmp_path: Path) -> None:
    (program / "ckpts" / "flux1-dev.safetensors").unlink()
    job = plan(take(), Setup(program, "torchrun"), tmp_path)
    assert job.manifest["config"] == "256px.py"
    assert any("flux1-dev.safetensors is not here" in text for _, text in job.notices)


@pytest.mark.parametrize(("amount", "score"), [(1, "1"), (5, "4"), (10, "7")])
def test_motion_becomes_the_motion_score(program: Path, tmp_path: Path, amount: int, score: str) -> None:
    told, _, _ = planned(program, tmp_path, motion=Motion(amount=amount))
    assert told["--motion-score"] == score


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"step": 3}, "params.step is not known"),
        ({"steps": 0}, "params.steps: 0 is not a whole number from 1"),
        ({"steps": 2.5}, "params.steps"),
        ({"guidance": True}, "params.guidance"),
        ({"quality": "best"}, "params.quality: 'best'"),
        ({"direct": "yes"}, "params.direct"),
    ],
)
def test_wrong_parameters_are_named(program: Path, tmp_path: Path, params: dict[str, Any], names: str) -> None:
    with pytest.raises(InputError, match=names):
        planned(program, tmp_path, params=params)


@pytest.fixture
def still(tmp_path: Path) -> Path:
    file = tmp_path / "a; still.png"
    write_image(file, np.full((64, 96, 3), 90, np.uint8))
    return file


@pytest.mark.parametrize(("given", "kind"), [("start", "i2v_head"), ("end", "i2v_tail"), ("both", "i2v_loop")])
def test_opening_and_closing_pictures_become_conditions(
    program: Path, tmp_path: Path, still: Path, given: str, kind: str
) -> None:
    first, last = (still if given in names else None for names in (("start", "both"), ("end", "both")))
    told, config, row = planned(program, tmp_path, inputs=Inputs(start_frame=first, end_frame=last))
    assert (told["--cond_type"], config) == (kind, "256px.py")
    assert [Path(file).is_file() for file in row["ref"].split(";")] == [True] * (2 if given == "both" else 1)


def test_a_shot_that_continues_another_opens_with_its_last_picture(program: Path, tmp_path: Path) -> None:
    first = tmp_path / "first.mp4"
    OpenSora().generate(take(frames=12), first)
    (tmp_path / "scratch").mkdir()
    told, _, row = planned(program, tmp_path / "scratch", inputs=Inputs(continues=first))
    from vidgen.media.stills import read_image

    pictures = list(read_frames(first))
    assert told["--cond_type"] == "i2v_head"
    assert np.array_equal(read_image(Path(row["ref"])), pictures[-1])
    _, _, row = planned(program, tmp_path / "scratch", inputs=Inputs(continues=first, continues_frames=4))
    assert np.array_equal(read_image(Path(row["ref"])), pictures[3]), "the last one that is in the film"


def test_the_programs_clip_is_kept_as_it_is_and_differences_are_said(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_COPY", str(tmp_path / "theirs.mp4"))
    wanted = take(frames=30, fps=Fraction(30), width=128, height=128)
    made = OpenSora().generate(wanted, tmp_path / "take.mp4")
    assert made.file.read_bytes() == (tmp_path / "theirs.mp4").read_bytes()
    info, told = probe_video(made.file), OpenSora().order(wanted.request)
    assert (float(info.frames / info.rate), info.rate) == (told.seconds, Fraction(told.rate))
    assert ("engine.wish_approximated", "fps: Open-Sora makes 24 frames a second; the film retimes them to 30") in made.notices
    assert made.manifest["revision"] == "7ad6a9600000" and made.diffusion


def test_what_is_ordered_is_what_the_program_is_told() -> None:
    def order(frames: int = 24, **wishes: Any) -> Order:
        return OpenSora().order(take(frames=frames, **wishes).request)

    assert order() == Order(25 / 24, "256px 3:2", "24")
    assert order() == order(width=192, height=128) == order(frames=30, fps=Fraction(30)), "no new take for these"
    assert order(frames=60).covers(order(), has_s=61 / 24, needs_s=1.0)
    assert order(width=1280, height=720).size == "768px 16:9"
    with pytest.raises(InputError, match="longer than Open-Sora makes"):
        order(frames=130)


def test_progress_follows_what_the_program_says(program: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    OpenSora().generate(take(), tmp_path / "take.mp4", progress=shares.append)
    assert shares == [0.01, 0.03, 0.2, 0.3, 0.95, 1.0]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def waited_for(file: Path) -> int:
    until = time.monotonic() + 30
    while time.monotonic() < until and not (file.exists() and file.read_text()):
        time.sleep(0.02)
    return int(file.read_text())


def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> float:
    """Start a take whose program hangs, stop it once its worker runs; how long that took. The worker is gone afterwards."""
    pid_file = tmp_path / "pid"
    monkeypatch.setenv("STAND_IN", "hangs")
    monkeypatch.setenv("STAND_IN_PID", str(pid_file))
    asked: list[float] = []

    def cancelled() -> bool:
        if pid_file.exists() and pid_file.read_text():
            asked.append(time.monotonic())
        return bool(asked)

    with pytest.raises(Cancelled):
        OpenSora().generate(take(), tmp_path / "take.mp4", cancelled=cancelled)
    took = time.monotonic() - asked[0]
    assert not alive(waited_for(pid_file)), "the worker in its own session is gone, too"
    assert not (tmp_path / "take.mp4").exists()
    return took


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="Open-Sora runs on Linux")
def test_cancel_ends_the_launcher_and_the_worker_in_its_own_session(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stopped(tmp_path, monkeypatch) < 2


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="Open-Sora runs on Linux")
def test_the_real_torchrun_runs_it_and_cancel_ends_its_worker(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = Path(sys.executable).with_name("torchrun")
    if not launcher.exists():
        pytest.skip("torch is not installed")
    folder = install(tmp_path_factory.mktemp("open") / "Open-Sora", launcher=False)
    monkeypatch.setenv("VIDGEN_OPEN_SORA", str(folder))
    monkeypatch.setenv("PATH", f"{launcher.parent}{os.pathsep}{os.environ['PATH']}")
    made = OpenSora().generate(take(), tmp_path / "made.mp4")
    check_video(made.file, frames=25, width=304, height=208, rate=Fraction(24))
    assert stopped(tmp_path, monkeypatch) < 2


def test_silence_ends_it(program: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.yaml").write_text("open-sora: {silence_s: 1.5}\n")
    pid_file = tmp_path / "pid"
    monkeypatch.setenv("STAND_IN", "hangs")
    monkeypatch.setenv("STAND_IN_PID", str(pid_file))
    with pytest.raises(ProcessingError, match=r"said nothing for 2 s and was ended; its last words: .*Building models"):
        OpenSora().generate(take(), tmp_path / "take.mp4")
    assert not alive(waited_for(pid_file))


@pytest.mark.parametrize(
    ("failure", "code", "says"),
    [
        ("oom", "local.out_of_memory", "needs more memory than the GPU has"),
        ("breaks", "generation.failed", "ended with the status 1: AssertionError: need at least 33 reference frames"),
        ("makes nothing", "generation.failed", "made no clip: .*Building models"),
        ("cuts it off", "generation.failed", "Open-Sora's clip cannot be used"),
        ("makes less", "generation.failed", "Open-Sora's clip cannot be used: it has 5 frames at 24/s; 24 are needed"),
    ],
)
def test_a_failure_quotes_the_programs_own_words(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str, code: str, says: str
) -> None:
    monkeypatch.setenv("STAND_IN", failure)
    with pytest.raises(ProcessingError, match=says) as caught:
        OpenSora().generate(take(), tmp_path / "take.mp4")
    assert caught.value.code == code
    assert not (tmp_path / "take.mp4").exists()


def test_a_machine_without_it_exits_3_and_says_what_to_set(vidgen: Vidgen) -> None:
    done = vidgen("shot", "a calm sea", "--engine", "open-sora", "--json")
    assert done.code == 3
    error = done.envelope["error"]
    assert error["code"] == "engine.not_ready" and "VIDGEN_OPEN_SORA" in error["message"]


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("scripts/diffusion/inference.py", "has no scripts/diffusion/inference.py"),
        ("ckpts/Open_Sora_v2.safetensors", "huggingface-cli download hpcai-tech/Open-Sora-v2"),
        (".venv/bin/torchrun", "torchrun was not found"),
    ],
)
def test_what_is_missing_is_named(program: Path, monkeypatch: pytest.MonkeyPatch, missing: str, says: str) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert OpenSora().available() is None
    (program / missing).unlink()
    assert says in str(OpenSora().available())
    with pytest.raises(MissingError):
        OpenSora().model_key(None)


def test_the_configuration_file_says_where_it_is_and_how_it_runs(
    program: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIDGEN_OPEN_SORA")
    (home / "config.yaml").write_text(f"open-sora: {{folder: {program}, torchrun: {sys.executable}, gpus: 8, offload: true}}\n")
    here = setup()
    assert (here.folder, here.torchrun, here.gpus, here.offload) == (program, sys.executable, 8, True)


@pytest.mark.parametrize(
    "wrong", ["open-sora: 3", "open-sora: {gpu: 1}", "open-sora: {gpus: 0}", "open-sora: {silence_s: soon}"]
)
def test_a_wrong_configuration_is_named(home: Path, wrong: str) -> None:
    (home / "config.yaml").write_text(wrong)
    with pytest.raises(InputError, match="open-sora") as caught:
        setup()
    assert caught.value.code == "config.invalid"


def test_the_version_of_a_clone_is_part_of_take_keys(program: Path) -> None:
    git = shutil.which("git")
    assert git
    shutil.rmtree(program / ".git")
    assert OpenSora().model_key(None) == "open-sora-v2@unknown"
    commands = ("init -q", "add README", "-c user.name=a -c user.email=a@b commit -q -m one")
    (program / "README").touch()
    for command in commands:
        subprocess.run([git, *command.split()], cwd=program, check=True)
    commit = subprocess.run([git, "rev-parse", "HEAD"], cwd=program, check=True, capture_output=True, text=True).stdout
    assert OpenSora().model_key(None) == f"open-sora-v2@{commit[:12]}"
    subprocess.run([git, "pack-refs", "--all"], cwd=program, check=True)
    assert OpenSora().model_key(None) == f"open-sora-v2@{commit[:12]}"


def test_vidgen_shot_uses_it_from_the_command_line(program: Path, vidgen: Vidgen, tmp_path: Path) -> None:
    done = vidgen(
        "shot", "a calm sea", "--engine", "open-sora", "--resolution", "96x64", "--duration", "1", "-o", "sea.mp4", "--json"
    )
    assert done.code == 0, done.envelope
    check_video(tmp_path / "sea.mp4", frames=24, width=96, height=64, rate=Fraction(24))
    (one,) = done.data["takes"]
    assert {"model", "revision", "scheduler", "steps", "seed"} <= set(one["manifest"])
