"""A model of the CLIP kind compares pictures with words: a tiny one with random weights, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import Vidgen
from vidgen.media.frames import FrameWriter

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP model of a few thousand weights, saved as safetensors, with a tokenizer of letters."""
    folder = tmp_path_factory.mktemp("tiny-clip")
    letters = [chr(code) for code in range(33, 127)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary = {word: index for index, word in enumerate(words)}
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    text = {**small, **ends, "vocab_size": len(words), "max_position_embeddings": 77}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        config = transformers.CLIPConfig(
            text_config=text, vision_config={**small, "image_size": 32, "patch_size": 8}, projection_dim=8
        )
        transformers.CLIPModel(config).save_pretrained(folder, safe_serialization=True)
    tokenizer = transformers.CLIPTokenizer(vocab=vocabulary, merges=[])
    size = {"height": 32, "width": 32}
    pictures = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size)
    transformers.CLIPProcessor(image_processor=pictures, tokenizer=tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    def write(name: object) -> None:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        monkeypatch.setenv("VIDGEN_HOME", str(home))
        (home / "config.yaml").write_text(f"score: {{prompt_model: {json.dumps(str(name))}}}\n")

    return write


@pytest.fixture
def takes(tmp_path: Path) -> list[Path]:
    files = []
    for name, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        files.append(tmp_path / f"{name}.mp4")
        with FrameWriter(files[-1], 64, 48, 12, frames=6) as writer:
            for index in range(6):
                picture = np.full((48, 64, 3), 120, np.uint8)
                picture[10:30, 5 + 4 * index : 25 + 4 * index] = colour
                writer.write(picture)
    return files


def cards(vidgen: Vidgen, takes: list[Path], prompt: str = "a red square, moving right") -> list[dict[str, Any]]:
    ran = vidgen("score", *takes, "--prompt", prompt, "--json")
    assert ran.code == 0, ran.err
    found: list[dict[str, Any]] = ran.data["candidates"]
    return found


def test_each_take_has_a_cosine_of_its_own(
    vidgen: Vidgen, takes: list[Path], model: Path, configured: Callable[[object], None]
) -> None:
    configured(model)
    first, second = cards(vidgen, takes)
    values = [card["measures"]["clip-prompt"] for card in (first, second)]
    assert all(-1 <= value <= 1 for value in values) and values[0] != values[1]
    assert (first["families"]["prompt"] > 0 > second["families"]["prompt"]) == (values[0] > values[1])
    assert [card["measures"]["clip-prompt"] for card in cards(vidgen, takes)] == values


def test_it_has_the_value_that_transformers_gives(model: Path, configured: Callable[[object], None], takes: list[Path]) -> None:
    from vidgen.critics.clip import MOMENTS, SIDE, ClipPrompt
    from vidgen.critics.pictures import moments
    from vidgen.scoring.scorer import Clip
    from vidgen.scoring.types import Expectation

    configured(model)
    found = ClipPrompt().score(Clip(takes[0], "x"), Expectation(prompt="a red square"))
    opened, processor = transformers.CLIPModel.from_pretrained(model).eval(), transformers.CLIPProcessor.from_pretrained(model)
    given = processor(text=["a red square"], images=moments(Clip(takes[0], "x"), MOMENTS, SIDE), return_tensors="pt")
    with torch.inference_mode():
        logits = opened(**given).logits_per_image / opened.logit_scale.exp()
    assert found.value == pytest.approx(float(logits.mean()), abs=2e-4)


def test_pickles_are_not_opened(
    vidgen: Vidgen, takes: list[Path], model: Path, configured: Callable[[object], None], tmp_path: Path
) -> None:
    unsafe = tmp_path / "unsafe"
    unsafe.mkdir()
    (unsafe / "config.json").write_text((model / "config.json").read_text())
    (unsafe / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")
    configured(unsafe)
    assert "has no *.safetensors" in cards(vidgen, takes)[0]["not_measured"]["prompt"] and not Path("hacked").exists()


def test_a_model_that_is_not_here_says_how_to_get_it(
    vidgen: Vidgen, takes: list[Path], configured: Callable[[object], None]
) -> None:
    configured("acme/eyes")
    assert "vidgen models pull acme/eyes" in cards(vidgen, takes)[0]["not_measured"]["prompt"]


def test_without_a_prompt_there_is_nothing_to_compare(
    vidgen: Vidgen, takes: list[Path], model: Path, configured: Callable[[object], None]
) -> None:
    configured(model)
    assert cards(vidgen, takes, " ")[0]["not_measured"]["prompt"] == "clip-prompt: there is no prompt"


def test_damaged_weights_cost_only_the_measure(
    vidgen: Vidgen, takes: list[Path], model: Path, configured: Callable[[object], None], tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in model.iterdir():
        content = file.read_bytes()
        (broken / file.name).write_bytes(content[: len(content) // 2] if file.suffix == ".safetensors" else content)
    configured(broken)
    ran = vidgen("score", *takes, "--prompt", "a red square", "--json")
    assert ran.code == 0 and ran.data["candidates"][0]["families"]["prompt"] is None
    assert (
        "clip-prompt (vidgen) failed"
        in {one["code"]: one["message"] for one in ran.envelope["warnings"]}["score.scorer_failed"]
    )
