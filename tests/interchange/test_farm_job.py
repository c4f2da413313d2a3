"""``vidgen export --format openjd``: a film's takes as a job of a render farm, checked and run by the farm's own tools."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import Film, Ran, Vidgen
from test_every_key import BOARDS, media
from vidgen.interchange.openjd import FarmJob, FarmShot, Host, template, yaml_text
from vidgen.media.files import sha256_file
from vidgen.media.frames import read_frames
from vidgen.storyboard.loader import load_storyboard, parse_storyboard
from vidgen.storyboard.portable import portable
from vidgen.testing import ScriptedRemote, engine_added

CHAIN = (
    "{id: a, scene: calm sea, duration: 1s, candidates: 2}",
    "{id: b, scene: hill, duration: 1s, continue_from: a, candidates: 2, transition: {type: dissolve, duration: 0.25}}",
    "{id: 0o17, scene: city, duration: 1s, text: [{text: Hello, in: 0.1, out: 0.8, role: title}]}",
)
HOSTILE = "{{Param.Film}} $(touch oops) \"quoted\" 'x': on\u0007 日本"


def same_frames(one: Path, other: Path) -> bool:
    return all((a == b).all() for a, b in zip(read_frames(one), read_frames(other), strict=True))


def exported(vidgen: Vidgen, board: Path, *more: object) -> tuple[Ran, dict[str, Any]]:
    """What the command said, and the template that it wrote."""
    ran = vidgen("export", board, "--format", "openjd", "--json", *more)
    assert ran.code == 0, ran.envelope
    return ran, yaml.safe_load((Path(ran.data["output"]) / "template.yaml").read_text(encoding="utf-8"))


def commands(made: dict[str, Any], bundle: Path, output: Path) -> Iterator[list[str]]:
    """The command lines of a job in an order that a farm might take, as it fills them in."""
    for step in made["steps"]:
        action = step["script"]["actions"]["onRun"]
        assert action["command"] == "vidgen"
        for task in tasks_of(step):
            values = {"Param.Film": bundle / "film", "Param.Output": output, **task}
            words = action["args"]
            for name, value in values.items():
                words = [word.replace(f"{{{{{name}}}}}", str(value)) for word in words]
            yield words


def tasks_of(step: dict[str, Any]) -> list[dict[str, Any]]:
    ranges = {one["name"]: one["range"] for one in step.get("parameterSpace", {}).get("taskParameterDefinitions", ())}
    if not ranges:
        return [{}]
    if "Take" not in ranges:
        return [{"Task.Param.Shot": shot} for shot in ranges["Shot"]]
    shots = ranges["Shot"] if len(ranges["Shot"]) == len(ranges["Take"]) else ranges["Shot"] * len(ranges["Take"])
    pairs = zip(shots, ranges["Take"], strict=True)
    return [{"Task.Param.Shot": shot, "Task.Param.Take": take} for shot, take in pairs]


def test_the_film_of_a_farm_is_that_of_one_machine_and_its_takes_come_home(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film(*CHAIN)
    ran, made = exported(vidgen, board)
    assert (ran.data["tasks"], ran.data["at_hand"], ran.data["film"]) == (5, 0, True)
    out = tmp_path / "back"
    for words in commands(made, tmp_path / "film.openjd", out):
        assert vidgen(*words).code == 0, words
    assert vidgen("render", board, "-o", "here.mp4").code == 0
    assert same_frames(tmp_path / "here.mp4", out / "film.mp4")
    home = vidgen("render", board, "-o", "home.mp4", "--work", "home", "--takes-from", out / "takes", "--json")
    assert home.data["shots"][1]["missing"] == 0 and all(shot["reused"] for shot in home.data["shots"])
    assert same_frames(tmp_path / "home.mp4", out / "film.mp4")


def test_the_step_of_the_film_is_never_silent_for_long(
    vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = film(*(one.replace("dissolve", "cut") for one in CHAIN))
    assert vidgen("render", board, "-o", "here.mp4").code == 0
    monkeypatch.setattr("vidgen.cli.progress.PLAIN_EVERY_S", -1.0)  # as if every moment were a long one
    ran = vidgen("render", board, "-o", "home.mp4", "--work", "home", "--takes-from", tmp_path / ".vidgen" / "film")
    assert ran.code == 0
    said = [line.partition(" (")[0] for line in ran.err.splitlines()]
    assert any(line.endswith("takes that other machines made, so far") for line in said)
    assert sum("at hand, " in line for line in said) == len(CHAIN) and any(line.startswith("cut: 1 of ") for line in said)


def test_the_farms_own_program_checks_and_runs_a_job(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    pytest.importorskip("openjd.cli", reason="openjd-cli is not installed")
    board = film(CHAIN[0].replace("2}", "1}"), CHAIN[1].replace("candidates: 2, ", ""))
    exported(vidgen, board)
    assert vidgen("render", board, "-o", "here.mp4").code == 0
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "vidgen").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m vidgen "$@"\n')
    (programs / "vidgen").chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    for verb in ("check", "run"):
        words = [sys.executable, "-m", "openjd", verb, "film.openjd/template.yaml"]
        done = subprocess.run(
            words, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert same_frames(tmp_path / "here.mp4", tmp_path / "film.openjd" / "output" / "film.mp4")


def test_a_title_is_text_whatever_is_in_it(vidgen: Vidgen, film: Film) -> None:
    model = pytest.importorskip("openjd.model", reason="openjd-model is not installed")
    board = film(*CHAIN)
    board.write_text(board.read_text().replace("title: Small", f"title: {yaml.safe_dump(HOSTILE, allow_unicode=True)}"))
    _, made = exported(vidgen, board)
    given = yaml.safe_load(Path("film.openjd/parameter_values.yaml").read_text(encoding="utf-8"))
    assert given == {"parameterValues": [{"name": "Title", "value": HOSTILE.replace("\u0007", "")}]}
    job_template = model.decode_job_template(template=made)
    values = model.preprocess_job_parameters(
        job_template=job_template, job_parameter_values={}, job_template_dir=Path.cwd(), current_working_dir=Path.cwd()
    )
    job = model.create_job(job_template=job_template, job_parameter_values=values)
    assert job.name == HOSTILE.replace("\u0007", "")
    assert {step.name: [one.dependsOn for one in step.dependencies or ()] for step in job.steps} == {
        "shot a": [], "shot b": ["shot a"], "takes 1: previz previz-1": [], "film": [step.name for step in job.steps[:-1]],
    }  # fmt: skip


def test_ids_stay_text_in_every_version_of_yaml() -> None:
    shots = tuple(FarmShot(name, "previz", Host(), (1,)) for name in ("1e3", "0o17", "on", "12", "0x1f", "1_000", "null"))
    text = yaml_text(template(FarmJob("12:30", shots, whole=True, at_hand=False)))
    for shot in shots:
        assert f'- "{shot.id}"\n' in text
    assert 'default: "12:30"' in text


def test_many_takes_fit_into_what_a_step_may_have() -> None:
    shots = tuple(FarmShot(f"s{number}", "previz", Host(), (1, 2, 3)) for number in range(500))
    made = template(FarmJob("film", shots, whole=True, at_hand=True))
    counts = [len(tasks_of(step)) for step in made["steps"][:-1]]
    assert counts == [1000, 500] and len(made["steps"][-1]["dependencies"]) == 2


def test_a_model_gets_a_machine_with_its_gpu() -> None:
    made = template(FarmJob("film", (FarmShot("a", "local wan", Host(gpu_gb=24.0), (1,)),), whole=False, at_hand=False))
    (step,) = made["steps"]
    amounts = {one["name"]: one["min"] for one in step["hostRequirements"]["amounts"]}
    assert amounts == {"amount.worker.vcpu": 1, "amount.worker.gpu": 1, "amount.worker.gpu.memory": 24_000}


def test_what_is_at_hand_goes_along_and_is_not_made_again(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film(*CHAIN)
    assert vidgen("takes", "make", board, "a").code == 0
    assert vidgen("takes", "make", board, "0o17").code == 0
    ran, made = exported(vidgen, board)
    assert ran.data["shots"] == [{"id": "b", "takes": [1, 2]}] and ran.data["at_hand"] == 3
    for words in commands(made, tmp_path / "film.openjd", tmp_path / "back"):
        done = vidgen(*words, "--json")
        assert done.code == 0, words
    assert done.data["shots"][0]["reused"] and vidgen("render", board, "-o", "here.mp4").code == 0
    assert same_frames(tmp_path / "here.mp4", tmp_path / "back" / "film.mp4")


def test_nothing_that_is_paid_for_is_on_a_farm_and_that_is_said(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film(
        "{id: a, scene: sea, engine: scripted}", "{id: b, scene: hill, engine: previz, continue_from: a}",
        "{id: c, scene: city, engine: previz}",
    )  # fmt: skip
    remote = ScriptedRemote(tmp_path / "provider", price=0.1)
    with engine_added("scripted", lambda: remote):
        ran, made = exported(vidgen, board)
        told = {one["shot"]: one["message"] for one in ran.envelope["warnings"] if one["code"] == "export.not_on_farm"}
        assert "paid for" in told["a"] and "goes on from a" in told["b"] and set(told) == {"a", "b"}
        assert ran.data["left"] == ["a", "b"] and ran.data["film"] is False and len(made["steps"]) == 1
        for words in commands(made, tmp_path / "film.openjd", tmp_path / "back"):
            assert vidgen(*words).code == 0
        assert not list((tmp_path / "provider").glob("*"))
        assert vidgen("takes", "make", board, "a", "--json").envelope["error"]["code"] == "takes.paid"
        assert vidgen("takes", "make", board, "b", "--json").envelope["error"]["code"] == "takes.paid"
        done = vidgen("render", board, "--yes", "--takes-from", "back/takes", "--json")
        assert done.code == 0 and [shot["reused"] for shot in done.data["shots"]] == [False, False, True]
        bought = vidgen("export", board, "--format", "openjd", "-o", "again", "--json")
        assert bought.data["film"] and bought.data["tasks"] == 0 and bought.data["at_hand"] == 3
        (words,) = commands(yaml.safe_load(Path("again/template.yaml").read_text()), Path("again"), Path("out"))
        assert vidgen(*words, "--json").data["cost_usd"] == 0.0
        assert same_frames(tmp_path / "film.mp4", tmp_path / "out" / "film.mp4")
    only = film("{id: a, scene: sea, engine: scripted}", name="only.yaml")
    with engine_added("scripted", lambda: remote):
        assert vidgen("export", only, "--format", "openjd", "--json").envelope["error"]["code"] == "export.no_work"


def test_takes_that_are_compared_on_the_way_are_one_task(vidgen: Vidgen, film: Film) -> None:
    board = film("{id: a, scene: sea, candidates: 3}", top="score: {good: 0.1}\n")
    ran, made = exported(vidgen, board)
    assert ran.data["shots"] == [{"id": "a", "takes": "all"}] and tasks_of(made["steps"][0]) == [{"Task.Param.Shot": "a"}]


def test_the_command_lines_engine_and_numbers_go_along(vidgen: Vidgen, film: Film) -> None:
    board = film("{id: a, scene: sea, engine: kling, candidates: 1}", "{id: b, scene: hill, pick: 3}")
    more = ("--engine", "previz", "--candidates", "2", "--seed", "7", "--preset", "square")
    ran, made = exported(vidgen, board, *more)
    assert [shot["takes"] for shot in ran.data["shots"]] == [[1, 2], [1, 2, 3]]
    there = vidgen("plan", "film.openjd/film/film.json", "--preset", "square", "--json").data
    here = vidgen("plan", board, *more, "--json").data
    for data in (here, there):
        for shot in data["shots"]:
            del shot["why_engine"], shot["candidates"], shot["takes_at_most"], shot["make_seconds"]
        del data["make_seconds"], data["lint"]
    assert here == there and all("--preset=square" in step["script"]["actions"]["onRun"]["args"] for step in made["steps"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("films")
    media(made)
    return made


@pytest.mark.parametrize("key", BOARDS)
def test_every_key_of_a_storyboard_is_the_same_on_a_farm(key: str, folder: Path) -> None:
    file = folder / "film.yaml"
    file.write_text(yaml.safe_dump({"vidgen": 1, "resolution": "96x54", "fps": 12, **BOARDS[key][1]}, allow_unicode=True))
    board = load_storyboard(file).board
    kept = {
        shot.id: {name: getattr(shot, name) for name in ("engine", "model") if name in shot.model_fields_set}
        for scene in board.scenes
        for shot in scene.shots
    }
    text = portable(board, folder, kept, lambda named: str(named.relative_to(folder)))
    assert parse_storyboard(text, folder / "film.json").board == board


def test_files_from_anywhere_are_in_the_bundle_once(vidgen: Vidgen, film: Film, folder: Path, tmp_path: Path) -> None:
    odd = tmp_path / "elsewhere" / "böse {{x}} $y.png"
    odd.parent.mkdir()
    odd.write_bytes((folder / "one.png").read_bytes())
    named = json.dumps(str(odd), ensure_ascii=False)
    board = film(f"{{id: a, scene: sea, start_frame: {named}}}", f"{{id: b, scene: hill, start_frame: {named}}}")
    vidgen("export", board, "--format", "openjd")
    (copied,) = (tmp_path / "film.openjd" / "film" / "files").iterdir()
    assert copied.name.isascii() and sha256_file(copied) == sha256_file(odd)
    assert vidgen("plan", "film.openjd/film/film.json").code == 0


def test_bad_requests_are_refused_and_leave_nothing(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film(*CHAIN)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    for more, code in (
        (("-o", "there"), "export.exists"),
        (("-o", "there/mine.txt"), "export.exists"),
        (("-o", "there/mine.txt/below"), "output.bad_name"),
        (("--copy-media", "copies"), "usage.invalid"),
    ):
        ran = vidgen("export", board, "--format", "openjd", "--json", *more)
        assert (ran.code, ran.envelope["error"]["code"]) == (2, code)
    said = film("{id: a, scene: sea, voiceover: It begins}", top="speech: {command: [cat]}\n", name="said.yaml")
    assert vidgen("export", said, "--format", "openjd", "--json").envelope["error"]["code"] == "export.not_spoken"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["film.yaml", "said.yaml", "there"]
    ran = vidgen("render", board, "--takes-from", "nowhere", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "takes.no_folder")
    ran = vidgen("render", board, "--takes-from", "there", "--dry-run", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "usage.invalid")
    ran = vidgen("takes", "make", board, "a", "--take", "3", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "usage.invalid")
    ran = vidgen("takes", "make", board, "a", "--takes-from", "there", "--json")
    assert ran.code == 0 and [one["code"] for one in ran.envelope["warnings"]] == ["takes.none"]
