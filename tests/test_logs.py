"""Logs answer a bug report: what was decided, asked and run, on the screen (``-v``), in a file, and in the work folder."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import Film, Vidgen
from vidgen import logs
from vidgen.escapes import bare_addresses, one_line, without_secrets
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.runway import FakeRunway

SEA = "{scene: calm sea}"
RUNWAY = "{scene: calm sea, engine: runway, duration: 5}"
CANARY = "canary-7f3a9c51e2b84d06"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (DEBUG|INFO|WARNING|ERROR) vidgen(\.\w+)*: .*")


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


# The log of a project


def test_a_render_leaves_a_log_of_what_was_decided_and_run(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film(SEA)
    assert vidgen("render", board).code == 0
    told = lines_of(tmp_path / ".vidgen" / "film" / "render.log")
    assert all(LINE.fullmatch(line) for line in told)
    text = "\n".join(told)
    assert f"==== vidgen render {board}" in told[0]
    assert "s01: previz (auto: no GPU with a local model, and no engine in your configuration), 36 frames" in text
    assert "s01: take 1 is to be made: no take of this request" in text
    assert re.search(r"vidgen\.media\.ffmpeg: exit 0 after \d+\.\d\d s: \S*ffmpeg\S* .*-i", text)
    assert "s01: take 1 of [1] is picked" in text
    assert told[-1].endswith("the run is done")


def test_each_run_is_marked_and_says_what_it_uses_again(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film(SEA)
    for _ in range(2):
        assert vidgen("render", board).code == 0
    text = (tmp_path / ".vidgen" / "film" / "render.log").read_text(encoding="utf-8")
    assert text.count("==== vidgen render") == text.count("the run is done") == 2
    assert "takes at hand [1]" in text.split("====")[2] and "is to be made" not in text.split("====")[2]


def test_a_run_that_fails_says_why_at_its_end(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film("{scene: calm sea, engine: openai-videos, duration: 4}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_VIDEOS_BASE_URL", "http://127.0.0.1:9/v1")
        assert vidgen("render", board).code == 5
    assert "budget.no_consent" in lines_of(tmp_path / ".vidgen" / "film" / "render.log")[-1]


@pytest.mark.parametrize("command", [["plan"], ["render", "--dry-run"], ["lint"]])
def test_what_writes_nothing_writes_no_log(command: list[str], vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    assert vidgen(*command, film(SEA), "-v").code == 0
    assert not (tmp_path / ".vidgen").exists()


def test_a_clip_without_a_storyboard_has_a_log_too(vidgen: Vidgen, tmp_path: Path) -> None:
    assert vidgen("shot", "calm sea", "--resolution", "96x54", "--fps", "12", "--duration", "3").code == 0
    assert "shot: previz" in (tmp_path / ".vidgen" / "shot" / "render.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("odd", ["folder", "full", "link"])
def test_a_log_that_cannot_be_written_costs_nothing(odd: str, vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    log = tmp_path / ".vidgen" / "film" / "render.log"
    log.parent.mkdir(parents=True)
    if odd == "folder":
        log.mkdir()
    else:
        log.symlink_to("/dev/full" if odd == "full" else "gone/away")
    ran = vidgen("render", film(SEA), "--json")
    assert ran.code == 0 and (tmp_path / "film.mp4").is_file()
    assert [notice["code"] for notice in ran.envelope["warnings"]].count("log.not_written") == 1
    assert "render.log" in ran.out and not ran.err


def test_a_long_log_is_set_aside(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    folder = tmp_path / ".vidgen" / "film"
    folder.mkdir(parents=True)
    (folder / "render.log").write_bytes(b"x" * logs.MOST_BYTES)
    for _ in range(2):
        assert vidgen("render", film(SEA)).code == 0
    assert {file.name for file in folder.glob("render.log*")} == {"render.log", "render.log.1"}
    assert (folder / "render.log.1").stat().st_size == logs.MOST_BYTES
    assert (folder / "render.log").read_text(encoding="utf-8").count("====") == 2


# What must not be in it


def test_requests_are_logged_without_keys_and_signatures(
    vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeRunway, "key", f"{CANARY}-key")
    with ProviderServer(FakeRunway, polls=1) as server, server.reachable(monkeypatch):
        ran = vidgen("render", film(RUNWAY), "--yes", "-vv", "--log-file", "all.log")
        assert ran.code == 0, ran.err
        assert any(CANARY in str(asked.headers) for asked in server.asked), "the key was really sent"
    logged = (tmp_path / ".vidgen" / "film" / "render.log").read_text(encoding="utf-8")
    assert re.search(r"vidgen\.network\.clients: POST http://127\.0\.0\.1:\d+/\S+: 200 after \d+\.\d\d s", logged)
    assert re.search(r"GET http://127\.0\.0\.1:\d+/\S+: 200", logged)
    assert "=" not in "".join(re.findall(r"(?:GET|POST) (\S+): ", logged))
    results = [asked.path for asked in server.asked if asked.path.startswith("/output")]
    assert results and not any(path in logged for path in results), "whoever has a result's address can fetch it"
    for text in (logged, (tmp_path / "all.log").read_text(encoding="utf-8"), ran.err, ran.out):
        assert CANARY not in text


def test_text_from_outside_can_neither_forge_lines_nor_send_escapes(vidgen: Vidgen, tmp_path: Path) -> None:
    forged = "sea\n2026-01-01T00:00:00.000+00:00 INFO vidgen: forged \x1b[31m\u202e"
    vidgen("shot", forged, "--resolution", "96x54", "--fps", "12", "--duration", "3", "--log-file", "all.log")
    for file in (tmp_path / ".vidgen" / "shot" / "render.log", tmp_path / "all.log"):
        told = lines_of(file)
        assert all(LINE.fullmatch(line) for line in told)
        assert not any(line.startswith("2026-01-01T00") for line in told)
        assert "\x1b" not in file.read_text(encoding="utf-8") and "\\x1b[31m\\u202e" in told[0]


def test_secrets_and_signatures_are_taken_out_of_text() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrZXkifQ.c2lnbmF0dXJl"
    told = without_secrets(f"a secret, Bearer abcdefghij, {token}", ["secret", ""])
    assert told == "a [key], Bearer [key], [key]"
    address = "GET https://me:word@host.example:8443/a/b.mp4?X-Amz-Signature=abc&x=1#part: 200"
    assert bare_addresses(address) == "GET https://host.example:8443/a/b.mp4?... 200"
    assert one_line("a\tb\r\nc") == "a\\tb\\r\\nc"


# The screen and a file of one's own


@pytest.mark.parametrize("line", [["-v", "render", "BOARD"], ["render", "BOARD", "--verbose"], ["render", "-v", "BOARD"]])
def test_decisions_are_shown_wherever_the_flag_stands(line: list[str], vidgen: Vidgen, film: Film) -> None:
    board = film(SEA)
    err = vidgen(*(board if word == "BOARD" else word for word in line)).err
    assert "planning.compile: s01: previz (auto" in err and "media.ffmpeg" not in err


@pytest.mark.parametrize("flags", [["-vv"], ["-v", "-v"], ["--verbose", "-v"]])
def test_twice_shows_what_is_run(flags: list[str], vidgen: Vidgen, film: Film) -> None:
    assert "media.ffmpeg: exit 0 after" in vidgen("render", film(SEA), *flags).err


def test_without_the_flag_nothing_is_shown(vidgen: Vidgen, film: Film) -> None:
    assert "planning" not in vidgen("render", film(SEA)).err


def test_stdout_stays_json_and_warnings_are_said_once(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("plan", film("{scene: calm sea, post: {interpolate: {fps: 24}}}"), "-vv", "--json")
    assert ran.envelope["ok"] and "planning.compile" in ran.err
    err = vidgen("render", film("{scene: calm sea, post: {interpolate: {fps: 24}}}"), "-v").err
    assert err.count("is the film's and said at its top") == 1


def test_a_file_of_ones_own_is_appended_to_by_any_command(vidgen: Vidgen, tmp_path: Path) -> None:
    for flag in (["--log-file", "my.log"], ["--log-file=my.log"]):
        assert vidgen("presets", *flag).code == 0
    told = lines_of(tmp_path / "my.log")
    assert sum("==== vidgen presets" in line for line in told) == 2


@pytest.mark.parametrize("name", ["film.yaml", ".", "gone/my.log", ""])
def test_a_place_where_no_log_can_be_is_refused_before_anything_is_done(
    name: str, vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    board = film(SEA)
    before = board.read_bytes()
    ran = vidgen("render", board, "--json", "--log-file", name)
    assert (ran.code, ran.envelope["error"]["code"]) in ((2, "output.bad_name"), (2, "usage.invalid"))
    assert board.read_bytes() == before and not (tmp_path / "film.mp4").exists()


def test_a_device_is_a_place_for_a_log(vidgen: Vidgen) -> None:
    assert vidgen("presets", "--log-file", "/dev/null").code == 0
    full = vidgen("presets", "--log-file", "/dev/full", "--json")
    assert full.code == 0 and [notice["code"] for notice in full.envelope["warnings"]] == ["log.not_written"]


def test_one_command_leaves_nothing_to_the_next(vidgen: Vidgen, film: Film) -> None:
    vidgen("render", film(SEA), "-vv", "--log-file", "all.log")
    assert "planning" not in vidgen("plan", film(SEA)).err
    ours = logging.getLogger("vidgen")
    assert [type(handler) for handler in ours.handlers] == [logging.NullHandler]
    assert ours.propagate and ours.level == logging.NOTSET


def test_a_handler_of_the_program_that_uses_vidgen_stays_and_disturbs_nothing(vidgen: Vidgen) -> None:
    ours, theirs = logging.getLogger("vidgen"), logging.NullHandler()
    before = list(ours.handlers)
    ours.addHandler(theirs)
    try:
        vidgen("presets", "-v")
        assert ours.handlers == [*before, theirs] and ours.propagate and ours.level == logging.NOTSET
    finally:
        ours.removeHandler(theirs)


def test_a_program_that_uses_vidgen_gets_the_levels_that_it_asked_for(
    vidgen: Vidgen, film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        vidgen("render", film("{scene: calm sea, post: {interpolate: {fps: 24}}}"))
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_help_loads_nothing_for_logs_or_settings() -> None:
    program = "import sys\nfrom vidgen.cli import main\nsys.argv = ['vidgen', '-v', '--help']\n"
    program += "try:\n    main()\nexcept SystemExit:\n    print(*sorted(sys.modules), file=sys.stderr)\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "--log-file" in done.stdout and not {"pydantic", "logging", "vidgen.logs"} & set(done.stderr.split())
