"""Everything wrong in a storyboard is said in one pass, in its place, in plain words, with what was perhaps meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidgen.errors import StoryboardError
from vidgen.storyboard.loader import parse_storyboard


def problems(text: str) -> list[str]:
    with pytest.raises(StoryboardError) as caught:
        parse_storyboard(text, Path("film.yaml"))
    return str(caught.value).splitlines()


def test_everything_wrong_is_said_at_once_each_in_its_place() -> None:
    said = problems(
        "vidgen: 1\n"
        "titel: Kyoto\n"
        "fps: 0\n"
        "shots:\n"
        "  - id: s 1\n"
        "    camera: doly_in\n"
        "    duration: 4x\n"
        "  - camera: {move: ドリイン, strength: 3}\n"
        "    continue_from: s09\n"
        "    start_frame: nowhere.png\n"
        "    text: [{text: hi, in: 3, out: 2}]\n"
        "    post: {upscale: {scale: 5}}\n"
        "    camera: pan_left\n"
    )
    assert said == [
        "film.yaml:2:1: titel: unknown key (did you mean title?)",
        "film.yaml:3:1: fps: a frame rate is from 1 to 240, such as 24, 23.976 or 24000/1001, not 0",
        "film.yaml:5:5: shots[0].id: 's 1': an id is up to 32 of: a to z, A to Z, 0 to 9, _ and -; the first is no _ or -",
        "film.yaml:6:5: shots[0].camera: 'doly_in' is not a camera move (did you mean dolly_in?)",
        "film.yaml:7:5: shots[0].duration: '4x' is not a time: write 4, 4s or 96f",
        "film.yaml:8:14: shots[1].camera.move: 'ドリイン' is not a camera move (did you mean ドリーイン?)",
        "film.yaml:8:26: shots[1].camera.strength: must be at least 0 and at most 1, not 3",
        "film.yaml:9:5: shots[1].continue_from: there is no shot s09",
        "film.yaml:10:5: shots[1].start_frame: nowhere.png does not exist; file names are relative to the storyboard's folder",
        "film.yaml:11:30: shots[1].text[0].out: out (2s) must be after in (3s)",
        "film.yaml:12:22: shots[1].post.upscale.scale: 5 is not one of 2, 3 or 4",
        "film.yaml:13:5: shots[1].camera: duplicate key",
    ]


def test_a_broken_frame_does_not_hide_what_is_in_it() -> None:
    said = problems("shots:\n  - 5\n  - camera: doly_in\n    clip: nowhere.mp4\n")
    assert [line.split(": ")[0] for line in said] == ["film.yaml:1:1", "film.yaml:2:5", "film.yaml:3:5", "film.yaml:4:5"]


def test_a_missing_key_does_not_hide_what_is_elsewhere() -> None:
    said = problems("vidgen: 1\nshots:\n  - {sfx: [{at: 1}], clip: nowhere.mp4}\n")
    assert len(said) == 2 and "shots[0].sfx[0].file: this key is required" in said[0] and "nowhere.mp4" in said[1]


def test_a_wrong_entry_of_a_list_does_not_hide_or_move_the_others() -> None:
    said = problems(
        "vidgen: 1\nshots:\n"
        "  - references: [a.png, '', b.png, http://c, d.png]\n    text: [{txt: a}, {text: a, in: 2, out: 1}]\n"
    )
    assert [line.split(": ")[1] for line in said] == [
        *(f"shots[0].references[{index}]" for index in range(5)),
        *("shots[0].text[0].text", "shots[0].text[0].txt", "shots[0].text[1].out"),
    ]


def test_of_very_many_problems_the_first_thousand_are_said() -> None:
    said = problems("vidgen: 1\nshots:\n" + "- {provider: kling}\n" * 1500)
    assert len(said) == 1001 and "500 more values are wrong" in "\n".join(said)


def test_what_follows_from_a_mistake_is_not_said_again() -> None:
    said = problems(
        "vidgen: 1\ncharacters: {aki: {refs: 1}}\nshots:\n  - {id: a b}\n  - {continue_from: a b, characters: aki}\n"
    )
    assert len(said) == 2 and "refs" in said[0] and "shots[0].id" in said[1]


def shot(keys: str) -> str:
    return f"vidgen: 1\nshots:\n  - {{{keys}}}\n"


def top(keys: str) -> str:
    return f"vidgen: 1\n{keys}\nshots: [{{scene: a}}]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # The frame of the file
        ("shots: [{scene: a}]", "film.yaml:1:1: the key vidgen is missing; a storyboard begins with vidgen: 1"),
        ("vidgen: 2\nshots: [{scene: a}]", "vidgen: version 2 is not known"),
        ("vidgen: true\nshots: [{scene: a}]", "vidgen: version True is not known"),
        ("vidgen: 1", "either shots: or scenes:, and this one has neither"),
        ("vidgen: 1\nshots: []", "shots: must be a list of at least one shot"),
        ("vidgen: 1\nshots: [{scene: a}]\nscenes: [{scene: b}]", "not both"),
        ("vidgen: 1\nshots: [a]", "shots[0]: must be a mapping of keys"),
        ("vidgen: 1\nscenes: [{id: x}]", "a scene has shots:, or scene: text"),
        ("vidgen: 1\nscenes: [{id: x, duration: 5, shots: [{}]}]", "a scene with shots is as long as they are"),
        ("vidgen: 1\nscenes: [{scene: x, duration: 0}]", "film.yaml:2:21: scenes[0].duration: a duration is above 0"),
        ("- 1", "is a mapping"),
        ("", "is a mapping"),
        # Keys
        (shot("provider: kling"), "shots[0].provider: unknown key (did you mean engine?)"),
        (shot("カメラ: パン左"), "shots[0].カメラ: unknown key (did you mean camera?)"),
        (shot("Camera: pan_left"), "shots[0].Camera: unknown key (did you mean camera?)"),
        (shot("strength: 1"), "unknown key (did you mean camera: {strength: ...}?)"),
        (shot("music: a.wav"), "unknown key; write audio: {music: ...}"),
        (top("output: a.mp4"), "the film is named on the command line"),
        (top("zzz: 1"), "unknown key; known: vidgen, title"),
        (top("text: {title: {sise: 5}}"), "text.title.sise: unknown key (did you mean size?)"),
        (top("characters: {aki: {reference: a}}"), "unknown key (did you mean references?)"),
        (shot("text: {txt: hi}"), "shots[0].text.txt: unknown key (did you mean text?)"),
        # Names
        (shot("camera: [pan_left, dolly_in]"), "one camera move a shot; make two shots of it"),
        (shot("camera: {move: [pan_left, dolly_in]}"), "one camera move a shot"),
        (shot("camera: low_angle"), "is not a camera move but a camera angle: camera: {angle: low}"),
        (shot("motion: natur"), "'natur' is not a motion type (did you mean nature?)"),
        (shot("transition: disolve"), "'disolve' is not a transition (did you mean dissolve?)"),
        (shot("camera: {focus: deepp}"), "'deepp' is not a focus (did you mean deep?)"),
        (top("budget: {max_cost: 1, mode: capp}"), "(did you mean cap?)"),
        (top("audio: {loudness: loud}"), "'loud' is not a loudness; known: web, podcast, ebu, atsc"),
        (
            top("score: {weights: {temporl: 1}}"),
            "score.weights.temporl: 'temporl' is not a score family (did you mean temporal?)",
        ),
        (top("score: {veto: [frozen]}"), "(did you mean freeze?)"),
        # Kinds and ranges
        (shot("seed: 1.5"), "shots[0].seed: must be a whole number"),
        (shot('candidates: "3"'), "must be a whole number; write 3 without quotes"),
        (shot("candidates: true"), "must be a whole number"),
        (shot("candidates: 99"), "must be at least 1 and at most 16, not 99"),
        (shot("motion: {amount: lots}"), "must be a number, not 'lots'"),
        (shot("seed: -1"), "must be at least 0 and below 2147483648, not -1"),
        (shot("post: {colour: {match: yes}}"), "must be true or false (did you mean true?)"),
        (shot("scene: true"), 'must be text; write "true" in quotes'),
        (shot("params: 5"), "must be a mapping of keys"),
        (shot("motion_brush: [{mask: a, path: [[0, 2]]}]"), "path[0][1]: must be at most 1, not 2"),
        (shot("motion_brush: [{mask: a, path: [[0]]}]"), "must be two numbers, [x, y]"),
        (top("audio: {loudness: {i: 3}}"), "audio.loudness.i: must be at least -40 and at most -5, not 3"),
        (top("text: {title: {colour: red}}"), 'a colour is "#rrggbb", in quotes'),
        (top("title:"), "title: must be text"),
        # Values
        (top("aspect: 16x9"), "is not an aspect ratio: write 16:9"),
        (top("resolution: 9p"), "from 16 to 8640"),
        (top("resolution: 1080"), "'1080' is not a resolution: write 720p"),
        (top("resolution: 8640p\naspect: 10:1"), "resolution: 8640p at 10:1 is 86400x8640; the limit is 16384 pixels"),
        (top("fps: fast"), "a frame rate is from 1 to 240"),
        (top("language: english please"), "is not a language code, such as en or ja"),
        (shot("duration: 0"), "a duration is above 0"),
        (shot("duration: 2h"), "is not a time: write 4, 4s or 96f"),
        (shot("duration: 7200"), "is over an hour; make several shots of it"),
        (shot("duration: 0.001"), "is less than a frame at 24 fps"),
        (shot("duration: 1.5f"), "frames are whole numbers"),
        (shot("camera: {lens: 0.5}"), "a lens is from 1 to 2000 mm"),
        # Between the parts
        ("vidgen: 1\nshots: [{id: a}, {id: A}]", "shots[1].id: the id A is already that of shots[0]"),
        ("vidgen: 1\nscenes: [{id: a, scene: x}, {id: a, scene: y}]", "scenes[1].id: the id a is already that of scenes[0]"),
        ("vidgen: 1\nshots: [{id: a, duration: 12}, {id: ac}]", "a part of it will be named ac; choose another id"),
        ("vidgen: 1\nshots: [{id: a, continue_from: a}]", "a shot cannot continue itself"),
        ("vidgen: 1\nshots: [{id: a, continue_from: b}, {id: b}]", "b comes later; a shot continues an earlier one"),
        ("vidgen: 1\nshots: [{id: lake}, {continue_from: lkae}]", "there is no shot lkae (did you mean lake?)"),
        (top("defaults: {continue_from: s01}"), "set continue_from in each shot, not in defaults"),
        (shot("characters: [aki]") + "characters: {akii: {}}", "aki is not declared under characters: (did you mean akii?)"),
        (shot("pick: 3, candidates: 2"), "take 3 is picked, but there are only 2 candidates"),
        (shot("duration: 3, text: [{text: hi, in: 3}]"), "in (3s) is after the end of the shot (3s)"),
        (shot("text: [{text: hi, style: big}]") + "text: {bigg: {size: 9}}", "there is no text style big (did you mean bigg?)"),
        (shot("voiceover: {voice: x}"), "set text or file"),
        (top("post: {interpolate: {fps: 60, factor: 2}}"), "set either fps or factor"),
        (top("post: {interpolate: {engine: rife}}"), "set either fps or factor"),
        (top("post: {upscale: {height: 2160, scale: 2}}"), "set either height or scale"),
        (shot("post: {upscale: {engine: ncnn}}"), "shots[0].post.upscale: set either height or scale"),
        (top("post: {interpolate: {fps: 60, engine: RIFFE}}"), "post.interpolate.engine: 'RIFFE' is not one of auto, rife"),
        (top("post: {interpolate: {fps: 60, engine: Rife}}"), "(did you mean rife?)"),
        (top("post: {upscale: {scale: 2, engine: ncn}}"), "(did you mean ncnn?)"),
        (top("post: {upscale: {scale: 2, model: realesrgan-x4plus}}"), "(did you mean RealESRGAN_x4plus?); known: real"),
        (top("post: {upscale: {scale: 2, model: rife-4.0}}"), "there is no model rife-4.0"),
        (top("post: {upscale: {scale: 2, model: mine.pth}}"), "post.upscale.model: mine.pth does not exist"),
        # Files
        (shot("clip: 'https://example.org/a.mp4'"), "is an address; download the file and name it here"),
        (shot("clip: 'data:video/mp4;base64,AAAA'"), "is an address"),
        (shot('clip: "a\\0b"'), "a file name cannot have a null character"),
        (shot("clip: ''"), "a file name must not be empty"),
        (shot("clip: ."), "clip: . is not a file"),
        (shot(f"clip: {'a' * 5000}"), "cannot be read"),
        (top("audio: {music: nowhere.m4a}"), "nowhere.m4a does not exist"),
        (top("characters: {aki: {references: [nowhere.png]}}"), "characters.aki.references[0]: nowhere.png does not exist"),
        (
            shot("motion_brush: {mask: nowhere.png}"),
            "film.yaml:3:21: shots[0].motion_brush[0].mask: nowhere.png does not exist",
        ),
    ],
)
def test_each_mistake_has_its_own_words(text: str, message: str) -> None:
    assert message in "\n".join(problems(text))
