"""The local engine as someone meets it who has a storyboard, a folder with a model, and makes mistakes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from local import support as requests
from support import Film, Ran, Vidgen, opened
from vidgen.engines.local import Local

pytest.importorskip("torch")
pytest.importorskip("diffusers")

Tiny = Callable[[str], Path]
pytestmark = pytest.mark.usefixtures("warm_workers")


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
    error = ran.envelope["error"]
    assert (ran.code, error["code"]) == (2, "media.unreadable")
    assert error["where"].startswith(f"{board}:9:") and "shots[1].start_frame: b.png is not" in error["message"]
    assert not started(ran)


def test_the_error_says_which_shot_it_is_about(tiny: Tiny, vidgen: Vidgen, film: Film) -> None:
    board = film(f"{{id: s7, scene: sea, engine: local, model: {tiny('wan-t2v')}, params: {{steps: 0}}}}")
    assert "shots[0].params: s7: params.steps: 0 is not a number from 1 to 1000" in vidgen("render", board).err


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


def broken(folder: Path, kind: str) -> None:
    """Do to a copy of a model what happens to models."""
    part = folder / "transformer"
    (weights,) = part.glob("*.safetensors")
    if kind == "holds no weights":
        weights.unlink()
    elif kind == "is missing, and 1 more":
        weights.rename(part / "diffusion_pytorch_model-00001-of-00003.safetensors")
        shards = {f"layer{at}": f"diffusion_pytorch_model-0000{at}-of-00003.safetensors" for at in (1, 2, 3)}
        (part / f"{weights.name}.index.json").write_text(json.dumps({"weight_map": shards}))
    elif kind == "is not a list of weights files":
        (part / f"{weights.name}.index.json").write_text("{}")
    elif kind == "get the model again":
        (part / "config.json").write_text("{")


@pytest.mark.parametrize(
    "kind", ["holds no weights", "is missing, and 1 more", "is not a list of weights files", "get the model again"]
)
def test_an_incomplete_model_is_told_before_it_is_loaded(kind: str, tiny: Tiny, vidgen: Vidgen, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("wan-t2v"), tmp_path / "mine")
    broken(folder, kind)
    ran = vidgen(*shot(folder))
    assert ran.code == 2 and kind in ran.err and "hint: get the model again" in ran.err
    assert "takes to make" not in ran.err


def test_a_mistyped_model_is_answered_with_the_nearest(vidgen: Vidgen) -> None:
    assert "did you mean wan2.1-t2v-1.3b?" in vidgen(*shot(Path("wan2.1-t2v-1.3"))).err


def test_a_place_that_cannot_be_written_is_bad_input(tiny: Tiny, vidgen: Vidgen) -> None:
    ran = vidgen(*shot(tiny("wan-t2v"), "-o", "/proc/clip.mp4"))
    assert ran.code == 2 and "/proc/clip.mp4 cannot be written" in ran.err


def test_a_wrong_word_is_answered_with_the_flag_that_has_it(vidgen: Vidgen) -> None:
    assert (
        "error: --camera: 'doly_in' is not a camera move (did you mean dolly_in?)"
        in vidgen("shot", "sea", "--camera", "doly_in").err
    )
    assert "error: --motion: 'foo' is not a motion type" in vidgen("shot", "sea", "--motion", "foo").err


def test_a_shot_needs_words_or_something_to_see(vidgen: Vidgen) -> None:
    ran = vidgen("shot", "  ")
    assert ran.code == 2 and "PROMPT is empty" in ran.err


def test_a_shot_that_is_too_long_is_not_said_to_be_held(tiny: Tiny, vidgen: Vidgen) -> None:
    told = vidgen(*shot(tiny("wan-t2v"), "--duration", "20"))
    assert told.code == 2 and "20 s is longer than Wan 2.1 and 2.2 makes" in told.err and "is held" not in told.err


@pytest.mark.parametrize("command", [("plan",), ("render", "--dry-run")])
def test_the_weights_of_a_model_are_opened_twice_however_many_shots_and_candidates_there_are(
    vidgen: Vidgen, film: Film, tiny: Tiny, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Once to see that they are whole, once to name the model by their content."""
    model = shutil.copytree(tiny("wan-t2v"), tmp_path / "model")
    local = f"engine: local, model: {model}, candidates: 3, params: {{steps: 1}}"
    board = film(*(f"{{scene: sea number {n}, {local}}}" for n in range(20)))
    with opened() as names:
        assert vidgen(command[0], board, *command[1:]).code == 0
    weights = {name: times for name, times in names.items() if name.endswith("model.safetensors")}
    assert weights and set(weights.values()) == {2}


def test_an_engine_looks_at_a_model_once_a_run(tiny: Tiny, tmp_path: Path) -> None:
    """Capabilities, keys, checks and takes of every shot ask the same engine, which remembers what it found."""
    model = str(shutil.copytree(tiny("wan-t2v"), tmp_path / "model"))
    engine = Local()
    engine.capabilities(model)
    with opened() as names:
        for number in range(5):
            request = requests.shot(model, prompt=f"sea number {number}")
            engine.check(request)
            assert engine.model_key(model) == engine.model_key(model)
    assert {name for name in names if name.startswith(("model/", "transformer/", "vae/"))} == set()
