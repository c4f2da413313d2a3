"""Interpolation and upscaling engines of other packages: found by name, and never a traceback whatever they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from support import Film, Package, Vidgen, installed_package
from vidgen import installed
from vidgen.app.doctor import diagnose
from vidgen.media.frames import read_frames
from vidgen.media.probe import probe

ACME = """
import numpy as np
from vidgen.plugin import FilterInterpolator, FilterUpscaler, FrameUpscaler, PairInterpolator

class Mix(PairInterpolator):
    name = "acme-mix"
    version = "1"
    def between(self, pairs):
        return [[((1 - t) * p.before + t * p.after).astype(p.before.dtype) for t in p.times] for p in pairs]

class Repeat(FilterInterpolator):
    name = "acme-repeat"
    def filter(self, rate):
        return f"fps={rate}"

class Double(FrameUpscaler):
    name = "acme-double"
    factor = 2
    seconds_per_megapixel = 0.01
    def enlarge(self, pictures):
        return [picture.repeat(2, 0).repeat(2, 1) for picture in pictures]

class Near(FilterUpscaler):
    name = "acme-near"
    def filter(self, width, height):
        return f"scale={width}:{height}:flags=neighbor"
"""
ENTRIES = """
[vidgen.interpolators]
acme-mix = acme_post:Mix
acme-repeat = acme_post:Repeat
[vidgen.upscalers]
acme-double = acme_post:Double
acme-near = acme_post:Near
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    with installed_package(tmp_path / "site", monkeypatch, "acme", {"acme_post": ACME}, ENTRIES) as package:
        yield package


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    from vidgen.media.ffmpeg import run_ffmpeg

    file = tmp_path / "in.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=64x48:r=12:d=1", "-pix_fmt", "yuv420p", str(file)], what="clip")
    return file


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("engine", ["acme-mix", "acme-repeat"])
def test_an_interpolator_of_another_package_works_by_its_name(vidgen: Vidgen, clip: Path, engine: str) -> None:
    ran = vidgen("interpolate", clip, "-o", "out.mp4", "--fps", "24", "--engine", engine, "--json")
    assert ran.code == 0, ran.err
    assert (ran.data["engine"], ran.data["frames"], probe(Path("out.mp4")).frames) == (engine, 24, 24)


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("engine", "size"), [("acme-double", (128, 96)), ("acme-near", (128, 96)), ("acme-double", (256, 192))]
)
def test_an_upscaler_of_another_package_works_by_its_name(
    vidgen: Vidgen, clip: Path, engine: str, size: tuple[int, int]
) -> None:
    scale = size[0] // 64
    ran = vidgen("upscale", clip, "-o", "out.mp4", "--scale", scale, "--engine", engine, "--json")
    assert ran.code == 0, ran.err
    assert (ran.data["engine"], (ran.data["width"], ran.data["height"])) == (engine, size)
    picture = next(iter(read_frames(Path("out.mp4"))))
    assert picture.shape == (size[1], size[0], 3) and np.ptp(picture) > 100


@pytest.mark.usefixtures("acme")
def test_a_storyboard_names_them_and_the_plan_says_so(vidgen: Vidgen, film: Film) -> None:
    top = "post: {interpolate: {fps: 24, engine: acme-mix}, upscale: {scale: 2, engine: acme-double}}\n"
    board = film("{scene: calm sea, duration: 1}", top=top)
    (shot,) = vidgen("plan", board, "--json").data["shots"]
    assert (shot["post"]["interpolate"], shot["post"]["upscale"]) == ("acme-mix", "acme-double")
    ran = vidgen("render", board, "--json")
    assert (ran.code, ran.data["frames"], ran.data["height"]) == (0, 24, 108)


@pytest.mark.usefixtures("acme")
def test_a_new_version_of_the_package_makes_the_clip_again(vidgen: Vidgen, film: Film, acme: Package) -> None:
    board = film("{scene: calm sea, duration: 1}", top="post: {interpolate: {fps: 24, engine: acme-mix}}\n")
    posts = [sum(line.get("event") == "post.done" for line in vidgen("render", board, "--json").lines) for _ in range(2)]
    acme.upgrade("2.0")
    posts.append(sum(line.get("event") == "post.done" for line in vidgen("render", board, "--json").lines))
    assert posts == [1, 0, 1]


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (("interpolate", "--fps", "24", "--engine", "acme-mixx"), "did you mean acme-mix?"),
        (("interpolate", "--fps", "24", "--engine", "RIFFE"), "did you mean rife?"),
        (("upscale", "--engine", "acme_dubble"), "did you mean acme-double?"),
        (("upscale", "--engine", "acme-mix"), "engine"),
        (("upscale", "--engine", "acme-double", "--model", "realesr-animevideov3"), "acme-double has no model"),
    ],
)
def test_a_wrong_name_on_the_command_line_gets_the_nearest_one(
    vidgen: Vidgen, clip: Path, command: tuple[str, ...], meant: str
) -> None:
    ran = vidgen(command[0], clip, "-o", "out.mp4", *command[1:], "--json")
    assert ran.code == 2 and meant in ran.envelope["error"]["message"], ran.envelope
    assert not Path("out.mp4").exists()


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("post", "meant"),
    [
        ("interpolate: {fps: 24, engine: acme-mi}", "acme-mix, acme-repeat (did you mean acme-mix?)"),
        ("interpolate: {fps: 24, engine: acme-double}", "'acme-double' is not one of auto, rife"),
        ("upscale: {scale: 2, engine: acme-doubel}", "did you mean acme-double?"),
        ("upscale: {scale: 2, engine: acme-double, model: RealESRGAN_x4plus}", "acme-double has no model"),
    ],
)
def test_a_wrong_name_in_a_storyboard_is_told_in_its_place(vidgen: Vidgen, film: Film, post: str, meant: str) -> None:
    ran = vidgen("plan", film("{scene: calm sea}", top=f"post: {{{post}}}\n"), "--json")
    assert ran.code == 2 and meant in ran.envelope["error"]["message"], ran.envelope
    assert "film.yaml:7:" in ran.envelope["error"]["message"]


def test_names_of_vidgens_own_engines_ask_no_package(
    vidgen: Vidgen, clip: Path, film: Film, acme: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    monkeypatch.setattr(installed, "entry_points", lambda: asked.update(["read"]) or pytest.fail("packages were read"))
    assert vidgen("interpolate", clip, "-o", "out.mp4", "--fps", "24", "--engine", "blend").code == 0
    assert vidgen("--help").code == 0 and not asked


def test_fifty_shots_with_an_engine_of_another_package_read_the_packages_a_few_times(
    vidgen: Vidgen, film: Film, acme: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    read = installed.entry_points
    monkeypatch.setattr(installed, "entry_points", lambda: asked.update(["read"]) or read())
    own = "post: {interpolate: {engine: acme-mix}}"
    board = film(*(f"{{scene: harbour {n}, {own}}}" for n in range(50)), top="post: {interpolate: {fps: 24}}\n")
    assert vidgen("plan", board).code == 0
    assert 1 <= asked["read"] <= 2, "once for the storyboard's names, once where the run begins"


BROKEN = {
    "cannot be imported": ("import a_module_that_is_not_there", 3, "engine.load_failed", "ModuleNotFoundError"),
    "ends the program": ("raise SystemExit(7)", 3, "engine.load_failed", "SystemExit"),
    "is no engine": ("Double = dict", 3, "engine.load_failed", "neither a FrameUpscaler nor a FilterUpscaler"),
    "has another name": ("Double.name = 'other'", 3, "engine.load_failed", "calls itself 'other'"),
    "lacks a method": (
        "class Double(FrameUpscaler):\n    name = 'acme-double'\n    factor = 2", 3, "engine.load_failed", "no method enlarge"
    ),
    "lacks weights": (
        "Double.available = classmethod(lambda cls: 'no weights here')", 3, "post.engine_missing", "no weights here"
    ),
    "cannot say what it lacks": ("Double.available = classmethod(lambda cls: 1 / 0)", 3, "engine.load_failed", "ZeroDivision"),
    "raises when it is made": ("Double.__init__ = lambda self: {}['x']", 4, "post.engine_failed", "KeyError"),
    "raises while it works": (
        "def enlarge(self, pictures): raise RuntimeError('out of\\n paper')\nDouble.enlarge = enlarge",
        4, "post.engine_failed", "RuntimeError: out of paper",
    ),
    "gives another size": (
        "Double.enlarge = lambda self, pictures: pictures", 4, "post.engine_failed", "instead of one uint8 [96, 128, 3]"
    ),
    "gives floats": (
        "Double.enlarge = lambda self, pictures: [one.repeat(2, 0).repeat(2, 1) / 2 for one in pictures]",
        4, "post.engine_failed", "float64",
    ),
    "gives no pictures": (
        "Double.enlarge = lambda self, pictures: [None for _ in pictures]", 4, "post.engine_failed", "no picture"
    ),
    "gives too few": ("Double.enlarge = lambda self, pictures: []", 4, "post.engine_failed", "it gave 0 instead of 1 pictures"),
    "gives nothing": ("Double.enlarge = lambda self, pictures: None", 4, "post.engine_failed", "it gave NoneType instead of 1"),
    "has no factor": ("Double.factor = 1.5", 4, "post.engine_failed", "factor is 1.5 instead of a whole number"),
    "has an error of its own": (
        "from vidgen.plugin import ProcessingError\n"
        "def enlarge(self, pictures): raise ProcessingError('acme:tired', 'no more')\n"
        "Double.enlarge = enlarge", 4, "acme:tired", "no more",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_engine_ends_in_one_line_that_names_its_package(
    vidgen: Vidgen, clip: Path, acme: Package, tmp_path: Path, fault: str
) -> None:
    more, code, name, words = BROKEN[fault]
    acme.write("acme_post", ACME + more + "\n")
    ran = vidgen("upscale", clip, "-o", "out.mp4", "--engine", "acme-double", "--json")
    error = ran.envelope["error"]
    assert (ran.code, error["code"]) == (code, name), error
    assert words in error["message"] and "\n" not in error["message"] and "Traceback" not in ran.err
    assert ":" in name.partition(".")[0] or ("acme" in error["message"] and error["hint"])
    assert not list(tmp_path.glob("*out*"))


FILTERS = [
    ("Repeat.filter = lambda self, rate: 'no_such_filter'", "interpolate", "acme-repeat"),
    ("Repeat.filter = lambda self, rate: 'select=0'", "interpolate", "acme-repeat"),
    ("Repeat.filter = lambda self, rate: None", "interpolate", "acme-repeat"),
    ("Repeat.filter = lambda self, rate: 1 / 0", "interpolate", "acme-repeat"),
    ("Near.filter = lambda self, width, height: 'scale=10:10'", "upscale", "acme-near"),
    ("Near.filter = lambda self, width, height: 'fps=5'", "upscale", "acme-near"),
    ("Mix.between = lambda self, pairs: [[] for pair in pairs]", "interpolate", "acme-mix"),
    ("Mix.between = lambda self, pairs: [[p.before[:8]] for p in pairs]", "interpolate", "acme-mix"),
    ("Mix.batch = 0", "interpolate", "acme-mix"),
]


@pytest.mark.parametrize(("more", "command", "engine"), FILTERS)
def test_a_wrong_filter_or_picture_is_the_engines_failure(
    vidgen: Vidgen, clip: Path, acme: Package, tmp_path: Path, more: str, command: str, engine: str
) -> None:
    acme.write("acme_post", ACME + more + "\n")
    options = ("--fps", "24") if command == "interpolate" else ()
    ran = vidgen(command, clip, "-o", "out.mp4", *options, "--engine", engine, "--json")
    error = ran.envelope["error"]
    assert (ran.code, error["code"]) == (4, "post.engine_failed"), ran.envelope
    assert engine in error["message"] and "acme" in error["hint"] and not list(tmp_path.glob("*out*"))


def test_a_render_keeps_the_takes_where_the_engine_fails_and_plan_warns_where_it_cannot_be_loaded(
    vidgen: Vidgen, film: Film, acme: Package, tmp_path: Path
) -> None:
    board = film("{id: a, scene: calm sea, duration: 1}", top="post: {upscale: {scale: 2, engine: acme-double}}\n")
    acme.write("acme_post", ACME + "Double.enlarge = lambda self, pictures: []\n")
    error = vidgen("render", board, "--json").envelope["error"]
    assert error["code"] == "post.engine_failed"
    acme.write("acme_post", ACME)
    again = vidgen("render", board, "--json")
    assert again.code == 0 and again.data["shots"][0]["reused"]
    acme.write("acme_post", "import nothing_of_the_kind\n")
    planned = vidgen("plan", board, "--json").envelope
    assert planned["ok"] and [warning["code"] for warning in planned["warnings"]] == ["post.not_ready"]
    assert "acme" in planned["warnings"][0]["message"]
    assert vidgen("render", board, "--json").code == 3


def test_doctor_names_what_cannot_be_used_and_a_name_that_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = "[vidgen.upscalers]\nlanczos = acme_post:Double\nother = acme_post:Double\nauto = acme_post:Near\n"
    with installed_package(tmp_path / "site", monkeypatch, "acme", {"acme_post": ACME}, entries):
        found = {check["name"]: check for check in diagnose().checks if "acme" in str(check["remedy"])}
    assert set(found) == {"upscaler lanczos", "upscaler other", "upscaler auto"}
    assert "already taken by vidgen" in found["upscaler lanczos"]["found"] and found["upscaler other"]["state"] == "warn"


@pytest.mark.parametrize(("allowed", "code"), [("", 2), ("other", 2), ("acme", 0), ("acme-mix", 0)])
def test_the_user_says_which_packages_may_be_loaded(
    vidgen: Vidgen, clip: Path, acme: Package, monkeypatch: pytest.MonkeyPatch, allowed: str, code: int
) -> None:
    monkeypatch.setenv("VIDGEN_LOAD_PLUGINS", allowed)
    assert vidgen("interpolate", clip, "-o", "out.mp4", "--fps", "24", "--engine", "acme-mix").code == code
