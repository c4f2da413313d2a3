"""The local engine as someone meets it who has a storyboard, a folder with a model, and makes mistakes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support import Film, Ran, Vidgen

pytest.importorskip("torch")
pytest.importorskip("diffusers")

Tiny = Callable[[str], Path]


def started(ran: Ran) -> list[object]:
    """What was begun to be made."""
    return [line for line in ran.lines if str(line.get("event")).startswith("take.")]


def test_every_shot_that_cannot_be_made_is_told_before_the_first_is_made(tiny: Tiny, vidgen: Vidgen, film: Film) -> None:
    (Path.cwd() / "notes.png").write_text("no picture")
    t2v, i2v = f"engine: local, model: {tiny('wan-t2v')}", f"engine: local, model: {tiny('wan-i2v')}"
    board = film(
        f"{{id: good, scene: sea, {t2v}, params: {{steps: 2}}}}",
        f"{{id: typo, scene: sea, {t2v}, params: {{stepz: 2}}}}",
        f"{{id: bare, scene: sea, {i2v}}}",
    )
    ran = vidgen("render", board, "--json")
    assert ran.code == 2 and not started(ran)
    said = ran.envelope["error"]["message"]
    assert "typo: params.stepz is not known" in said and "bare: wan-i2v cannot make a clip from words alone" in said
    assert vidgen("plan", board).code == 2


def test_a_file_that_is_no_picture_is_told_before_anything_is_made(tiny: Tiny, vidgen: Vidgen, film: Film) -> None:
    model = f"engine: local, model: {tiny('wan-i2v')}"
    board = film(
        f"{{id: good, scene: sea, {model}, start_frame: a.png}}", f"{{id: bad, scene: sea, {model}, start_frame: b.png}}"
    )
    picture(board.parent / "a.png")
    (board.parent / "b.png").write_text("no picture")
    ran = vidgen("render", board, "--json")
    assert (ran.code, ran.envelope["error"]["code"], ran.envelope["error"]["where"]) == (
        2,
        "media.unreadable",
        str(board.parent / "b.png"),
    )
    assert not started(ran)


def test_the_error_says_which_shot_it_is_about(tiny: Tiny, vidgen: Vidgen, film: Film) -> None:
    board = film(f"{{id: s7, scene: sea, engine: local, model: {tiny('wan-t2v')}, params: {{steps: 0}}}}")
    assert "error: s7: params.steps: 0 is not a number from 1 to 1000" in vidgen("render", board).err


def picture(file: Path) -> Path:
    from PIL import Image

    Image.new("RGB", (64, 48), (200, 90, 20)).save(file)
    return file


def test_a_model_and_a_lora_are_looked_for_beside_the_storyboard(
    tiny: Tiny, lora: Callable[[str, int], Path], vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = film("{id: one, scene: sea, engine: local, model: my-model, params: {lora: my.safetensors}}")
    (board.parent / "my-model").symlink_to(tiny("wan-t2v"))
    (board.parent / "my.safetensors").symlink_to(lora("wan-t2v", 1))
    elsewhere = board.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert vidgen("plan", board).code == 0


WRONG = {
    "steps: 2.5": "s7: params.steps: 2.5 is not a whole number",
    "quality: [draft]": "params.quality: ['draft'] is not known",
    "reject: {keep: 2, at: half}": "params.reject: keep is at least 1, at between 0.2 and 0.9",
    "lora: 5": "params.lora: 5 is neither a file nor {file: PATH, weight: 0.8}",
    "lora: {file: film.yaml, weight: much}": "is neither a file nor {file: PATH, weight: 0.8}",
    "lora: film.yaml": "is not a whole safetensors file",
}


@pytest.mark.parametrize(("params", "said"), WRONG.items())
def test_a_wrong_parameter_is_refused_with_its_name(params: str, said: str, tiny: Tiny, vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("plan", film(f"{{id: s7, scene: sea, engine: local, model: {tiny('wan-t2v')}, params: {{{params}}}}}"))
    assert ran.code == 2 and said in ran.err


SMALL = ("--resolution", "96x64", "--duration", "5f")


def shot(model: Path, *more: str) -> tuple[str, ...]:
    """A command line for a small clip by that model."""
    return (
        "shot",
        "a calm sea",
        "--engine",
        "local",
        "--model",
        str(model),
        "--resolution",
        "96x64",
        "--duration",
        "5f",
        *more,
    )


@pytest.mark.parametrize("scheduler", ["DDIMScheduler", "EulerDiscreteScheduler", "AutoencoderKL", "Banana"])
def test_a_scheduler_that_cannot_be_used_is_bad_input(scheduler: str, tiny: Tiny, vidgen: Vidgen, film: Film) -> None:
    params = f"{{scheduler: {scheduler}, steps: 2}}"
    ran = vidgen("render", film(f"{{id: s7, scene: sea, engine: local, model: {tiny('wan-t2v')}, params: {params}}}"))
    assert ran.code == 2 and "params.scheduler: " in ran.err and scheduler in ran.err and "hint:" in ran.err


def test_a_model_without_numbers_fails_instead_of_making_black_pictures(tiny: Tiny, vidgen: Vidgen, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny("wan-t2v"), tmp_path / "overflown")
    (file,) = (folder / "transformer").glob("*.safetensors")
    save_file({name: torch.full_like(tensor, torch.nan) for name, tensor in load_file(file).items()}, file)
    ran = vidgen(*shot(folder))
    assert ran.code == 4 and "NaN" in ran.err and "dtype" in ran.err
    assert not (tmp_path / "shot.mp4").exists()


@pytest.mark.parametrize("kind", ["ltx", "hunyuan"])
def test_a_scheduler_of_another_kind_follows_the_models_flow(kind: str, tiny: Tiny, vidgen: Vidgen, film: Film) -> None:
    keys = f"engine: local, model: {tiny(kind)}, duration: 5f, params: {{scheduler: UniPCMultistepScheduler, steps: 2}}"
    ran = vidgen("render", film(f"{{id: one, scene: sea, {keys}}}"), "--json")
    (take,) = ran.data["shots"][0]["takes"]
    assert (take["manifest"]["scheduler"], take["manifest"]["scheduler_settings"]["prediction_type"]) == (
        "UniPCMultistepScheduler",
        "flow_prediction",
    )
