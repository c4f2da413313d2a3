"""``vidgen review --serve``: who is answered, what a decision does, and what is on disk afterwards."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from conftest import SMALL
from provider_failures import playing
from support import Film, Vidgen
from vidgen.app.render import RenderOptions, render_film
from vidgen.review import desk as desk_module
from vidgen.review.desk import Desk
from vidgen.review.server import ReviewServer
from vidgen.takes.exclusive import project_lock
from vidgen.takes.lockfile import read_lock
from vidgen.takes.remarks import Note, read_remarks, update_remarks
from vidgen.testing import ScriptedRemote, engine_added
from vidgen.testing.providers.luma import FakeLuma

SEA = "{id: sea, scene: calm sea, camera: dolly_in, candidates: 2, duration: 12f}"
HILL = "{id: hill, scene: green hill, duration: 12f}"


class Served:
    """A running server, asked as another program would."""

    def __init__(self, server: ReviewServer) -> None:
        self.server, self.desk = server, server.desk
        self.base, _, self.token = server.url.partition("/?token=")

    def ask(
        self, path: str, body: Any = None, *, token: str | None = "", headers: dict[str, str] | None = None, method: str = ""
    ) -> tuple[int, Any]:
        """Status and answer. ``body`` is JSON unless it is bytes; ``token``: empty for the right one, None for none."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = Request(self.base + path, content, headers or {}, method=method or None)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token or self.token}")
        try:
            with urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if "json" in answer.headers["Content-Type"] else text
        except HTTPError as error:
            return error.code, json.loads(error.read())


@contextmanager
def serving(board: Path) -> Iterator[Served]:
    desk = Desk(board)
    with ReviewServer(desk) as server:
        running = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        running.start()
        try:
            yield Served(server)
        finally:
            desk.close()
            server.shutdown()
            running.join()


@pytest.fixture
def board(vidgen: Vidgen, film: Film) -> Path:
    """A rendered film."""
    file = film(SEA, HILL)
    assert vidgen("render", file).code == 0
    return file


@pytest.fixture
def served(board: Path) -> Iterator[Served]:
    with serving(board) as one:
        yield one


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for requests that change nothing: one for all of them."""
    board = tmp_path_factory.mktemp("quiet") / "film.yaml"
    board.write_text(f"{SMALL}shots:\n  - {SEA}\n")
    render_film(board, RenderOptions(output=board.with_suffix(".mp4")))
    with serving(board) as one:
        yield one


def picks(board: Path) -> dict[str, tuple[int, str]]:
    return {name: (pick.take, pick.by) for name, pick in read_lock(board.with_name("film.lock.yaml")).items()}


def test_a_pick_is_what_vidgen_pick_writes(served: Served, board: Path, vidgen: Vidgen) -> None:
    status, shot = served.ask("/api/pick", {"shot": "sea", "take": 2})
    assert status == 200 and (shot["id"], shot["picked"], shot["picked_by"]) == ("sea", 2, "person")
    lock = board.with_name("film.lock.yaml")
    by_page = lock.read_bytes()
    assert vidgen("pick", board, "sea", 1).code == 0 and vidgen("pick", board, "sea", 2).code == 0
    assert lock.read_bytes() == by_page
    state = served.ask("/api/state")[1]
    assert {one["id"]: one["picked"] for one in state["shots"]} == {"sea": 2, "hill": 1}
    assert vidgen("render", board, "--json").data["shots"][0]["picked"] == 2


def test_a_pick_can_be_taken_back(served: Served, board: Path) -> None:
    before = picks(board)
    assert before["sea"][1] == "auto"
    worse = 3 - before["sea"][0]
    served.ask("/api/pick", {"shot": "sea", "take": worse})
    status, shot = served.ask("/api/unpick", {"shot": "sea"})
    assert status == 200 and shot["picked"] == before["sea"][0] and picks(board) == before


def test_a_rejected_take_does_not_win_and_its_reason_is_kept(served: Served, board: Path, vidgen: Vidgen) -> None:
    best = picks(board)["sea"][0]
    status, shot = served.ask("/api/reject", {"shot": "sea", "take": best, "reason": "the moon is square"})
    assert status == 200 and shot["picked"] == 3 - best
    assert [one["rejected"] for one in shot["takes"] if one["take"] == best] == ["the moon is square"]
    assert vidgen("render", board, "--json").data["shots"][0]["picked"] == 3 - best
    assert [one.reason for one in read_remarks(board.parent / ".vidgen/film").rejections] == ["the moon is square"]
    shot = served.ask("/api/pick", {"shot": "sea", "take": best})[1]
    assert shot["picked"] == best and [one["rejected"] for one in shot["takes"]] == [None, None]


def test_a_person_who_rejects_every_take_still_has_a_film(served: Served, board: Path, vidgen: Vidgen) -> None:
    for take in (1, 2):
        shot = served.ask("/api/reject", {"shot": "sea", "take": take, "reason": "no"})[1]
    assert shot["picked"] in (1, 2) and vidgen("render", board).code == 0


def test_notes_are_kept(served: Served, board: Path) -> None:
    status, shot = served.ask("/api/note", {"shot": "sea", "take": 1, "at_s": 0.5, "text": "hold <b>longer</b>"})
    assert status == 200 and shot["notes"] == [{"text": "hold <b>longer</b>", "take": 1, "at_s": 0.5}]
    assert read_remarks(board.parent / ".vidgen/film").notes[0].text == "hold <b>longer</b>"


def test_free_takes_are_made_at_once(served: Served, board: Path, vidgen: Vidgen) -> None:
    before = picks(board)
    status, shot = served.ask("/api/more", {"shot": "sea", "candidates": 2})
    assert status == 200 and [one["take"] for one in shot["takes"]] == [1, 2, 3, 4]
    assert picks(board) == before
    assert served.ask("/api/pick", {"shot": "sea", "take": 4})[1]["picked"] == 4
    assert vidgen("render", board, "--json").data["shots"][0]["picked"] == 4


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[ScriptedRemote]:
    remote = ScriptedRemote(tmp_path / "provider", price=0.5)
    with engine_added("scripted", lambda: remote):
        yield remote


def bought(board: Path, vidgen: Vidgen) -> int:
    return len(vidgen("takes", "list", board, "--json").data["takes"])


def test_paid_takes_tell_their_price_and_are_bought_once_it_is_agreed_to(
    vidgen: Vidgen, film: Film, provider: ScriptedRemote
) -> None:
    board = film("{id: a, scene: sea, engine: scripted, duration: 12f}", top="budget: 1.2\n")
    assert vidgen("render", board).code == 0
    with serving(board) as served:
        for few in (None, 0, 0.49):
            status, answer = served.ask("/api/more", {"shot": "a", "candidates": 1, "confirm_usd": few})
            assert (status, answer["estimated_usd"]) == (402, 0.5) and bought(board, vidgen) == 1
        status, shot = served.ask("/api/more", {"shot": "a", "candidates": 1, "confirm_usd": 0.5})
        assert status == 200 and [one["cost_usd"] for one in shot["takes"]] == [0.5, 0.5]
        status, answer = served.ask("/api/more", {"shot": "a", "candidates": 1, "confirm_usd": 99})
        assert (status, answer["error"]["code"]) == (402, "budget.exceeded") and bought(board, vidgen) == 2


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, None),
        ({}, "wrong"),
        ({"Origin": "http://evil.example"}, ""),
        ({"Origin": "null"}, ""),
        ({"Origin": "https://127.0.0.1:{port}"}, ""),
        ({"Origin": "http://127.0.0.1:1"}, ""),
        ({"Origin": "http://127.0.0.1:{port}.evil.example"}, ""),
        ({"Host": "evil.example"}, ""),
        ({"Host": "evil.example:{port}"}, ""),
        ({"Host": "127.0.0.1"}, ""),
        ({"Host": "127.0.0.1:1"}, ""),
        ({"Host": "127.0.0.1:{port}@evil.example"}, ""),
        ({"Sec-Fetch-Site": "cross-site"}, ""),
        ({"Sec-Fetch-Site": "same-site"}, ""),
        ({"Cookie": "vidgen-{port}=wrong"}, None),
        ({"Authorization": "Basic e30="}, None),
    ],
)
@pytest.mark.parametrize("path", ["/api/pick", "/api/state", "/", "/media/x"])
def test_others_are_refused_and_change_nothing(quiet: Served, headers: dict[str, str], token: str | None, path: str) -> None:
    before = picks(quiet.desk.board)
    port = str(quiet.server.server_port)
    filled = {name: value.replace("{port}", port) for name, value in headers.items()}
    body = {"shot": "sea", "take": 2} if path == "/api/pick" else None
    status, answer = quiet.ask(path, body, token=token, headers=filled)
    assert status == 403 and answer["error"]["message"]
    assert picks(quiet.desk.board) == before


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/pick", {"shot": "nobody", "take": 1}, 404),
        ("/api/pick", {"shot": "sea", "take": 9}, 404),
        ("/api/pick", {"shot": "sea", "take": 0}, 404),
        ("/api/pick", {"shot": "sea", "take": -1}, 404),
        ("/api/pick", {"shot": "../../etc", "take": 1}, 404),
        ("/api/pick", {"shot": "sea"}, 400),
        ("/api/pick", {"take": 1}, 400),
        ("/api/pick", {"shot": "sea", "take": "1"}, 400),
        ("/api/pick", {"shot": "sea", "take": True}, 400),
        ("/api/pick", {"shot": "sea", "take": 1.5}, 400),
        ("/api/pick", {"shot": ["sea"], "take": 1}, 400),
        ("/api/pick", {"shot": None, "take": None}, 400),
        ("/api/pick", ["sea", 1], 400),
        ("/api/pick", b"not json", 400),
        ("/api/pick", b"", 400),
        ("/api/pick", b"[" * 60_000, 400),
        ("/api/pick", b"\xff\xfe", 400),
        ("/api/pick", b"x" * 70_000, 413),
        ("/api/unpick", {"shot": "nobody"}, 404),
        ("/api/reject", {"shot": "sea", "take": 1}, 400),
        ("/api/reject", {"shot": "sea", "take": 1, "reason": " "}, 400),
        ("/api/reject", {"shot": "sea", "take": 9, "reason": "no"}, 404),
        ("/api/reject", {"shot": "nobody", "take": 1, "reason": "no"}, 404),
        ("/api/more", {"shot": "nobody", "candidates": 1}, 404),
        ("/api/more", {"shot": "sea", "candidates": 0}, 400),
        ("/api/more", {"shot": "sea", "candidates": 10**6}, 400),
        ("/api/more", {"shot": "sea", "candidates": 1, "confirm_usd": "free"}, 400),
        ("/api/more", b'{"shot": "sea", "candidates": 1, "confirm_usd": NaN}', 400),
        ("/api/note", {"shot": "sea", "take": 9, "text": "x"}, 404),
        ("/api/nothing", {"shot": "sea"}, 404),
        ("/media/../film.lock.yaml", None, 404),
        ("/media/%2e%2e/index.html", None, 404),
        ("//etc/passwd", None, 404),
        ("/media/", None, 404),
        ("/part?shot=nobody", None, 404),
    ],
)
def test_what_cannot_be_done_is_refused(quiet: Served, path: str, body: Any, status: int) -> None:
    board = quiet.desk.board
    before = picks(board)
    found, answer = quiet.ask(path, body)
    assert found == status and answer["error"]["message"]
    assert picks(board) == before and not read_remarks(board.parent / ".vidgen/film").rejections


def test_the_page_is_served_with_its_media_and_nothing_may_run_but_its_program(quiet: Served) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", quiet.server.server_port, timeout=30)) as connection:
        connection.request("GET", f"/?token={quiet.token}")
        answer = connection.getresponse()
        page = answer.read().decode()
        policy = answer.getheader("Content-Security-Policy") or ""
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert 'data-action="reject"' in page and 'data-action="more"' in page and 'data-served="true"' in page
        cookie = answer.getheader("Set-Cookie") or ""
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        video = page.partition('<video src="')[2].partition('"')[0]
        for wanted, status in (("bytes=4-7", 206), ("bytes=-4", 206), ("bytes=999999999-", 416), ("lines=1-2", 200)):
            connection.request("GET", f"/{video}", headers={"Cookie": cookie.partition(";")[0], "Range": wanted})
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == status and len(content) == int(answer.getheader("Content-Length") or -1)
            assert status != 206 or len(content) == 4
            assert wanted != "bytes=4-7" or content == b"ftyp"


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /api/state HTTP/1.1\r\n{auth}\r\n",
        "GET /api/state HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\n{auth}\r\n",
        "GET http://evil.example/api/state HTTP/1.1\r\nHost: evil.example\r\n{auth}\r\n",
        "POST /api/pick HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{auth}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n",
        "POST /api/pick HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{auth}Content-Length: -1\r\n\r\n",
        "DELETE /api/pick HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{auth}\r\n",
        "GET /media/..%2f..%2f..%2ffilm.yaml HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{auth}\r\n",
        "GET /../../film.yaml HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{auth}\r\n",
        "\x16\x03\x01\x02\x00\r\n\r\n",
    ],
)
def test_odd_requests_end_in_an_error(quiet: Served, request_text: str) -> None:
    port = quiet.server.server_port
    text = request_text.format(port=port, auth=f"Authorization: Bearer {quiet.token}\r\n")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(text.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"vidgen: 1" not in answer and b'"shots"' not in answer
    assert answer[9:10] in (b"4", b"5") or b"Error response" in answer
    assert quiet.ask("/api/state")[0] == 200


def test_more_takes_wait_for_a_run_that_is_going_on(quiet: Served) -> None:
    with project_lock(quiet.desk.film.project.root):
        status, answer = quiet.ask("/api/more", {"shot": "sea", "candidates": 1})
    assert (status, answer["error"]["code"]) == (409, "project.busy")


def events(served: Served, count: int, act: Callable[[], object]) -> list[str]:
    """The next events that a window hears once ``act`` was done."""
    request = Request(f"{served.base}/api/events?token={served.token}")
    with urlopen(request, timeout=30) as stream:
        assert stream.readline() == b": here\n"
        act()
        heard: list[str] = []
        while len(heard) < count:
            line = stream.readline().decode()
            if line.startswith("data:"):
                heard.append(line.removeprefix("data:").strip())
        return heard


def test_other_windows_hear_of_a_pick(served: Served) -> None:
    assert events(served, 1, lambda: served.ask("/api/pick", {"shot": "sea", "take": 2})) == ['{"id": "sea"}']
    part = served.ask("/part?shot=sea")[1].decode()
    assert 'data-picked="true"' in part and "<script" not in part


def test_windows_hear_of_what_is_done_on_the_command_line(served: Served, board: Path, vidgen: Vidgen) -> None:
    threading.Thread(target=served.desk.watch, daemon=True).start()
    worse = 3 - picks(board)["sea"][0]
    assert events(served, 1, lambda: vidgen("pick", board, "sea", worse)) == ['{"id": "sea"}']
    assert served.ask("/api/state")[1]["shots"][0]["picked"] == worse


def start(board: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    """The command in a process of its own, and what it printed first."""
    argv = [sys.executable, "-m", "vidgen", "review", str(board), "--serve", *options]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})
    assert process.stdout
    return process, process.stdout.readline().strip()


def test_ctrl_c_is_how_it_ends(board: Path) -> None:
    process, line = start(board, "--json")
    event = json.loads(line)
    assert (event["type"], event["event"]) == ("event", "review.serving")
    assert event["url"].startswith("http://127.0.0.1:") and "/?token=" in event["url"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0 and json.loads(out)["ok"] is True and err == ""


def test_a_server_that_is_killed_loses_nothing(board: Path) -> None:
    for take in (1, 2):
        process, url = start(board)
        base, _, token = url.partition("/?token=")
        body = json.dumps({"shot": "sea", "take": take}).encode()
        with urlopen(Request(f"{base}/api/pick?token={token}", body), timeout=20) as answer:
            assert answer.status == 200
        process.kill()
        process.communicate()
        assert picks(board)["sea"] == (take, "person")


def test_a_port_that_is_taken_is_named(served: Served, board: Path, vidgen: Vidgen) -> None:
    ran = vidgen("review", board, "--serve", "--port", served.server.server_port, "--json")
    assert ran.code == 2 and str(served.server.server_port) in ran.envelope["error"]["message"]
    assert vidgen("review", board, "--port", 8000).code == 2


LONG = "{id: long, scene: calm sea, duration: 12f, trim: {duration: 6f}}"


@pytest.fixture
def longer(vidgen: Vidgen, film: Film) -> Path:
    """A rendered film whose first shot uses half of its take."""
    file = film(LONG, HILL)
    assert vidgen("render", file).code == 0
    return file


def test_a_trim_is_a_persons_choice_in_the_lock_file_and_buys_nothing(longer: Path, vidgen: Vidgen) -> None:
    before = picks(longer)
    with serving(longer) as served:
        state = served.ask("/api/state")[1]["shots"][0]["trim"]
        assert (state["by"], state["least"], state["most"]) == ("auto", 0, 6)
        status, shot = served.ask("/api/trim", {"shot": "long", "start_frame": 5})
        assert status == 200 and shot["trim"]["by"] == "person" and shot["takes"][0]["window"] == {"start": 5, "frames": 6}
        assert read_lock(longer.with_name("film.lock.yaml"))["long"].trim == 5 and picks(longer)["long"] == (1, "person")
        made = vidgen("render", longer, "--json").data
        assert made["shots"][0]["takes"][0]["window"]["start"] == 5 and made["shots"][0]["reused"]
        assert picks(longer)["hill"] == before["hill"] and read_lock(longer.with_name("film.lock.yaml"))["long"].trim == 5
        assert served.ask("/api/pick", {"shot": "long", "take": 1})[1]["trim"]["start_frame"] == 5
        assert served.ask("/api/trim", {"shot": "long", "start_frame": None})[1]["trim"]["by"] == "auto"
        assert served.ask("/api/trim", {"shot": "long", "start_frame": 2})[1]["trim"]["start_frame"] == 2
        assert served.ask("/api/unpick", {"shot": "long"})[1]["trim"]["by"] == "auto" and picks(longer) == before


def test_of_two_trims_the_later_one_holds(longer: Path, vidgen: Vidgen) -> None:
    with serving(longer) as served:
        assert served.ask("/api/trim", {"shot": "long", "start_frame": 5})[0] == 200
    longer.write_text(longer.read_text().replace("trim: {duration: 6f}", "trim: {start: 3f, duration: 6f}"))
    assert vidgen("render", longer, "--json").data["shots"][0]["takes"][0]["window"]["start"] == 3
    with serving(longer) as served:
        assert served.ask("/api/state")[1]["shots"][0]["trim"]["by"] == "storyboard"
        assert served.ask("/api/trim", {"shot": "long", "start_frame": 4})[1]["trim"] == {
            "start_frame": 4, "by": "person", "least": 0, "most": 6,
        }  # fmt: skip
    assert vidgen("render", longer, "--json").data["shots"][0]["takes"][0]["window"]["start"] == 4
    longer.write_text(longer.read_text().replace("duration: 6f}", "duration: 10f}"))  # all of the shot is seen all the same
    assert vidgen("render", longer, "--json").data["shots"][0]["takes"][0]["window"] == {"start": 2, "frames": 10}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"shot": "long"}, 400),
        ({"shot": "long", "start_frame": 7}, 400),
        ({"shot": "long", "start_frame": -1}, 400),
        ({"shot": "long", "start_frame": 1.5}, 400),
        ({"shot": "long", "start_frame": True}, 400),
        ({"shot": "long", "start_frame": "2"}, 400),
        ({"shot": "nobody", "start_frame": 1}, 404),
    ],
)
def test_a_trim_that_cannot_be_is_refused(longer: Path, body: dict[str, Any], status: int) -> None:
    before = longer.with_name("film.lock.yaml").read_bytes()
    with serving(longer) as served:
        found, answer = served.ask("/api/trim", body)
        assert found == status and answer["error"]["message"]
    assert longer.with_name("film.lock.yaml").read_bytes() == before


def test_what_is_decided_while_a_render_runs_is_not_undone_by_its_end(longer: Path) -> None:
    with serving(longer) as served:

        def decide(event: str, /, **values: object) -> None:
            if event == "run.started":
                assert served.ask("/api/trim", {"shot": "long", "start_frame": 4})[0] == 200

        render_film(longer, RenderOptions(output=longer.with_suffix(".mp4")), listener=decide)
    assert read_lock(longer.with_name("film.lock.yaml"))["long"].trim == 4


def runs(served: Served, act: Callable[[], object]) -> Iterator[dict[str, Any]]:
    """What a window hears of a render that ``act`` starts."""
    with urlopen(Request(f"{served.base}/api/events?token={served.token}"), timeout=120) as stream:
        assert stream.readline() == b": here\n"
        act()
        name = ""
        for line in stream:
            kind, _, value = line.decode().strip().partition(": ")
            name = value if kind == "event" else name
            if kind == "data" and name == "run":
                state = json.loads(value)
                yield state
                if state["state"] != "running":
                    return


def test_the_cut_is_rendered_in_place(served: Served, board: Path) -> None:
    film = board.with_name("film.mp4")
    film.unlink()
    served.ask("/api/pick", {"shot": "sea", "take": 2})
    told = list(runs(served, lambda: served.ask("/api/render", {})))
    assert told[0]["state"] == "running" and {one["stage"] for one in told[:-1]} >= {"takes", "cut"}
    assert told[-1] == {"state": "done", "output": "film.mp4", "seconds": 2.0, "needs_review": []} and film.is_file()
    assert served.ask("/api/state")[1]["run"] == told[-1]


def test_a_render_waits_for_another_run_and_costs_nothing_unasked(
    vidgen: Vidgen, film: Film, provider: ScriptedRemote, board: Path
) -> None:
    with serving(board) as served, project_lock(served.desk.film.project.root):
        status, answer = served.ask("/api/render", {})
        assert (status, answer["error"]["code"]) == (409, "project.busy")
    paid = film("{id: a, scene: sea, engine: scripted, duration: 12f}", top="budget: 1.2\n")
    with serving(paid) as served:
        for few in (None, 0, 0.49):
            status, answer = served.ask("/api/render", {"confirm_usd": few})
            assert (status, answer["estimated_usd"]) == (402, 0.5) and bought(paid, vidgen) == 0
        assert served.ask("/api/render", {"confirm_usd": "all"})[0] == 400
        paid.write_text("vidgen: 1\nshots: []\n")
        assert served.ask("/api/render", {})[0] == 422


def test_a_render_that_fails_says_why_and_what_to_do(served: Served, board: Path) -> None:
    film = board.with_name("film.mp4")
    film.unlink()
    film.mkdir()
    status, answer = served.ask("/api/render", {})
    assert status == 422 and "film.mp4" in answer["error"]["message"]


def test_only_what_changed_is_looked_at_again(board: Path, vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[list[str]] = []
    with serving(board) as served:
        desk = served.desk
        look = desk_module.with_shots_anew
        monkeypatch.setattr(desk_module, "with_shots_anew", lambda film, names: looked.append(names) or look(film, names))
        monkeypatch.setattr(desk_module, "dailies", lambda *given, **more: pytest.fail("the whole film was looked at"))
        vidgen("pick", board, "hill", 1)
        desk._renew_changed()
        update_remarks(board.parent / ".vidgen/film", lambda before: before.with_note(Note("sea", "good")))
        desk._renew_changed()
        desk._renew_changed()
        assert looked == [["hill"], ["sea"]] and desk.state()["shots"][0]["notes"][0]["text"] == "good"


def test_takes_beyond_those_that_were_asked_for_are_scored_too(served: Served) -> None:
    status, shot = served.ask("/api/more", {"shot": "sea", "candidates": 1})
    assert status == 200 and [one["take"] for one in shot["takes"]] == [1, 2, 3]
    assert all(isinstance(one["score"], float) and one["families"] for one in shot["takes"])


def test_a_paid_render_is_agreed_to_once_and_buys_what_it_said(
    vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    with playing(monkeypatch, FakeLuma) as provider:
        board = film("{id: a, scene: sea, engine: luma, candidates: 2}", "{id: b, scene: hill, engine: previz}")
        with serving(board) as served:
            status, answer = served.ask("/api/render", {})
            price = answer["estimated_usd"]
            assert (status, price, provider.created) == (402, 0.3, 0)
            told = list(runs(served, lambda: served.ask("/api/render", {"confirm_usd": price})))
            assert told[-1]["state"] == "done" and provider.created == 2
            again = list(runs(served, lambda: served.ask("/api/render", {})))
            assert again[-1]["state"] == "done" and provider.created == 2
            takes = served.ask("/api/state")[1]["shots"][0]["takes"]
            assert [take["cost_usd"] for take in takes] == [0.15, 0.15]
