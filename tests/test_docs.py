"""What the documents say is what the program does: made parts, links, commands, storyboards, code, settings."""

from __future__ import annotations

import os
import re
import shlex
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from docs import build

from support import Film, Vidgen, installed_package
from vidgen.cli.app import app
from vidgen.config import (
    Config,
    LocalConfig,
    OpenAISpeechConfig,
    OpenSoraConfig,
    ProvenanceConfig,
    ScoreConfig,
    SpeechConfig,
    VisionConfig,
)
from vidgen.critics.endpoint import ADDRESS, KEY
from vidgen.engines.cloud.base import CloudEngine
from vidgen.engines.local.settings import settings
from vidgen.engines.registry import engine_names, get_engine
from vidgen.errors import VidgenError
from vidgen.inventory.machine import jobs_at_once
from vidgen.settings import variables
from vidgen.speech import openai

ROOT = build.ROOT
PAGES = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in build.pages()}
PAGES |= {name: (ROOT / name).read_text(encoding="utf-8") for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")}
LOGS = ("docs/decisions.md", "docs/benchmarks.md", "CHANGELOG.md")
"""Pages that record; the others explain."""
SENTENCE_WORDS = 12


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGES[page], re.DOTALL | re.MULTILINE)


# README


def test_the_readme_is_one_page() -> None:
    assert len(PAGES["README.md"].encode()) < 5000


def test_the_readme_begins_with_the_two_commands() -> None:
    assert [line.split("#")[0].strip() for line in blocks("README.md", "sh")[0].splitlines()] == ["make render", "make test"]


def test_the_readme_tells_the_state_of_every_engine() -> None:
    told = re.findall(r"^\| `([\w-]+)` \|", PAGES["README.md"], re.MULTILINE)
    assert sorted(told) == sorted({*engine_names(), "sora"})


# Made parts

MADE = [(page, name) for page, text in PAGES.items() for name in build.parts(text)]


@pytest.mark.parametrize(("page", "part"), [(page, name) for page, name in MADE if name != "trace"])
def test_made_parts_are_current(page: str, part: str) -> None:
    assert build.parts(PAGES[page])[part].strip() == build.PARTS[part](), f"{page} is not what the program says: make docs"


def test_the_models_page_shows_the_shapes_that_a_run_has() -> None:
    pytest.importorskip("diffusers")
    assert build.parts(PAGES["docs/models.md"])["trace"].strip() == build.trace()


def test_every_part_has_a_place() -> None:
    assert sorted(name for _, name in MADE) == sorted(build.PARTS)


# Language


def sentence_lengths(text: str) -> list[int]:
    """Words of each sentence; tables, headings, code and made parts have none."""
    text = re.sub(r"^ *```.*?^ *```$", "\n", build.PART.sub("", text), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^ *(\||#|<!--|!\[).*$", "\n", text, flags=re.MULTILINE)
    text = re.sub(r"`[^`]*`", "code", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))
    text = re.sub(r"^ *([-*]|\d+\.) ", "\n\n", text, flags=re.MULTILINE)
    return [
        len(one.split()) for passage in re.split(r"\n\s*\n", text) for one in re.split(r"(?<=[.!?])\s+", passage) if one.strip()
    ]


@pytest.mark.parametrize("page", sorted(PAGES.keys() - set(LOGS)))
def test_sentences_are_short(page: str) -> None:
    assert statistics.median(sentence_lengths(PAGES[page])) <= SENTENCE_WORDS


def test_a_long_sentence_is_seen() -> None:
    assert sentence_lengths("# A title\n\nOne two. Three\nfour five.\n\n- six `x y` eight\n\n| a | b |\n") == [2, 3, 3]


# Links


def anchors(text: str) -> set[str]:
    """What a link may name in a page, as GitHub makes it of its headings."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", PAGES[page])):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = ((ROOT / page).parent / name).resolve() if name else ROOT / page
        assert file.exists(), f"{page}: {target}: there is no such file"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{page}: {target}: there is no such heading"


def test_every_page_can_be_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\((docs/\w+\.md)\)", PAGES["README.md"] + PAGES["CONTRIBUTING.md"]))
    assert linked == {page for page in PAGES if page.startswith("docs/")}


# Commands


def written_commands(text: str) -> Iterator[list[str]]:
    """The words of every ``vidgen`` command in some lines of a shell."""
    for line in text.splitlines():
        words = shlex.split(re.split(r"\s[|>]\s", line)[0], comments=True)
        if words[:1] == ["vidgen"]:
            yield words[1:]


def parsed(arguments: list[str]) -> str:
    """The command that some words call, as in ``takes list``; raises where the command line would refuse them."""
    command = typer.main.get_command(app)
    path = []
    while hasattr(command, "resolve_command") and arguments[:1] and not arguments[0].startswith("-"):
        with command.make_context("vidgen", [*arguments]) as context:
            name, command, arguments = command.resolve_command(context, arguments)
        path.append(name)
    with command.make_context(path[-1], [*arguments]):
        return " ".join(path)


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_shell_blocks_are_understood(page: str) -> None:
    for block in blocks(page, "sh"):
        for arguments in written_commands(block):
            parsed(arguments)


def test_the_page_of_commands_has_them_all() -> None:
    def leaves(command: object, path: tuple[str, ...] = ()) -> Iterator[str]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from leaves(inner, (*path, name))
            if not hasattr(inner, "commands") or inner.invoke_without_command:
                yield " ".join((*path, name))

    told = re.findall(r"^\| `vidgen ([a-z]+(?: [a-z]+)?)", PAGES["docs/commands.md"], re.MULTILINE)
    assert sorted(told) == sorted(leaves(typer.main.get_command(app)))


# Storyboards and code

BOARDS = [
    (page, board)
    for page in PAGES
    for board in blocks(page, "yaml")
    if board.startswith("vidgen: 1") and "start_frame" not in board  # that one is rendered in test_openai_videos.py
]


@pytest.mark.parametrize(("page", "board"), BOARDS, ids=[page for page, _ in BOARDS])
@pytest.mark.usefixtures("acme")
def test_storyboards_can_be_planned(page: str, board: str, vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "film.yaml").write_text(board, encoding="utf-8")
    ran = vidgen("plan", "film.yaml", "--json")
    assert ran.code == 0, ran.envelope["error"]


def plugins_page() -> dict[str, str]:
    """The modules of the page on plug-ins, by name."""
    return {block.split()[1].removesuffix(".py"): block for block in blocks("docs/plugins.md", "python")}


def test_the_plug_ins_of_the_page_pass_their_suites(tmp_path: Path) -> None:
    for name, code in plugins_page().items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout
    assert sorted(name for name in plugins_page() if name.startswith("test_")) == [
        "test_acme_post",
        "test_acme_scores",
        "test_bars",
    ]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package of the page on plug-ins, installed."""
    (table,) = (tomllib.loads(block)["project"]["entry-points"] for block in blocks("docs/plugins.md", "toml"))
    entries = "".join(f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in rows.items()) for group, rows in table.items())
    with installed_package(tmp_path / "site", monkeypatch, "acme", plugins_page(), entries):
        yield


@pytest.mark.usefixtures("acme")
def test_the_commands_of_the_page_on_plug_ins_work(vidgen: Vidgen, tmp_path: Path) -> None:
    for name in ("in", "take-1", "take-2"):
        assert vidgen("shot", name, "--engine", "bars", "--duration", 1, "--resolution", "64p", "-o", f"{name}.mp4").code == 0
    run = {
        words[0]: vidgen(*words, *([] if "--json" in words else ["--json"]))
        for block in blocks("docs/plugins.md", "sh")
        for words in written_commands(block)
        if words[0] != "shot"
    }
    assert {name: ran.code for name, ran in run.items()} == {"interpolate": 0, "upscale": 0, "score": 0}
    assert (run["interpolate"].data["engine"], run["upscale"].data["engine"]) == ("acme-mix", "acme-double")
    assert all(card["families"]["prompt"] is not None for card in run["score"].data["candidates"])


def test_the_pipeline_without_a_key_makes_the_film(film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film("{scene: calm sea}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    (program,) = blocks("docs/pipelines.md", "python")
    exec(program, {})
    assert (tmp_path / "film.mp4").is_file()


# Settings


def told_in(heading: str, level: str = "###") -> set[str]:
    """First cells of the tables under a heading of the page on configuration."""
    text = PAGES["docs/configuration.md"].split(f"\n{level} {heading}\n")[1]
    return set(re.findall(r"^\| `([^`]+)` \|", re.split(rf"^#{{2,{len(level)}}} ", text, flags=re.MULTILINE)[0], re.MULTILINE))


READ_BY_OTHERS = {"HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
"""Variables that Python's own library reads for vidgen."""


def variables_of_providers() -> set[str]:
    made = (get_engine(name) for name in engine_names())
    cloud = [engine for engine in made if isinstance(engine, CloudEngine)]
    return {name for engine in cloud for name in (*engine.keys, engine.address_env)}


def test_every_environment_variable_is_documented_and_every_documented_one_is_read() -> None:
    ours = {name for name in variables() if name != "VIDGEN_GROUP_SIZE"} | {"COLUMNS"}
    assert (
        told_in("Environment", "##")
        == ours | variables_of_providers() | {ADDRESS, KEY} | {openai.ADDRESS, openai.KEY} | READ_BY_OTHERS
    )


def test_every_key_of_the_configuration_is_documented() -> None:
    top = {info.alias or name for name, info in Config.model_fields.items()}
    sections = {
        key
        for heading in ("score", "vision", "local", "open-sora", "provenance", "speech", "openai")
        for key in told_in(heading)
    }
    assert told_in("config.yaml", "##") == {*top, *sections}
    assert told_in("score") == set(ScoreConfig.model_fields)
    assert told_in("provenance") == set(ProvenanceConfig.model_fields)
    assert told_in("vision") == set(VisionConfig.model_fields)
    assert told_in("speech") == set(SpeechConfig.model_fields)
    assert told_in("openai") == set(OpenAISpeechConfig.model_fields)
    assert told_in("local") == set(LocalConfig.model_fields)
    assert told_in("open-sora") == set(OpenSoraConfig.model_fields)


def test_the_configuration_that_is_shown_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [
        block for page in ("docs/configuration.md", "docs/models.md") for block in blocks(page, "yaml") if "local:" in block
    ]
    assert len(shown) == 2
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path))
    for block in shown:
        (tmp_path / "config.yaml").write_text(block, encoding="utf-8")
        assert settings().batch == 2
    (tmp_path / "config.yaml").write_text(shown[0], encoding="utf-8")
    assert jobs_at_once("runway", None, 1) == 5


# Errors


def test_every_exit_code_of_an_error_is_documented() -> None:
    def kinds(base: type[VidgenError]) -> Iterator[type[VidgenError]]:
        yield base
        for kind in base.__subclasses__():
            yield from kinds(kind)

    told = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGES["docs/errors.md"], re.MULTILINE)}
    assert {kind.exit_code for kind in kinds(VidgenError)} | {0, 143} == told
