"""The command line's contract: streams, the JSON envelope, exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import Film, Vidgen

SEA = "{scene: calm sea at dawn, camera: dolly_in}"


def test_help_names_every_command(vidgen: Vidgen) -> None:
    ran = vidgen("--help")
    assert ran.code == 0
    names = "render plan lint shot upscale interpolate score qc review pick export engines models doctor schema new presets"
    for command in names.split(" "):
        assert f"\n  {command} " in ran.out


def test_the_version_is_one_line(vidgen: Vidgen) -> None:
    assert vidgen("--version").out.startswith("vidgen 0.1.0")


@pytest.mark.parametrize(
    "command",
    [
        ("presets",),
        ("engines",),
        ("engines", "recommend"),
        ("models", "list"),
        ("schema",),
        ("doctor",),
        ("plan", "film.yaml"),
        ("lint", "film.yaml"),
    ],
    ids=" ".join,
)
def test_json_ends_in_exactly_one_envelope(command: tuple[str, ...], vidgen: Vidgen, film: Film) -> None:
    film(SEA)
    ran = vidgen(*command, "--json")
    envelope = ran.envelope
    assert ran.code == envelope["exit_code"] == 0 and envelope["ok"] is True and envelope["error"] is None
    assert envelope["schema"] == "vidgen.result.v1" and envelope["command"] == " ".join(
        word for word in command if "." not in word
    )
    assert set(envelope) == {"type", "schema", "command", "version", "ok", "exit_code", "data", "warnings", "error"}


@pytest.mark.parametrize(
    ("command", "code", "error"),
    [
        (("plan", "nowhere.yaml"), 2, "storyboard.not_found"),
        (("plan", "broken.yaml"), 2, "storyboard.invalid"),
        (("lint", "broken.yaml"), 2, "storyboard.invalid"),
        (("render", "film.yaml", "--preset", "web-1080"), 2, "preset.unknown"),
        (("render", "film.yaml", "--shot", "s99"), 2, "shot.unknown"),
        (("render", "film.yaml", "--engine", "sora"), 3, "engine.retired"),
        (("render", "film.yaml", "--engine", "nobody"), 3, "engine.unknown"),
        (("render", "film.yaml", "--require-diffusion"), 3, "engine.not_diffusion"),
        (("render", "film.yaml", "--executor", "ray", "--ray-address", "127.0.0.1:1"), 3, "executor.missing"),
        (("render", "film.yaml", "--candidates", "99"), 2, "usage.invalid"),
        (("render", "film.yaml", "--no-such-flag"), 2, "usage.invalid"),
        (("render", "film.yaml", "-o", "film.gif"), 2, "output.bad_name"),
        (("review", "nowhere.yaml"), 2, "storyboard.not_found"),
        (("review", "film.yaml", "--port", "8000"), 2, "usage.invalid"),
        (("export", "film.yaml", "--format", "aaf", "-o", "film.aaf"), 2, "usage.invalid"),
        (("pick", "film.yaml", "s01", "1"), 2, "pick.unknown"),
        (("shot", "a lake", "--camera", "doly_in"), 2, "usage.invalid"),
        (("shot", "a lake", "--image", "nowhere.png"), 2, "media.not_found"),
        (("score", "nowhere.mp4"), 2, "media.not_found"),
        (("qc", "nowhere.mp4"), 2, "media.not_found"),
        (("qc", "film.yaml"), 2, "media.unreadable"),
        (("qc", "film.yaml", "--preset", "brodcast"), 2, "preset.unknown"),
        (("upscale", "nowhere.mp4", "-o", "out.mp4", "--scale", "2"), 2, "media.not_found"),
        (("interpolate", "film.yaml", "-o", "out.mp4", "--fps", "60"), 2, "media.unreadable"),
        (("engines", "recommend", "--use-case", "socail"), 2, "usage.invalid"),
        (("models", "pull", "nothing"), 2, "models.unknown"),
        (("new", "film.yaml"), 2, "new.exists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_each_failure_has_its_exit_code_and_its_stable_code(
    command: tuple[str, ...], code: int, error: str, vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    film(SEA)
    (tmp_path / "broken.yaml").write_text("vidgen: 1\nshots: [{camera: doly_in}]\n")
    envelope = vidgen(*command, "--json").envelope
    assert (envelope["exit_code"], envelope["error"]["code"]) == (code, error), envelope["error"]
    assert envelope["ok"] is False and envelope["error"]["message"]
    plain = vidgen(*command)
    assert plain.code == code and "Traceback" not in plain.err and plain.err


@pytest.mark.parametrize(
    ("command", "shots"),
    [
        (("plan", "film.yaml", "--engine", "sora"), [SEA]),
        (("render", "film.yaml", "--engine", "sora", "--yes"), [SEA]),
        (("render", "film.yaml", "--yes"), [SEA, "{scene: a hill, engine: sora}"]),
        (("plan", "film.yaml"), [SEA, "{scene: a hill, engine: sora, model: sora-2-pro}"]),
        (("plan", "film.yaml", "--engine", "sora", "--model", "sora-2"), [SEA]),
        (("shot", "a lake", "--engine", "sora"), [SEA]),
        (("shot", "a lake", "--engine", "sora", "--model", "sora-2-pro", "--allow-unknown-model"), [SEA]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_retired_provider_is_refused_and_names_what_to_use(
    command: tuple[str, ...], shots: list[str], vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nothing may be asked of the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    film(*shots)
    envelope = vidgen(*command, "--json").envelope
    error = envelope["error"]
    assert (envelope["exit_code"], error["code"]) == (3, "engine.retired")
    assert "2026-09-24" in error["message"]
    assert all(name in error["hint"] for name in ("runway", "kling", "veo", "openai-videos"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["film.yaml"], "nothing was begun"


def test_a_retired_models_name_is_taken_by_a_server_that_speaks_its_protocol(vidgen: Vidgen, film: Film) -> None:
    data = vidgen("plan", film(SEA), "--engine", "openai-videos", "--model", "sora-2", "--json").data
    assert [(shot["engine"], shot["model"]) for shot in data["shots"]] == [("openai-videos", "sora-2")]


def test_an_engine_that_is_named_but_not_here_is_never_replaced(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    ran = vidgen("render", film(SEA), "--engine", "local", "--json")
    assert ran.envelope["exit_code"] == 3 and not (tmp_path / "film.mp4").exists()


def test_plan_says_what_will_be_made(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    before = film("{id: a, scene: calm sea, camera: ドリーイン, duration: 12}", "{id: b, scene: a hill, transition: dissolve}")
    ran = vidgen("plan", before, "--json")
    data = ran.data
    assert [shot["id"] for shot in data["shots"]] == ["aa", "ab", "ac", "b"]
    assert [shot["frames"] for shot in data["shots"]] == [48, 48, 48, 36]
    assert [shot["start_frame"] for shot in data["shots"]] == [0, 48, 96, 138]
    assert data["total_frames"] == 174 and data["fps"] == 12 and data["estimated_usd"] == 0
    assert data["shots"][0]["prompt"] == "calm sea, slow dolly forward, approaching subject"
    assert [path.name for path in tmp_path.iterdir()] == ["film.yaml"], "plan writes nothing"


def test_a_price_that_is_not_known_is_null_never_zero(vidgen: Vidgen, film: Film) -> None:
    data = vidgen("plan", film(SEA), "--engine", "pika", "--model", "pika-v2.5", "--json").data
    assert data["estimated_usd"] is None and data["shots"][0]["estimated_usd"] is None
    data = vidgen("plan", film(SEA), "--engine", "runway", "--candidates", "5", "--json").data
    assert data["estimated_usd"] == pytest.approx(5 * 3 * 0.12)


def test_a_wish_that_an_engine_cannot_honour_is_a_warning_that_names_the_key(vidgen: Vidgen, film: Film) -> None:
    board = film("{scene: calm sea, negative: people, seed: 4, camera: pan_left}")
    warnings = vidgen("plan", board, "--engine", "luma", "--json").envelope["warnings"]
    assert {warning["message"].split(":")[0] for warning in warnings} == {"negative", "seed", "camera"}
    assert all(warning["shot"] == "s01" for warning in warnings)


def test_new_writes_a_storyboard_that_plans_and_never_overwrites(vidgen: Vidgen, tmp_path: Path) -> None:
    assert vidgen("new", "mine.yaml", "--title", "My film").code == 0
    assert vidgen("plan", "mine.yaml").code == 0
    assert vidgen("new", "mine.yaml").code == 2
    assert "My film" in (tmp_path / "mine.yaml").read_text()


def test_use_cases_are_found_in_both_languages(vidgen: Vidgen) -> None:
    for name in ("music-video", "ミュージックビデオ"):
        (row,) = vidgen("engines", "recommend", "--use-case", name, "--json").data["use_cases"]
        assert row["engines"] == ["runway", "kling"]


def test_a_broken_configuration_is_named(vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text("engin: runway\n")
    error = vidgen("plan", film(SEA), "--json").envelope["error"]
    assert error["code"] == "config.invalid" and "engin" in error["message"]
    (tmp_path / "home" / "config.yaml").write_text("engine: runway\n")
    assert vidgen("plan", film(SEA), "--json").data["shots"][0]["engine"] == "runway"
