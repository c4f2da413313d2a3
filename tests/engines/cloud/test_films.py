"""Whole films through the command line, over played providers."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from provider_failures import playing
from support import Vidgen
from vidgen.media.audio import decode_audio
from vidgen.media.frames import FrameWriter
from vidgen.testing.providers.kling import FakeKling
from vidgen.testing.providers.openai_videos import FakeOpenAIVideos
from vidgen.testing.providers.pika import FakePika

FILM = """vidgen: 1
resolution: 72p
shots:
  - {id: s01, scene: calm sea, duration: 1, engine: kling}
  - {id: s02, scene: calm sea at night, duration: 1, engine: openai-videos, seed: 4}
  - {id: s03, scene: calm sea by day, duration: 1, engine: pika, params: {foo: 1}}
  - {id: s04, scene: her face, duration: 1, engine: kling, model: kling-lip-sync, continue_from: s01, lip_sync: say.wav}
"""


def test_a_film_over_three_engines_costs_what_was_planned(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, tmp_path: Path
) -> None:
    (tmp_path / "film.yaml").write_text(FILM)
    with wave.open(str(tmp_path / "say.wav"), "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(b"\0\1" * 8000 * 3)
    with playing(monkeypatch, FakeKling, FakePika, FakeOpenAIVideos) as server:
        planned = vidgen("plan", "film.yaml", "--json").data
        each = {shot["id"]: shot["estimated_usd"] for shot in planned["shots"]}
        assert each == {"s01": pytest.approx(0.252), "s02": None, "s03": pytest.approx(0.2), "s04": None}
        made = vidgen("render", "film.yaml", "--yes", "--json")
        assert made.code == 0 and server.created == 4
        assert made.data["frames"] == 96 and made.data["diffusion"] is True
        assert made.data["cost_usd"] is None, "two of the prices are not known"
        spent = vidgen("takes", "list", "film.yaml", "--json").data
        assert (spent["spent_usd"], spent["unpriced"]) == (pytest.approx(0.452), 2)
        told = {(warning["shot"], warning["code"], warning["message"].split(":")[0]) for warning in made.envelope["warnings"]}
        assert ("s03", "engine.wish_ignored", "params") in told
        voiced = server.jobs[-1].body
        assert voiced["operation"] == "advanced-lip-sync"
        heard = np.concatenate(list(decode_audio(tmp_path / "film.mp4")))
        assert abs(heard[: 3 * 48000]).max() < 1e-3 < 0.05 < abs(heard[3 * 48000 :]).max(), "who speaks is heard, by itself"
        again = vidgen("render", "film.yaml", "--yes", "--json")
        assert again.code == 0 and server.created == 4 and again.data["cost_usd"] == 0


def test_a_wish_that_another_model_of_the_engine_has_is_pointed_out(vidgen: Vidgen, tmp_path: Path) -> None:
    shot = "{id: s01, scene: a face, engine: kling, lip_sync: say.wav, motion_reference: d.mp4, seed: 3}"
    (tmp_path / "film.yaml").write_text(f"vidgen: 1\nshots: [{shot}]\n")
    with wave.open(str(tmp_path / "say.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\0\1" * 8000)
    with FrameWriter(tmp_path / "d.mp4", 64, 48, Fraction(24), frames=24) as writer:
        for shade in range(24):
            writer.write(np.full((48, 64, 3), shade, np.uint8))
    told = [warning["message"] for warning in vidgen("plan", "film.yaml", "--json").envelope["warnings"]]
    assert "lip_sync: Kling does not do lip sync; left out (its model kling-lip-sync could)" in told
    assert "motion_reference: Kling does not transfer motion; left out (its model kling-v3-motion-control could)" in told
    assert "seed: Kling takes no seed: takes cannot be repeated; left out" in told


def test_klings_lost_answer_is_settled_by_the_next_run_without_a_person(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, tmp_path: Path
) -> None:
    (tmp_path / "film.yaml").write_text(
        "vidgen: 1\nresolution: 72p\nshots: [{id: s01, scene: calm sea, duration: 1, engine: kling}]\n"
    )
    with playing(monkeypatch, FakeKling, failure_modes=("drop",)) as server:
        lost = vidgen("render", "film.yaml", "--yes", "--json")
        assert lost.code == 4 and lost.envelope["error"]["code"] == "submit.unknown"
        found = vidgen("render", "film.yaml", "--yes", "--json")
        assert found.code == 0 and server.created == 1
