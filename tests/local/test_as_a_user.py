"""The local engine as someone meets it who has a storyboard, a folder with a model, and makes mistakes."""

from __future__ import annotations

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
