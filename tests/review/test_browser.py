"""The review page in a real browser: keys, playing in step, and nothing that a storyboard says may run."""

from __future__ import annotations

import json
import math
import shutil
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALL
from vidgen.app.notes import apply_notes
from vidgen.app.render import RenderOptions, render_film
from vidgen.review.bundle import write_bundle
from vidgen.review.desk import Desk
from vidgen.review.server import ReviewServer
from vidgen.review.writing import write_review
from vidgen.takes.lockfile import read_lock
from vidgen.takes.record import sealed

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium (Debian: apt-get install chromium)")

SHOTS = """\
  - {id: sea, scene: calm sea, candidates: 2, duration: 24f, notes: "<img src=x onerror='document.title=1'>"}
  - {id: hill, scene: green hill, duration: 12f}
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered film."""
    file = tmp_path_factory.mktemp("film") / "film.yaml"
    file.write_text(f"{SMALL}shots:\n{SHOTS}")
    render_film(file, RenderOptions(output=file.with_suffix(".mp4")))
    return file


@pytest.fixture(scope="module")
def browser(board: Path, trimmed: Path, hostile: Path) -> Iterator[Any]:
    """The films are rendered before the browser starts, which keeps this thread's event loop."""
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        found = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield found
        found.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A new window; a fault of the page's program, or what its policy stops, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    window = context.new_page()
    faults: list[str] = []
    window.on("pageerror", lambda error: faults.append(str(error)))
    window.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield window
    context.close()
    assert faults == []


def times(page: Any) -> list[float]:
    found: list[float] = page.evaluate("[...document.querySelectorAll('.shot.current video')].map((one) => one.currentTime)")
    return found


def test_the_page_works_from_disk_by_keys_alone(page: Any, board: Path) -> None:
    page.goto(write_review(board).output.as_uri())
    page.wait_for_selector(".shot.current video[poster]")
    assert page.title() == "Small - Review"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(500)
    assert [one.inner_text() for one in page.query_selector_all(".shot.current .frame")] == ["0001", "0001"]
    page.keyboard.press("Space")
    page.wait_for_timeout(1200)
    playing = times(page)
    assert max(playing) - min(playing) < 1 / 12 and not page.evaluate("document.querySelector('video').paused")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.shot") == "hill"
    page.keyboard.press("1")
    page.wait_for_selector("#told:has-text('vidgen pick')")


@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_nothing_is_wider_than_the_window(page: Any, board: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(write_review(board).output.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("[data-action=language]")
    assert page.evaluate("document.documentElement.lang") == "ja"
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_pick_by_key_is_in_the_lock_file_and_in_the_other_window(page: Any, browser: Any, board: Path) -> None:
    desk = Desk(board)
    with ReviewServer(desk) as server:
        running = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        running.start()
        try:
            page.goto(server.url)
            page.wait_for_selector(".shot.current")
            other = page.context.new_page()
            other.goto(server.url)
            worse = page.get_attribute("[data-shot=sea] [data-picked=false]", "data-take")
            page.keyboard.press(worse)
            for window in (page, other):
                window.wait_for_selector(f"[data-shot=sea] [data-take='{worse}'][data-picked=true]")
            pick = read_lock(board.with_name("film.lock.yaml"))["sea"]
            assert (pick.take, pick.by) == (int(worse), "person")
            page.keyboard.press("x")
            page.wait_for_selector("dialog[open] input")
            page.keyboard.type("too dark")
            page.keyboard.press("Enter")
            page.wait_for_selector("[data-rejected=true]:has-text('too dark')")
            page.keyboard.press("n")
            page.wait_for_selector("dialog[open] input")
            page.keyboard.type("hold <b>longer</b>")
            page.keyboard.press("Enter")
            page.wait_for_selector(".notes:has-text('hold <b>longer</b>')")
        finally:
            desk.close()
            server.shutdown()
            running.join()


NO_STORAGE = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('not allowed'); } })"


@pytest.mark.parametrize("storage", [True, False])
def test_what_is_decided_in_a_bundle_comes_back(page: Any, board: Path, tmp_path: Path, storage: bool) -> None:
    file = write_bundle(board, tmp_path / "film.html").page.output
    board.with_name("film.lock.yaml").unlink(missing_ok=True)
    if not storage:
        page.add_init_script(NO_STORAGE)
    page.goto(file.as_uri())
    page.wait_for_selector(".shot.current video[poster^='blob:']")
    page.keyboard.press("Space")
    page.wait_for_timeout(1200)
    page.keyboard.press("k")
    assert min(times(page)) > 0
    worse, best = (page.get_attribute(f"[data-shot=sea] [data-picked={value}]", "data-take") for value in ("false", "true"))
    assert page.is_disabled("[data-action=save]")
    page.click(f"[data-shot=sea] [data-take='{best}'] h4")
    page.keyboard.press("x")
    page.keyboard.type("<b>too dark</b>")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"[data-take='{best}'][data-rejected=true]:has-text('<b>too dark</b>')")
    page.keyboard.press(worse)
    page.wait_for_selector(f"[data-shot=sea] [data-take='{worse}'][data-picked=true]")
    for text in ("hold longer", "not this"):
        page.keyboard.press("n")
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    page.click("li:has-text('not this') [data-action=forget]")
    assert "(3)" in page.inner_text("[data-action=save]")
    if storage:
        page.reload()
        page.wait_for_selector(f"[data-shot=sea] [data-take='{worse}'][data-picked=true]")
    with page.expect_download() as saved:
        page.click("[data-action=save]")
    assert saved.value.suggested_filename == "film.notes.json"
    notes = tmp_path / "film.notes.json"
    saved.value.save_as(notes)
    assert [(one["kind"], one["text"]) for one in apply_notes(board, notes).changes] == [
        ("pick", ""), ("reject", "<b>too dark</b>"), ("note", "hold longer"),
    ]  # fmt: skip
    assert apply_notes(board, notes).changes == ()
    assert read_lock(board.with_name("film.lock.yaml"))["sea"].take == int(worse)


@contextmanager
def serving(board: Path) -> Iterator[ReviewServer]:
    desk = Desk(board)
    with ReviewServer(desk) as server:
        running = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        running.start()
        try:
            yield server
        finally:
            desk.close()
            server.shutdown()
            running.join()


def trim_of(board: Path) -> int | None:
    return read_lock(board.with_name("film.lock.yaml"))["hill"].trim


def until(page: Any, what: Callable[[], bool]) -> None:
    """Wait for something on disk."""
    for _ in range(100):
        if what():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


def test_trim_handles_are_dragged_and_moved_by_keys(page: Any, trimmed: Path) -> None:
    with serving(trimmed) as server:
        page.goto(server.url)
        handle = page.wait_for_selector("[data-shot=hill] .handle.in[aria-valuenow='0']")
        assert handle.get_attribute("role") == "slider" and handle.get_attribute("aria-label")
        box, bar = handle.bounding_box(), page.query_selector("[data-shot=hill] .bar").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(bar["x"] + bar["width"] * 3.1 / 12, box["y"], steps=4)
        page.mouse.up()
        until(page, lambda: trim_of(trimmed) == 3)
        page.wait_for_selector("[data-shot=hill] .trimmed")
        page.focus("[data-shot=hill] .handle.out")
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        until(page, lambda: trim_of(trimmed) == 5)
        page.wait_for_selector("[data-shot=hill] .handle.in[aria-valuenow='5']")
        page.focus("[data-shot=hill]")
        page.keyboard.press("ArrowLeft")
        page.wait_for_selector("[data-shot=hill] .frame:has-text('0009')")
        page.keyboard.press("o")
        until(page, lambda: trim_of(trimmed) == 4)
        page.wait_for_selector("[data-shot=hill] .handle.in[aria-valuenow='4']")
        page.click("[data-action=untrim]")
        until(page, lambda: trim_of(trimmed) is None)


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered film whose shot is graded, has music, and uses half of its take, from the beginning."""
    file = tmp_path_factory.mktemp("trimmed") / "film.yaml"
    with wave.open(str(file.with_name("tone.wav")), "wb") as sound:
        sound.setparams((1, 2, 48_000, 0, "NONE", ""))
        sound.writeframes(b"".join(round(9000 * math.sin(n / 20)).to_bytes(2, "little", signed=True) for n in range(24_000)))
    top = "post: {colour: {contrast: 1.4, match: true}}\naudio: {music: {file: tone.wav}}\n"
    file.write_text(
        f"{SMALL}{top}shots:\n  - {{id: hill, scene: green hill, duration: 12f, trim: {{start: 0f, duration: 6f}}}}\n"
    )
    render_film(file, RenderOptions(output=file.with_suffix(".mp4")))
    return file


def test_a_graded_shot_is_seen_before_and_after_at_the_same_frame(page: Any, trimmed: Path) -> None:
    page.goto(write_review(trimmed).output.as_uri())
    screen = page.wait_for_selector("[data-shot=hill] .screen[data-other]")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("[data-shot=hill] .frame:has-text('0003')")
    before = page.evaluate("document.querySelector('video').currentSrc")
    page.keyboard.press("b")
    page.wait_for_selector("[data-action=compare][aria-pressed=true]")
    page.wait_for_selector("[data-shot=hill] .frame:has-text('0003')")
    assert page.evaluate("document.querySelector('video').currentSrc") != before and screen.get_attribute("data-frames") == "6"
    page.keyboard.press("b")
    page.wait_for_selector("[data-action=compare][aria-pressed=false]")
    assert page.evaluate("document.querySelector('video').currentSrc") == before and screen.get_attribute("data-frames") == "12"


def test_the_films_sound_is_drawn_under_its_strip(page: Any, trimmed: Path) -> None:
    page.goto(write_review(trimmed).output.as_uri())
    points = page.get_attribute(".timeline .wave polygon", "points").split()
    heights = {int(point.partition(",")[2]) for point in points}
    assert len(points) == 10 and min(heights) < 80 < 120 < max(heights)


AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (make browser)")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("mode", ["disk", "bundle", "served"])
def test_nothing_is_in_the_way_of_people_who_see_or_move_otherwise(
    browser: Any, board: Path, trimmed: Path, tmp_path: Path, mode: str, theme: str
) -> None:
    """axe-core finds nothing serious, with everything open that can be."""
    pages: dict[str, Callable[[Path], str]] = {
        "disk": lambda film: write_review(film).output.as_uri(),
        "bundle": lambda film: write_bundle(film, tmp_path / "film.html").page.output.as_uri(),
    }
    context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
    try:
        for film in (board, trimmed):
            with serving(film) if mode == "served" else nullcontext() as server:
                page = context.new_page()
                page.goto(server.url if server else pages[mode](film))
                page.wait_for_selector(".shot.current video[poster]")
                if theme == "light":
                    page.click("[data-action=theme]")
                page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                if mode == "bundle":
                    page.keyboard.press("1")
                page.evaluate(AXE.read_text(encoding="utf-8"))
                assert serious(page) == []
                page.keyboard.press("?")
                page.wait_for_selector("dialog[open]")
                assert serious(page) == []
                page.evaluate("localStorage.clear()")
                page.close()
    finally:
        context.close()


def serious(page: Any) -> list[str]:
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary']}" for one in grave]


def test_takes_stay_in_step(page: Any, board: Path) -> None:
    """Over several rounds of the loop no take is a frame away from the others."""
    page.goto(write_review(board).output.as_uri())
    page.wait_for_selector(".shot.current video[poster]")
    page.keyboard.press("Space")
    page.wait_for_timeout(1500)
    apart = []
    for _ in range(30):
        page.wait_for_timeout(100)
        now = times(page)
        apart.append(max(now) - min(now))
    assert sorted(apart)[len(apart) * 9 // 10] < 1 / 12, apart  # while they jump back to the beginning they may differ


HOSTILE = [
    "</noscript><script>document.title = 'run'</script>",
    "</noscript ><img src=x onerror=document.title='run'>",
    "</script><script>document.title = 'run'</script>",
    "\"><img src=x onerror=document.title='run'>",
    "' onmouseover='document.title=1",
    "<svg/onload=document.title='run'>",
    "<iframe srcdoc=\"<script>top.document.title='run'</script>\">",
    "<div data-shot='other' data-take='9' data-picked='true'>",
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of which every text wants to be a program, as do the records of its takes."""
    file = tmp_path_factory.mktemp("hostile") / "film.yaml"
    words = json.dumps(" ".join(HOSTILE))
    texts = ", ".join(f"{key}: {words}" for key in ("prompt", "negative", "notes"))
    top = SMALL.replace("title: Small", f"title: {words}")
    file.write_text(f"{top}shots:\n  - {{id: sea, duration: 12f, candidates: 2, {texts}}}\n")
    render_film(file, RenderOptions(output=file.with_suffix(".mp4")))
    for record in (file.parent / ".vidgen/film/takes").glob("*/*.json"):
        known = json.loads(record.read_text())
        known["manifest"] |= {f"x{number} {text}": text for number, text in enumerate(HOSTILE)}
        record.write_text(json.dumps(sealed(known)))
    return file


@pytest.mark.parametrize("large", [False, True])
def test_words_stay_words_in_a_browser_too(
    page: Any, hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    monkeypatch.setattr("vidgen.review.page.MOST_CLIPS", 0 if large else 99)
    files = [write_review(hostile).output, write_bundle(hostile, tmp_path / "film.html").page.output]
    for file in files:
        page.goto(file.as_uri())
        page.wait_for_selector(".shot.current video[poster]")
        title = page.title()
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for letter in "xxn":  # a page on disk says that it cannot
            page.keyboard.press(letter)
        if file is files[1]:
            page.keyboard.type(HOSTILE[3])
            page.keyboard.press("Enter")
        page.wait_for_timeout(300)
        assert page.title() == title and "</noscript><script>" in page.inner_text(".take dl")
        acting = "document.querySelectorAll('iframe, [onerror], [onload], [data-shot=other], main script').length"
        assert page.evaluate(acting) == 0
        assert page.evaluate("document.querySelectorAll('[data-take]').length") == 2
