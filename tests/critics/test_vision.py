"""A vision server is asked about takes: what it says counts, what it costs is counted, and it is off until it is configured."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from support import Film, Ran, Vidgen
from vidgen.media.frames import FrameWriter

PRICED = "input_usd: 1.0, output_usd: 10.0"
KEY = "sk-vision-0123456789abcdef"


class Judge:
    """A chat server on this machine. ``says``: its answer to a question's text and to how bright the first picture is."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.says: Callable[[str, list[float]], str] = lambda text, light: "yes"
        self.status = 200
        self.usage: dict[str, int] | None = {"prompt_tokens": 1000, "completion_tokens": 10}

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append(body)
        parts = body["messages"][-1]["content"]
        text = " ".join(part["text"] for part in parts if part["type"] == "text")
        light = [brightness(part["image_url"]["url"]) for part in parts if part["type"] == "image_url"]
        if self.status != 200:
            return self.status, {"error": {"message": f"no luck with {KEY}"}}
        message = {"role": "assistant", "content": self.says(text, light)}
        return 200, {"choices": [{"message": message}], **({"usage": self.usage} if self.usage else {})}


def brightness(url: str) -> float:
    content = np.frombuffer(base64.b64decode(url.partition("base64,")[2]), np.uint8)
    return float(cv2.imdecode(content, cv2.IMREAD_COLOR).mean())


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Judge]:
    judge = Judge()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/chat/completions"
            judge.headers.append(dict(self.headers))
            status, answer = judge.answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("OPENAI_VISION_BASE_URL", f"http://127.0.0.1:{http.server_port}/v1")
        monkeypatch.setenv("OPENAI_VISION_API_KEY", KEY)
        yield judge
        http.shutdown()


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., None]:
    def write(vision: str = PRICED, max_cost: float = 1.0) -> None:
        (tmp_path / "home").mkdir(exist_ok=True)
        text = f"score: {{max_cost: {max_cost}, vision: {{model: eyes-1, frames: 2, {vision}}}}}\n"
        (tmp_path / "home" / "config.yaml").write_text(text)

    return write


@pytest.fixture
def takes(tmp_path: Path) -> list[Path]:
    """A dark clip and a bright one, of the same moving noise."""
    files = []
    for name, low in (("dark", 20), ("bright", 140)):
        noise = np.random.default_rng(3).integers(low, low + 90, (54, 96 + 24, 3), np.uint8)
        files.append(tmp_path / f"{name}.mp4")
        with FrameWriter(files[-1], 96, 54, 12, frames=12) as writer:
            for index in range(12):
                writer.write(noise[:, index : index + 96])
    return files


def score(vidgen: Vidgen, takes: list[Path], prompt: str = "a lamp, two cats") -> Ran:
    return vidgen("score", *takes, "--prompt", prompt, "--json")


def prompt_of(ran: Ran) -> list[Any]:
    return [card["families"]["prompt"] for card in ran.data["candidates"]]


def warnings(ran: Ran) -> dict[str, str]:
    return {warning["code"]: warning["message"] for warning in ran.envelope["warnings"]}


def test_each_clause_is_asked_about_and_the_take_that_shows_more_wins(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None]
) -> None:
    configured()
    server.says = lambda text, light: "Yes." if light[0] > 120 or "lamp" in text else "no"
    ran = score(vidgen, takes)
    dark, bright = ran.data["candidates"]
    assert (dark["measures"]["vision-prompt"], bright["measures"]["vision-prompt"]) == (0.5, 1.0)
    assert ran.data["winner"].endswith("bright.mp4") and bright["families"]["prompt"] > 0 > dark["families"]["prompt"]
    texts = [body["messages"][-1]["content"][0]["text"] for body in server.asked]
    assert sum('Does the video show this? "a lamp"' in text for text in texts) == 2
    assert sum('in this number? "two cats"' in text for text in texts) == 2
    assert {(body["model"], body["temperature"]) for body in server.asked} == {("eyes-1", 0)}
    assert all(headers["Authorization"] == f"Bearer {KEY}" for headers in server.headers)


def test_physics_is_asked_with_fixed_questions_and_what_is_not_shown_does_not_count(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None]
) -> None:
    configured()
    server.says = lambda text, light: "none" if "limbs" in text else "partly" if light[0] < 120 else "yes"
    cards = score(vidgen, takes).data["candidates"]
    assert [card["measures"]["vision-physics"] for card in cards] == [0.5, 1.0]
    assert cards[1]["families"]["physics"] > 0


def test_the_cost_is_counted_and_told(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None]
) -> None:
    configured()
    ran = score(vidgen, takes)
    assert len(server.asked) == 2 * (2 + 4)
    assert warnings(ran)["score.spent"] == f"judging takes has cost {12 * 0.0011:.4f} USD"


@pytest.mark.parametrize(
    ("vision", "max_cost", "reason"),
    [
        (PRICED, 0, "0.00 USD may be spent on scores"),
        (PRICED, 0.001, "for up to"),
        ("input_usd: 1.0", 1, "at a price that is not known"),
        ("pairs: false", 1, "at a price that is not known"),
    ],
)
def test_nothing_is_sent_without_a_price_and_a_limit_above_it(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None], vision: str, max_cost: float, reason: str
) -> None:
    configured(vision, max_cost)
    ran = score(vidgen, takes)
    assert ran.code == 0 and server.asked == [] and prompt_of(ran) == [None, None]
    assert all(reason in card["not_measured"]["prompt"] for card in ran.data["candidates"])
    assert "score.spent" not in warnings(ran)


def test_a_limit_holds_for_the_whole_run(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None]
) -> None:
    configured(max_cost=0.03)  # the prompt costs at most 0.0151, what is left does not pay for physics
    ran = score(vidgen, takes)
    assert len(server.asked) == 4 and prompt_of(ran) == [0.0, 0.0]
    assert "may be spent on scores" in ran.data["candidates"][0]["not_measured"]["physics"]


def test_takes_are_compared_in_both_orders_and_a_favourite_of_place_counts_for_nothing(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None]
) -> None:
    configured(f"pairs: true, {PRICED}")
    server.says = lambda text, light: "a" if "Two videos" in text else "yes"
    first = score(vidgen, takes)
    assert [card["measures"]["vision-pairs"] for card in first.data["candidates"]] == [0.0, 0.0]
    server.says = lambda text, light: ("b" if light[-1] > light[0] else "a") if "Two videos" in text else "yes"
    second = score(vidgen, takes)
    assert [card["measures"]["vision-pairs"] for card in second.data["candidates"]] == [-1.0, 1.0]
    assert second.data["winner"].endswith("bright.mp4")


@pytest.mark.parametrize("answer", ["I would say yes", "yes and no", "", "maybe", "Ja"])
def test_an_answer_that_is_none_costs_only_the_measure(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None], answer: str
) -> None:
    configured()
    server.says = lambda text, light: answer
    ran = score(vidgen, takes)
    assert ran.code == 0 and ran.data["winner"] and prompt_of(ran) == [None, None]
    assert "its answer is none of yes, partly, no" in ran.data["candidates"][0]["not_measured"]["prompt"]
    assert "score.spent" in warnings(ran)


@pytest.mark.parametrize(("status", "charged"), [(400, False), (401, False), (500, True)])
def test_a_failure_costs_only_the_measure_and_counts_as_spent_where_it_may_have_been_bought(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None], status: int, charged: bool
) -> None:
    configured()
    server.status = status
    ran = score(vidgen, takes)
    assert ran.code == 0 and ran.data["winner"] and prompt_of(ran) == [None, None]
    assert len(server.asked) == 12 and ("score.spent" in warnings(ran)) == charged
    assert KEY not in ran.out + ran.err and "Traceback" not in ran.err


def test_without_counted_tokens_the_most_that_was_expected_counts(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None]
) -> None:
    configured()
    server.usage = None
    assert warnings(score(vidgen, takes))["score.spent"] == f"judging takes has cost {12 * 0.00376:.4f} USD"


def test_params_are_sent_and_null_leaves_a_field_out(
    vidgen: Vidgen, takes: list[Path], server: Judge, configured: Callable[..., None]
) -> None:
    configured(f"{PRICED}, params: {{max_tokens: null, max_completion_tokens: 64, seed: 7}}")
    score(vidgen, takes)
    assert {("max_tokens" in body, body["max_completion_tokens"], body["seed"]) for body in server.asked} == {(False, 64, 7)}


def test_it_is_off_until_it_is_configured(vidgen: Vidgen, takes: list[Path], server: Judge) -> None:
    ran = score(vidgen, takes)
    assert server.asked == [] and prompt_of(ran) == [None, None]


def test_a_render_asks_once_for_each_take_and_only_when_it_makes_something(
    vidgen: Vidgen, film: Film, server: Judge, configured: Callable[..., None]
) -> None:
    configured()
    board = film("{id: a, scene: calm sea, candidates: 2, duration: 1}")
    assert vidgen("render", board, "--dry-run").code == 0 and server.asked == []
    first = vidgen("render", board, "--json")
    count = len(server.asked)
    assert first.code == 0 and count >= 2 * 5 and "score.spent" in warnings(first) and first.data["cost_usd"] == 0
    again = vidgen("render", board, "--json")
    assert again.code == 0 and len(server.asked) == count and "score.spent" not in warnings(again)


def test_a_spending_limit_of_the_run_is_a_limit_for_judging_too(
    vidgen: Vidgen, film: Film, server: Judge, configured: Callable[..., None]
) -> None:
    configured()
    board = film("{id: a, scene: calm sea, candidates: 2, duration: 1}")
    assert vidgen("render", board, "--max-cost", "0", "--json").code == 0 and server.asked == []
