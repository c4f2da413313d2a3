"""``provenance: {label: ...}``: words on the picture, from the first frame to the last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provider_failures import playing
from support import Film, Vidgen
from vidgen.cut.layout import lay_out
from vidgen.cut.timeline import Cue
from vidgen.media.frames import read_frames
from vidgen.provenance.label import label_text
from vidgen.storyboard.loader import load_storyboard
from vidgen.storyboard.model import Shot, Storyboard
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.gemini_omni import FakeGeminiOmni

AUTO = "provenance: {label: auto}\n"
SEA = "{scene: calm sea, duration: 6f}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeGeminiOmni, polls=0) as server:
        yield server


def words(language: str = "en", others: int = 0, label: str = "auto", **shot: object) -> str | None:
    board = Storyboard.model_validate(
        {
            "vidgen": 1,
            "language": language,
            "provenance": {"label": label},
            "characters": {"aki": {"references": ["aki.png"]}, "bo": "a man"},
        }
    )
    return label_text(board, [Shot.model_validate({"id": "a", "scene": "a quiet street", **shot})], others)


def test_the_words_are_in_the_films_language() -> None:
    assert words("en") == "ⓘ AI-generated"
    assert words("ja") == "ⓘ AI生成"
    assert words("fr-CA") == "ⓘ Généré par IA"
    assert words("tlh") == "ⓘ AI-generated"
    assert words("ja", others=1) == "ⓘ AI生成の映像を含みます"


@pytest.mark.parametrize("language", ["en", "ja", "de", "es", "fr", "it", "nl", "pl", "pt", "sv"])
def test_the_font_has_every_letter_of_the_label(language: str) -> None:
    from vidgen.weights.faces import lacking

    for others in (0, 1):
        assert not lacking(words(language, others) or "", "sans", language)


@pytest.mark.parametrize("style", ["anime", "Watercolour on paper", "セルアニメ風", "stop-motion"])
def test_a_drawn_style_needs_no_label(style: str) -> None:
    assert words(style=style) is None


@pytest.mark.parametrize(
    "given",
    [
        {"start_frame": "a.png"},
        {"references": "a.png"},
        {"source_video": "a.mp4"},
        {"lip_sync": "a.wav"},
        {"characters": "aki"},
    ],
)
def test_a_drawn_style_of_something_real_needs_one(given: dict[str, object]) -> None:
    assert words(style="anime", **given) == "ⓘ AI-generated"
    assert words(style="anime", characters="bo") is None


def test_words_of_ones_own_are_always_shown_and_off_never() -> None:
    assert words(label="Made with AI", style="anime") == "ⓘ Made with AI"
    assert words(label="off") is None


@pytest.mark.parametrize(
    ("written", "read"),
    [("auto", "auto"), ("自動", "auto"), ("off", "off"), ("なし", "off"), ("true", "auto"), ("false", "off")],
)
def test_auto_and_off_have_two_names(film: Film, written: str, read: str) -> None:
    assert load_storyboard(film(SEA, top=f"provenance: {{label: {written}}}\n")).board.provenance.label == read


@pytest.mark.parametrize("wrong", ["{label: ''}", "{label: [a]}", "{c2pa: 1}", "{author: ''}", "{sign: true}", "free words"])
def test_anything_else_is_refused_with_its_place(vidgen: Vidgen, film: Film, wrong: str) -> None:
    ran = vidgen("render", film(SEA, top=f"provenance: {wrong}\n"), "--json")
    assert ran.code == 2 and "film.yaml:7:" in ran.envelope["error"]["message"]


def bright(film: Path) -> list[float]:
    """How bright the brightest spot of the upper right corner is, frame by frame."""
    return [float(picture[:18, -60:].max()) for picture in read_frames(film)]


def test_the_label_stands_on_every_frame_of_a_film_that_looks_real(
    vidgen: Vidgen, film: Film, server: ProviderServer, tmp_path: Path
) -> None:
    board = film("{scene: a quiet street, engine: gemini-omni}", SEA, top=AUTO)
    board.write_text(board.read_text().replace("96x54", "320x180"))
    assert vidgen("render", board, "--yes").code == 0
    labelled = bright(tmp_path / "film.mp4")
    assert len(labelled) == 42 and min(labelled) > 180
    shown = vidgen("provenance", "show", "film.mp4", "--json").data
    assert shown["label"] == "ⓘ Contains AI-generated scenes" and shown["ai_made"] is True
    assert shown["source_type"].endswith("/compositeWithTrainedAlgorithmicMedia")


def test_an_animatic_has_no_label_and_copies_its_takes(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("render", film(SEA, top=AUTO), "--json")
    assert ran.data["cut"] == {"encoded": 0, "copied": 1, "kept": 0}
    assert vidgen("provenance", "show", "film.mp4", "--json").data["label"] is None


def test_a_changed_shot_makes_only_its_own_piece_anew(vidgen: Vidgen, film: Film) -> None:
    label = "provenance: {label: Not real}\n"
    assert vidgen("render", film(SEA, SEA.replace("sea", "hill"), top=label), "--json").data["cut"]["encoded"] == 2
    ran = vidgen("render", film(SEA, SEA.replace("sea", "dune"), top=label), "--json")
    assert ran.data["cut"] == {"encoded": 1, "copied": 0, "kept": 1}


def test_no_title_covers_the_label() -> None:
    label = Cue("ⓘ AI-generated", 0, 48, role="label")
    corner, wide = Cue("Corner", 0, 24, position="top_right"), Cue("A title over all of the picture", 0, 24, position="top")
    left, under = Cue("Left", 0, 24, role="caption", position="top_left"), Cue("Name", 0, 24, role="lower_third")
    for width, height in ((1920, 1080), (1080, 1920)):
        *others, first = (one.block for one in lay_out((corner, wide, left, under, label), width, height) if one)
        alone = lay_out([label], width, height)[0]
        assert alone and first == alone.block
        _, _, _, bottom = first.box
        assert all(block.box[1] >= bottom for block in others[:2]), "what would cover it stands below"
        assert others[2].y < bottom
