"""Every key of a storyboard does something: what is planned, sent, mixed or written changes with it, or a warning names it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from vidgen.app.lint import lint_loaded
from vidgen.app.plan import plan_loaded, voices_of
from vidgen.engines.registry import Engines
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import Plan
from vidgen.render.delivery_plan import plan_deliveries
from vidgen.render.film_timeline import ShotClip, build_timeline
from vidgen.render.post_plan import plan_posts
from vidgen.storyboard.loader import LoadedBoard, load_storyboard
from vidgen.storyboard.model import ShotKeys, Storyboard
from vidgen.storyboard.parts import Part
from vidgen.storyboard.unused_keys import UNUSED
from vidgen.takes.budget import limit_of

Board = dict[str, Any]

FOR_PEOPLE = {
    "ShotKeys.notes": "remarks for whoever reads the file",
    "Storyboard.vidgen": "the version of the form",
    "Scene.id": "what the file calls a scene; plan --json repeats it",
}
READ_WHILE_IT_RUNS = {
    "ShotKeys.pick": "tests/render/test_pins.py",
    "ShotKeys.max_cost": "tests/render/test_money.py",
    "Score.weights": "tests/scoring/test_choosing.py",
    "Score.veto": "tests/scoring/test_vetoes.py",
    "Storyboard.score": "tests/render/test_bars.py",
    "Score.good": "tests/render/test_bars.py",
    "Score.floor": "tests/render/test_bars.py",
    "Storyboard.provenance": "tests/provenance/test_signed_films.py",
    "Provenance.c2pa": "tests/provenance/test_signed_films.py",
    "Provenance.author": "tests/provenance/test_records.py",
    "Provenance.label": "tests/provenance/test_labels.py",
    "Colour.match": "tests/render/test_colour_match.py",
    "Colour.reference": "tests/render/test_colour_match.py",
    "Colour.strength": "tests/render/test_colour_match.py",
    "Line.translations": "tests/render/test_captions.py",
    "Voiceover.translations": "tests/render/test_captions.py",
    "Audio.captions": "tests/render/test_captions.py",
    "Audio.burn": "tests/render/test_captions.py",
    "Speech.timeout": "tests/speech/test_command.py",
    "Speech.model": "tests/speech/test_money.py",
    "LipSync.audio": "tests/engines/cloud/test_kling.py",
}
"""Keys that decide nothing before takes are made or bought, and where it is shown what they do."""


def sea(**keys: Any) -> Board:
    """A film of one shot with these keys."""
    return {"shots": [{"id": "a", "scene": "calm sea", **keys}]}


def two(**keys: Any) -> Board:
    """A film of two shots, of which the second has these keys."""
    return {"shots": [{"id": "a", "scene": "calm sea"}, {"id": "b", "scene": "hills", **keys}]}


def lasting(**keys: Any) -> Board:
    """A film of two shots, with a title in the first that has these keys."""
    return {"shots": [{"id": "a", "scene": "calm sea", "text": [{"text": "The sea", **keys}]}, {"id": "b", "scene": "hills"}]}


def aki(**keys: Any) -> Board:
    """A film with somebody in it, of one shot with these keys."""
    return {"characters": {"aki": "a woman"}, **sea(**keys)}


def said(**keys: Any) -> Board:
    """A film in which aki says something, with these keys in the line."""
    return {**SPOKEN, **aki(duration="auto", dialogue=[{"line": "Hello", "who": "aki", **keys}])}


def narrated(**keys: Any) -> Board:
    """A film with narration that has these keys."""
    return {**SPOKEN, **sea(duration="auto", voiceover={"text": "It begins", **keys})}


def each(prefix: str, values: Board, without: Callable[[Board], Board]) -> dict[str, tuple[Board, Board]]:
    """Two films for each key: ``without`` it, and with its value beside what else it needs."""
    return {f"{prefix}.{key}": (without({}), without({key: value})) for key, value in values.items()}


def delivered(**keys: Any) -> Board:
    """A film with one output, which has these keys."""
    return {"outputs": [keys], **sea()}


def scenes(**keys: Any) -> Board:
    """A film of two scenes, the first with these keys."""
    return {"scenes": [{"id": "x", "scene": "calm sea", **keys}, {"id": "y", "scene": "hills"}]}


SPOKEN: Board = {"speech": {"command": ["say", "{voice}", "{speed}", "{delivery}"]}}
BEATS = "a calm sea, then it storms, finally rain"
LONG = "Hello to all of you, and to those behind you, and to all the others"
BOARDS: dict[str, tuple[Board, Board]] = {
    **each("Storyboard", {
        "title": "The sea", "language": "ja", "resolution": "64p", "fps": 24, "style": "noir", "negative": "blur", "seed": 3,
        "defaults": {"style": "noir"}, "characters": {"aki": {"lora": "one.safetensors"}}, "budget": 5,
        "post": {"grain": 4}, "audio": {"loudness": "ebu"}, "lint": {"ignore": ["V602"]},
        "scenes": [{"id": "x", "scene": "hills"}], "aspect": "1:1",
    }, lambda keys: {**keys, **({} if "scenes" in keys else sea())}),
    "Storyboard.text": (sea(text="The sea"), {"text": {"title": {"size": 9}}, **sea(text="The sea")}),
    **each("Scene", {"scene": "wild sea", "duration": 9, "ambience": "one.wav", "shots": [{"id": "a"}, {"id": "b"}]},
           lambda keys: {"scenes": [{"id": "x", "scene": "calm sea", **keys}]}),
    "Scene.heading": (scenes(), scenes(heading="EXT. SEA")),
    "Storyboard.outputs": (sea(), {"outputs": "a.webm", **sea()}),
    **each("Output", {"preset": "square", "resolution": "64p", "aspect": "1:1", "fps": 10, "codec": "h265", "quality": "low",
                      "bitrate": "1M"}, lambda keys: delivered(file="a.mp4", **keys)),
    **each("Output", {"fit": "pad", "centre": [0, 0]}, lambda keys: delivered(file="a.mp4", aspect="1:1", **keys)),
    **each("Output", {"at": 1, "length": 1}, lambda keys: delivered(file="a.gif", **keys)),
    "Output.file": (delivered(file="a.mp4"), delivered(file="b.mp4")),
    **each("Output", {"poster": True, "contact_sheet": True, "stems": True}, lambda keys: delivered(**keys) if keys else sea()),
    "Shot.id": (sea(), sea(id="b")),
    **each("ShotKeys", {
        "scene": "wild sea", "subject": "a boat", "action": "it drifts", "lighting": "golden hour", "style": "noir",
        "engine": "kling", "motion": "people", "camera": "pan_left", "duration": 5, "candidates": 3, "seed": 7,
        "negative": "blur", "references": "one.png", "start_frame": "one.png", "end_frame": "one.png",
        "source_video": "one.mp4", "motion_brush": "one.png", "lip_sync": "one.wav", "motion_reference": "one.mp4",
        "dialogue": "Hello", "voiceover": "It begins", "sfx": "one.wav", "ambience": "one.wav", "own_sound": True,
        "text": "The sea", "post": {"grain": 4}, "prompt": "verbatim", "prompt_extra": "more", "clip": "one.mp4",
        "params": {"slate": False}, "trim": {"duration": 1},
    }, lambda keys: sea(**keys)),
    "ShotKeys.model": (sea(engine="kling"), sea(engine="kling", model="kling-v1")),
    "ShotKeys.characters": (aki(), aki(characters="aki")),
    "ShotKeys.continue_from": (two(), two(continue_from="a")),
    "ShotKeys.transition": (two(), two(transition="dissolve")),
    "ShotKeys.lint": (sea(scene=BEATS), sea(scene=BEATS, lint={"ignore": ["V102"]})),
    **each("Camera", {"size": "cu", "angle": "low", "speed": "fast", "strength": 0.9, "lens": 35, "focus": "deep",
                      "reveals": "a town", "move": "dolly_in"}, lambda keys: sea(camera={"move": "pan_left", **keys})),
    **each("Motion", {"type": "people", "detail": "waves", "amount": 8}, lambda keys: sea(motion={"type": "natural", **keys})),
    **each("Transition", {"type": "wipe_left", "duration": 1}, lambda keys: two(transition={"type": "dissolve", **keys})),
    **each("Trim", {"start": 1, "duration": 2}, lambda keys: sea(trim=keys)),
    **each("Text", {"text": "The hills", "in": 1, "out": 1, "role": "credit", "position": "top", "style": "big"},
           lambda keys: {"text": {"big": {"size": 9}}, **sea(text=[{"text": "The sea", **keys}])}),
    "Text.until": (lasting(), lasting(until="b")),
    **each("TextStyle", {"font": "serif", "size": 9, "colour": "#ff0000", "outline": 1, "box": True, "position": "top",
                         "fade": 1}, lambda keys: {"text": {"title": keys}, **sea(text="The sea")}),
    **each("Line", {"who": "Aki", "voice": "low", "delivery": "softly", "file": "one.wav", "line": LONG, "speed": 0.8,
                    "say": "Hullo"}, lambda keys: said(**keys)),
    "Line.pause": (sea(dialogue=[{"line": "x", "file": "one.wav"}, {"line": "y", "file": "one.wav"}]),
                   sea(dialogue=[{"line": "x", "file": "one.wav"}, {"line": "y", "file": "one.wav", "pause": 1}])),
    "Line.at": (sea(dialogue=[{"line": "x", "file": "one.wav"}]), sea(dialogue=[{"line": "x", "file": "one.wav", "at": 1}])),
    **each("Voiceover", {"voice": "low", "file": "one.wav", "text": LONG, "delivery": "softly", "speed": 0.8,
                         "say": {"begins": "starts"}}, lambda keys: narrated(**keys)),
    "Storyboard.speech": (sea(voiceover="It begins"), {"speech": "off", **sea(voiceover="It begins")}),
    "Speech.engine": (narrated(), {**narrated(), "speech": {**SPOKEN["speech"], "engine": "off"}}),
    **each("Speech", {"command": ["talk"], "voice": "low", "speed": 0.8, "say": {"begins": "starts"}},
           lambda keys: {"speech": {**SPOKEN["speech"], **keys}, **sea(voiceover="It begins")}),
    **each("SoundEffect", {"file": "two.wav", "at": 1, "gain_db": -6}, lambda keys: sea(sfx={"file": "one.wav", **keys})),
    "OwnSound.heard": (sea(engine="veo", own_sound=False), sea(engine="veo", own_sound=True)),
    "OwnSound.gain_db": (sea(own_sound={"heard": True}), sea(own_sound={"heard": True, "gain_db": -6})),
    **each("MotionBrush", {"mask": "two.png", "path": [[0, 0], [1, 1]]},
           lambda keys: sea(motion_brush={"mask": "one.png", **keys})),
    "LintOptions.ignore": ({"lint": {}, **sea()}, {"lint": {"ignore": ["V602"]}, **sea()}),
    **each("Post", {"interpolate": 24, "upscale": 2, "colour": {"contrast": 2}, "grain": 5},
           lambda keys: {"post": keys, **sea()}),
    **each("Interpolate", {"fps": 48, "engine": "nearest"},
           lambda keys: {"post": {"interpolate": {"fps": 24, **keys}}, **sea()}),
    "Interpolate.factor": (sea(), {"post": {"interpolate": {"factor": 2}}, **sea()}),
    **each("Upscale", {"scale": 4, "model": "RealESRGAN_x4plus", "engine": "lanczos"},
           lambda keys: {"post": {"upscale": {"scale": 2, **keys}}, **sea()}),
    "Upscale.height": (sea(), {"post": {"upscale": {"height": 108}}, **sea()}),
    **each("Colour", {"lut": "one.cube", "contrast": 2, "saturation": 2, "temperature": 9},
           lambda keys: {"post": {"colour": keys}, **sea()}),
    "Grain.amount": ({"post": {"grain": {}}, **sea()}, {"post": {"grain": {"amount": 4}}, **sea()}),
    **each("Audio", {"music": "one.wav", "ambience": "one.wav", "loudness": "ebu"}, lambda keys: {"audio": keys, **sea()}),
    **each("Music", {"file": "two.wav", "gain_db": -6, "start": 1, "fade_in": 1, "fade_out": 1, "duck": True,
                   "cut_on": "bar"},
           lambda keys: {"audio": {"music": {"file": "one.wav", **keys}}, **sea()}),
    **each("Ambience", {"file": "two.wav", "gain_db": -6},
           lambda keys: {"audio": {"ambience": {"file": "one.wav", **keys}}, **sea()}),
    **each("LoudnessTarget", {"i": -20, "tp": -2}, lambda keys: {"audio": {"loudness": keys}, **sea()}),
    **each("Budget", {"max_cost": 1, "mode": "warn"}, lambda keys: {"budget": {"max_cost": 5, **keys}, **sea()}),
    **each("Character", {"voice": "low", "speed": 0.8, "say": {"Hello": "Hullo"}},
           lambda keys: {**said(), "characters": {"aki": keys}}),
    **each("Character", {"references": "one.png", "description": "a man", "lora": "one.safetensors"},
           lambda keys: {"characters": {"aki": {"description": "a woman", **keys}}, **sea(characters="aki")}),
}  # fmt: skip
"""For each key two films, which differ in it alone."""


def types_of(annotation: Any) -> Iterator[type[Part]]:
    """The mappings that a key's type speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from types_of(inner)


@functools.cache
def all_types() -> dict[str, type[Part]]:
    found: dict[str, type[Part]] = {}
    waiting: list[type[Part]] = [Storyboard]
    while waiting:
        one = waiting.pop()
        if one.__name__ not in found:
            found[one.__name__] = one
            waiting += [inner for field in one.model_fields.values() for inner in types_of(field.annotation)]
            waiting += [inner for field in one.model_fields.values() for mark in field.metadata for inner in types_of(mark)]
    return found


def every_key() -> list[str]:
    """``Type.key`` for each, as it is written in the file; those of all shots once."""
    keys = []
    for name, part in all_types().items():
        for field, info in part.model_fields.items():
            owner = "ShotKeys" if field in ShotKeys.model_fields and issubclass(part, ShotKeys) else name
            keys.append(f"{owner}.{info.alias or field}")
    return sorted(set(keys))


@functools.cache
def media(folder: Path) -> None:
    """Small files that the films may name."""
    import numpy as np
    from PIL import Image

    from vidgen.media.ffmpeg import run_ffmpeg

    for name, level in (("one", 90), ("two", 160)):
        Image.fromarray(np.full((54, 96, 3), level, np.uint8)).save(folder / f"{name}.png")
        source = f"sine=frequency={level * 4}:duration=4"
        run_ffmpeg(["-f", "lavfi", "-i", source, str(folder / f"{name}.wav")], what="tone")
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc=size=96x54:rate=12:duration=4", str(folder / "one.mp4")], what="clip")
    rows = "\n".join(f"{r} {g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1))
    (folder / "one.cube").write_text(f"LUT_3D_SIZE 2\n{rows}\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("films")
    media(made)
    return made


def outcome(board: Board, folder: Path) -> list[Any]:
    """All that is decided about a film before a take is made, with every warning."""
    file = folder / "film.yaml"
    whole = {"vidgen": 1, "resolution": "96x54", "fps": 12, **board}
    file.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    loaded, engines = load_storyboard(file), Engines()
    voices = voices_of(loaded)
    plan = plan_loaded(loaded, Overrides(), engines, voices)
    return [
        shots_of(plan),
        list(plan.notices),
        lint_loaded(loaded, engines),
        posts_of(plan),
        film_of(plan, loaded),
        plan.profile,
        plan_deliveries(plan, folder / "film.mp4", touch=False),
        [(one.line.utterance, one.line.speaker and one.line.key, one.line.why) for one in voices.lines],
    ]


def shots_of(plan: Plan) -> list[Any]:
    hidden = {"shot", "post"}  # the storyboard's own words: what comes of them is what counts
    return [{name: value for name, value in vars(shot).items() if name not in hidden} for shot in plan.shots]


def posts_of(plan: Plan) -> list[Any]:
    posts = plan_posts(plan)
    return [(post.settings, post.as_dict(), post.names) for post in posts.values()]


def film_of(plan: Plan, loaded: LoadedBoard) -> Any:
    budget = loaded.board.budget
    clip = ShotClip(Path("clip.mp4"), "0" * 64, None, sound=(Path("clip.mp4"), "0" * 64))
    timeline = build_timeline(plan, {shot.id: clip for shot in plan.shots})
    return asdict(timeline), limit_of(None, budget.max_cost if budget else None, budget.mode if budget else "cap", 0.0)


def test_the_keys_that_do_nothing_are_really_keys() -> None:
    assert {f"{kind}.{key}" for kind, key in UNUSED} <= set(every_key())


def test_every_key_is_looked_at() -> None:
    assert set(every_key()) == {*BOARDS, *FOR_PEOPLE, *READ_WHILE_IT_RUNS}


@pytest.mark.parametrize("key", READ_WHILE_IT_RUNS)
def test_what_is_read_later_is_tested_elsewhere(key: str) -> None:
    assert key.partition(".")[2] in (Path(__file__).parents[1] / READ_WHILE_IT_RUNS[key]).read_text(encoding="utf-8")


@pytest.mark.parametrize("key", BOARDS)
def test_a_key_changes_something_or_is_warned_of(key: str, folder: Path) -> None:
    without, having = BOARDS[key]
    assert outcome(without, folder) != outcome(having, folder)


@pytest.mark.parametrize("key", [f"{kind}.{key}" for kind, key in UNUSED])
def test_what_does_nothing_is_named_by_plan_and_lint_with_its_place(key: str, folder: Path) -> None:
    _, notices, findings, *_ = outcome(BOARDS[key][1], folder)
    name = key.partition(".")[2]
    assert [notice for notice in notices if notice.code in ("plan.not_yet", "post.not_yet") and name in notice.message]
    (finding,) = [finding for finding in findings if finding.rule == "V107" and finding.path[-1] == name]
    assert finding.line > 1 and finding.severity == "warning"


def test_what_all_shots_inherit_is_said_once(folder: Path) -> None:
    board = {"characters": {"aki": {"description": "a woman", "lora": "one.safetensors"}}, **two(characters="aki")}
    _, notices, findings, *_ = outcome(board, folder)
    assert [notice.message.partition(":")[0] for notice in notices] == ["characters.aki.lora"]
    assert [finding.path for finding in findings if finding.rule == "V107"] == [("characters", "aki", "lora")]
