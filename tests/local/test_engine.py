"""The engine ``local`` as everybody uses it: the public suite, films whose model is loaded once, and honest refusals."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from local.support import shot, takes_of
from support import Vidgen

pytest.importorskip("diffusers")

from vidgen.engines.local import Local
from vidgen.errors import InputError, MissingError
from vidgen.media.frames import read_frames
from vidgen.media.probe import probe_video
from vidgen.takes.request import Generated, Inputs, ShotRequest
from vidgen.testing import EngineConformance

Tiny = Callable[[str], Path]
pytestmark = pytest.mark.usefixtures("warm_workers")


class TestLocalConforms(EngineConformance):
    """The suite that third parties' engines pass, on a tiny Wan."""

    frames = 12
    cancel_within_s = 30.0

    @pytest.fixture(autouse=True)
    def tiny_wan(self, tiny: Tiny) -> Iterator[None]:
        self.model = str(tiny("wan-t2v"))
        self._engine = Local()
        yield
        self._engine.close()

    def make(self) -> Local:
        return self._engine

    def shot(self) -> ShotRequest:
        return replace(super().shot(), params={"steps": 2})


@pytest.fixture
def engine() -> Iterator[Local]:
    made = Local()
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["wan-t2v", "ltx2"])
def test_a_take_is_what_was_ordered_and_the_film_is_left_out_of_it(
    kind: str, engine: Local, tiny: Tiny, tmp_path: Path
) -> None:
    """The film's size and rate are not the model's; the take has the model's, and its sound where it makes any."""
    request = shot(tiny(kind), frames=30, fps=Fraction(30), width=90, height=60)
    engine.generate(takes_of(request)[0], tmp_path / "take.mp4")
    info, told = probe_video(tmp_path / "take.mp4"), engine.order(request)
    assert (f"{info.width}x{info.height}", info.rate) == (told.size, Fraction(told.rate)) != ("90x60", 30)
    assert float(info.frames / info.rate) == told.seconds >= 1.0 and not told.exact
    assert info.has_audio is (kind == "ltx2")


def test_a_model_that_is_not_here_cannot_be_ordered_from(engine: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_OFFLINE", "1")
    with pytest.raises(MissingError):
        engine.order(shot("wan2.1-t2v-1.3b"))


def test_all_candidates_of_a_shot_come_from_one_call(engine: Local, tiny: Tiny, tmp_path: Path) -> None:
    request = shot(tiny("wan-t2v"))
    outs = [tmp_path / f"{number}.mp4" for number in range(3)]
    shares: list[float] = []
    made = engine.generate_many(takes_of(request, 3), outs, progress=shares.append)
    assert all(isinstance(one, Generated) for one in made)
    assert len({out.read_bytes() for out in outs}) == 3
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_a_shot_that_continues_another_opens_with_its_last_picture(engine: Local, tiny: Tiny, tmp_path: Path) -> None:
    first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
    engine.generate(takes_of(shot(tiny("wan-ti2v")))[0], first)
    made = engine.generate(takes_of(shot(tiny("wan-ti2v"), inputs=Inputs(continues=first)))[0], second)
    assert made.manifest["task"] == "image_to_video"
    assert len(made.manifest["anchor"]) == 6
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["first.mp4", "second.mp4"]


def test_svd_animates_a_picture_and_says_that_it_hears_no_words(engine: Local, tiny: Tiny, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    engine.generate(takes_of(shot(tiny("wan-t2v")))[0], clip)
    picture = tmp_path / "still.png"
    from vidgen.media.stills import write_image

    write_image(picture, next(iter(read_frames(clip))))
    request = shot(tiny("svd"), task="image_to_video", inputs=Inputs(start_frame=picture))
    made = engine.generate(takes_of(request)[0], tmp_path / "svd.mp4")
    assert ("engine.wish_ignored", "prompt: svd reads no prompt; it animates the picture") in made.notices
    info = probe_video(tmp_path / "svd.mp4")
    assert (info.frames, info.rate) == (14, 7), "as many pictures as the model makes, at its own rate"


def test_vidgen_shot_with_a_model_folder_delivers_exactly_what_was_asked(tiny: Tiny, vidgen: Vidgen, tmp_path: Path) -> None:
    ran = vidgen(*a_shot("--model", tiny("wan-t2v"), "--fps", "24", "-o", "sea.mp4"))
    assert ran.code == 0, ran.out
    info = probe_video(tmp_path / "sea.mp4")
    assert (info.frames, info.width, info.height, info.rate) == (24, 96, 64, 24)
    (take,) = ran.data["takes"]
    assert {"model", "revision", "scheduler", "steps", "seed"} <= set(take["manifest"])
    assert any("fps" in warning["message"] for warning in ran.envelope["warnings"])


FILM = """
vidgen: 1
resolution: 96x64
defaults: {{engine: local, model: "{model}", candidates: 3, duration: 12f, params: {{steps: 2}}}}
shots:
  - {{id: one, scene: calm sea at dawn}}
  - {{id: two, scene: misty forest, continue_from: one}}
  - {{id: three, scene: rain on a street, camera: dolly_in}}
"""


def test_a_film_is_made_by_one_worker_that_loads_the_model_once(tiny: Tiny, vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "film.yaml").write_text(FILM.format(model=tiny("wan-ti2v")))
    ran = vidgen("render", "film.yaml", "-o", "film.mp4", "--json")
    assert ran.code == 0, ran.out
    assert [len(entry["takes"]) for entry in ran.data["shots"]] == [3, 3, 3]
    assert ran.data["diffusion"] is True
    previews = [event for event in ran.lines if event.get("event") == "take.preview"]
    assert {event["shot"] for event in previews} == {"one", "two", "three"}
    first = previews[0]
    assert len(base64.b64decode(first["rgb"])) == first["width"] * first["height"] * 3
    again = vidgen("render", "film.yaml", "-o", "film.mp4", "--json")
    assert again.code == 0 and all(entry["reused"] for entry in again.data["shots"])


def test_a_moved_model_is_the_same_model_and_a_changed_one_is_another(tiny: Tiny, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(tiny("wan-t2v"), moved)
    engine = Local()
    assert engine.model_key(str(moved)) == engine.model_key(str(tiny("wan-t2v")))
    weights = moved / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert Local().model_key(str(moved)) != engine.model_key(str(tiny("wan-t2v")))  # a run asks a folder once


def a_shot(*more: object) -> tuple[object, ...]:
    """The command line of a small clip by the engine."""
    return "shot", "a calm sea", "--engine", "local", "--resolution", "96x64", "--duration", "1", "--json", *more


def shot_fails(vidgen: Vidgen, *more: object) -> tuple[int, dict[str, Any]]:
    ran = vidgen(*a_shot(*more))
    return ran.code, ran.envelope["error"]


def test_a_model_that_is_not_here_is_exit_3_with_the_command_that_gets_it(
    vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDGEN_OFFLINE", "1")
    code, error = shot_fails(vidgen, "--model", "wan2.1-t2v-1.3b")
    assert (code, error["code"]) == (3, "models.missing")
    assert error["hint"] == "vidgen models pull wan2.1-t2v-1.3b"


def test_a_model_that_cannot_be_had_says_what_to_use(vidgen: Vidgen) -> None:
    code, error = shot_fails(vidgen, "--model", "make-a-video")
    assert code == 3 and "never released" in error["message"] and "wan2.2-ti2v-5b" in error["hint"]


def test_a_folder_that_is_no_pipeline_is_exit_2(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    code, error = shot_fails(vidgen, "--model", tmp_path / "photos")
    assert (code, error["code"]) == (2, "models.not_a_pipeline")


def test_a_pickle_is_never_loaded(vidgen: Vidgen, tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(tiny("wan-t2v"), folder)
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    code, error = shot_fails(vidgen, "--model", folder)
    assert (code, error["code"]) == (2, "models.unsafe")


def test_svd_without_a_picture_is_exit_2_and_says_what_it_needs(vidgen: Vidgen, tiny: Tiny) -> None:
    code, error = shot_fails(vidgen, "--model", tiny("svd"))
    assert (code, error["code"]) == (2, "engine.cannot")
    assert "--image" in error["message"]


def test_a_shot_longer_than_the_model_makes_is_exit_2(vidgen: Vidgen, tiny: Tiny) -> None:
    code, error = shot_fails(vidgen, "--model", tiny("wan-t2v"), "--duration", "9")
    assert (code, error["code"]) == (2, "engine.cannot")
    assert "81 frames" in error["message"]


def test_an_unknown_parameter_is_named_with_the_nearest(engine: Local, tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"params.step is not known") as caught:
        engine.generate(takes_of(shot(tiny("wan-t2v"), params={"step": 3}))[0], tmp_path / "a.mp4")
    assert "did you mean steps" in caught.value.hint


def test_missing_packages_are_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "diffusers" else real(name))
    assert Local().available() == "diffusers not installed; pip install 'vidgen[local]'"


def test_the_engine_itself_loads_nothing_heavy() -> None:
    program = "import sys; from vidgen.engines.local import Local; Local().capabilities(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "diffusers", "transformers", "cv2"} & set(done.stdout.split())
