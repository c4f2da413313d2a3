"""Lines from a paid server: agreed to beforehand, within the limit, bought once whatever happens, no key in any file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from speakers import SpeechServer
from support import Film, Vidgen
from vidgen.takes.journal import Journal

TOP = "speech: {engine: openai, voice: nova}\n"
SHOTS = ("{id: a, scene: sea, dialogue: [{line: Hello there}]}", "{id: b, scene: hills, dialogue: [{line: Good night}]}")


def journal(board: Path) -> Journal:
    return Journal(board.parent / ".vidgen/film")


def test_a_paid_line_is_sent_once_with_all_that_the_storyboard_says(vidgen: Vidgen, film: Film, server: SpeechServer) -> None:
    line = "{line: Hello there, voice: onyx, delivery: whispering, speed: 0.9}"
    board = film(f"{{id: a, scene: sea, dialogue: [{line}]}}", top="speech: {engine: openai, model: tts-7}\n")
    ran = vidgen("render", board, "--yes", "--json")
    body = {"model": "tts-7", "input": "Hello there", "voice": "onyx", "response_format": "wav", "speed": 0.9}
    assert server.bodies == [{**body, "instructions": "whispering"}] and server.keys == ["Bearer sk-speech-canary"]
    assert ran.code == 0 and ran.data["cost_usd"] == 0.11 and ran.data["speech"][0]["cost_usd"] == 0.11
    again = vidgen("render", board, "--json")
    assert again.code == 0 and again.data["cost_usd"] == 0.0 and len(server.bodies) == 1


def test_plan_tells_the_price_and_sends_nothing(vidgen: Vidgen, film: Film, server: SpeechServer) -> None:
    ran = vidgen("plan", film(*SHOTS, top=TOP), "--json")
    assert ran.data["estimated_usd"] == 0.21 and [one["estimated_usd"] for one in ran.data["speech"]] == [0.11, 0.1]
    assert server.bodies == []


@pytest.mark.parametrize(
    ("top", "flags", "code"),
    [
        ("", (), "budget.no_consent"),
        ("", ("--max-cost", "0.2"), "budget.exceeded"),
        ("budget: 0.2\n", (), "budget.exceeded"),
    ],
)
def test_nothing_is_sent_without_consent_or_beyond_the_limit(
    top: str, flags: tuple[str, ...], code: str, vidgen: Vidgen, film: Film, server: SpeechServer
) -> None:
    ran = vidgen("render", film(*SHOTS, top=top + TOP), *flags, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (5, code) and server.bodies == []


def test_within_the_limit_all_is_spoken_and_a_changed_line_alone_is_bought(
    vidgen: Vidgen, film: Film, server: SpeechServer
) -> None:
    assert vidgen("render", film(*SHOTS, top="budget: 0.25\n" + TOP)).code == 0
    over = vidgen("render", film(SHOTS[0], SHOTS[1].replace("night", "bye"), top="budget: 0.25\n" + TOP), "--json")
    assert over.code == 5 and server.said == ["Hello there", "Good night"]  # 0.21 + 0.08 would be over the film's budget
    more = vidgen("render", film(SHOTS[0], SHOTS[1].replace("night", "bye"), top="budget: 0.3\n" + TOP), "--json")
    assert more.code == 0 and more.data["cost_usd"] == 0.08 and server.said[2:] == ["Good bye"]


def test_an_unknown_price_is_asked_for_and_never_zero(vidgen: Vidgen, film: Film, server: SpeechServer, tmp_path: Path) -> None:
    (tmp_path / "home/config.yaml").unlink()
    board = film(*SHOTS, top=TOP)
    assert vidgen("plan", board, "--json").data["estimated_usd"] is None
    assert vidgen("render", board, "--max-cost", "9", "--json").envelope["error"]["code"] == "budget.unknown_price"
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 0 and ran.data["cost_usd"] is None
    assert [one["code"] for one in ran.envelope["warnings"]] == ["budget.price_unknown"]


def test_a_refused_line_costs_nothing_and_is_sent_again_by_the_next_run(
    vidgen: Vidgen, film: Film, server: SpeechServer
) -> None:
    server.replies = [(400, b'{"error": {"message": "no such voice"}}')]
    board = film(SHOTS[0], top=TOP)
    ran = vidgen("render", board, "--yes", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (4, "provider.bad_request") and "no such voice" in ran.out
    assert journal(board).spent() == 0.0 and vidgen("render", board, "--yes").code == 0


def test_a_line_whose_answer_was_lost_is_not_sent_again_by_itself(vidgen: Vidgen, film: Film, server: SpeechServer) -> None:
    server.replies = [(0, b"")]
    board = film(SHOTS[0], top=TOP)
    first = vidgen("render", board, "--yes", "--json").envelope["error"]
    assert first["code"] == "submit.unknown" and "--regenerate a" in first["hint"]
    second = vidgen("render", board, "--yes", "--json")
    assert (second.code, second.envelope["error"]["code"]) == (4, "submit.unknown") and len(server.bodies) == 1
    assert vidgen("render", board, "--yes", "--regenerate", "a").code == 0 and len(server.bodies) == 2
    assert journal(board).spent() == 0.22  # the lost one may have been bought


def test_an_answer_that_is_no_sound_is_paid_for_and_not_bought_again(vidgen: Vidgen, film: Film, server: SpeechServer) -> None:
    server.replies = [(200, b"<html>hello</html>")]
    board = film(SHOTS[0], top=TOP)
    for _ in range(2):
        ran = vidgen("render", board, "--yes", "--json")
        assert (ran.code, ran.envelope["error"]["code"]) == (4, "speech.bad_sound") and len(server.bodies) == 1
    assert vidgen("takes", "list", board, "--json").data["undelivered"] == 1
    assert vidgen("render", board, "--yes", "--regenerate", "a").code == 0 and journal(board).spent() == 0.22


PROGRAM = """
import os, signal, sys
from vidgen.speech import saying
def killed(self, line, speaker, raw, cost_usd):
    os.kill(os.getpid(), signal.SIGKILL)
saying.Sayer._finished = killed
from vidgen.cli import main
main()
"""


def test_an_answer_that_came_before_a_kill_is_used(vidgen: Vidgen, film: Film, server: SpeechServer) -> None:
    board = film(SHOTS[0], top=TOP)
    argv = [sys.executable, "-c", PROGRAM, "render", str(board), "--yes"]
    assert subprocess.run(argv, cwd=board.parent, capture_output=True).returncode == -signal.SIGKILL
    ran = vidgen("render", board, "--json")  # nothing to agree to: it is bought
    assert ran.code == 0 and len(server.bodies) == 1 and ran.envelope["warnings"] == []
    assert [(row.state, row.cost["cost_usd"]) for row in journal(board).attempts()] == [("done", 0.11)]


def test_a_kill_while_the_request_is_out_leaves_it_unknown(film: Film, server: SpeechServer, vidgen: Vidgen) -> None:
    board = film(SHOTS[0], top=TOP)
    argv = [sys.executable, "-m", "vidgen", "render", str(board), "--yes"]
    process = subprocess.Popen(argv, cwd=board.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server.on_request = lambda: os.kill(process.pid, signal.SIGKILL)
    process.wait(60)
    server.on_request = lambda: None
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.envelope["error"]["code"] == "submit.unknown" and len(server.bodies) == 1


def test_a_lost_line_is_made_of_its_answer_again(vidgen: Vidgen, film: Film, server: SpeechServer) -> None:
    board = film(SHOTS[0], top=TOP)
    vidgen("render", board, "--yes")
    for file in (board.parent / ".vidgen/film/speech").glob("*.*"):
        file.unlink()
    ran = vidgen("render", board, "--json")
    assert ran.code == 0 and ran.data["cost_usd"] == 0.0 and len(server.bodies) == 1


def test_the_key_is_in_no_file_and_no_output(vidgen: Vidgen, film: Film, server: SpeechServer) -> None:
    server.replies = [(401, b'{"error": {"message": "bad key sk-speech-canary"}}')]
    board = film(SHOTS[0], top=TOP)
    ran = vidgen("render", board, "--yes", "--json", "-vv")
    assert ran.code == 3 and "canary" not in ran.out + ran.err
    vidgen("render", board, "--yes", "--json", "-vv")
    assert not [file for file in board.parent.rglob("*") if file.is_file() and b"canary" in file.read_bytes()]


def test_http_is_for_this_machine_alone(vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_SPEECH_BASE_URL", "http://example.com/v1")
    ran = vidgen("render", film(SHOTS[0], top=TOP), "--yes", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "provider.bad_address")


def test_auto_never_asks_a_paid_server(vidgen: Vidgen, film: Film, server: SpeechServer) -> None:
    assert vidgen("render", film("{scene: sea, dialogue: Bonne nuit}", top="language: fr\n")).code == 0 and server.bodies == []


def test_speak_buys_a_line_once(vidgen: Vidgen, server: SpeechServer) -> None:
    words = ("speak", "Hello there", "--engine", "openai", "--voice", "nova", "--json")
    first, second = vidgen(*words, "-o", "a.wav"), vidgen(*words, "-o", "b.wav")
    assert (first.data["cost_usd"], second.data["cost_usd"]) == (0.11, 0.0) and len(server.bodies) == 1
    assert Path("a.wav").read_bytes() == Path("b.wav").read_bytes()
    over = vidgen("speak", "Something else", "--engine", "openai", "--max-cost", "0.1", "-o", "c.wav", "--json")
    assert over.code == 5 and len(server.bodies) == 1


def test_speak_sends_a_line_anew_only_on_demand(vidgen: Vidgen, server: SpeechServer) -> None:
    server.replies = [(0, b"")]
    words = ("speak", "Hello there", "--engine", "openai", "-o", "a.wav", "--json")
    assert vidgen(*words).envelope["error"]["code"] == "submit.unknown" and vidgen(*words).code == 4
    assert len(server.bodies) == 1 and vidgen(*words, "--anew").code == 0 and len(server.bodies) == 2
