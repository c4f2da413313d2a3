"""What other programs read of this project (the CI service, pre-commit, the issue tracker) agrees with it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


def read(name: str) -> Any:
    return yaml.load((ROOT / name).read_text(encoding="utf-8"), yaml.BaseLoader)


def project() -> dict[str, Any]:
    loaded: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return loaded


def commands_of(target: str) -> list[str]:
    """The lines of a target of the Makefile, without folder and options."""
    body = (ROOT / "Makefile").read_text(encoding="utf-8").split(f"\n{target}: ")[1].split("\n\n")[0]
    return [line.strip().removeprefix("$(BIN)/") for line in body.splitlines()[1:]]


def test_pre_commit_runs_what_make_lint_runs() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    entries = [hook["entry"].removeprefix(".venv/bin/").replace(" --force-exclude", "") for hook in repository["hooks"]]
    assert entries == commands_of("lint")


def test_pre_commit_has_the_versions_that_make_installs() -> None:
    pinned = dict(re.findall(r"^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
    development = {re.split("[<>=]", name)[0] for name in project()["optional-dependencies"]["dev"]}
    hooks = {hook["id"]: hook for hook in read(".pre-commit-config.yaml")["repos"][0]["hooks"]}
    for name in ("ruff-check", "ruff-format"):
        assert hooks[name]["additional_dependencies"] == [f"ruff=={pinned['ruff']}"]
    assert hooks["mypy"]["entry"] == ".venv/bin/mypy" and "mypy" in pinned  # the very one that make installs
    assert {"ruff", "mypy"} <= development


def test_the_workflow_runs_the_two_commands_on_every_python_that_is_promised() -> None:
    job = read(".github/workflows/tests.yml")["jobs"]["test"]
    promised = [line.rpartition(" ")[2] for line in project()["classifiers"] if re.search(r"Python :: 3\.\d+$", line)]
    assert job["strategy"]["matrix"] == {"os": ["ubuntu-latest", "macos-latest"], "python": promised}
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert runs == (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-2:] == ["make render", "make test"]


def test_issue_forms_ask_for_something() -> None:
    for name in ("bug", "idea"):
        form = read(f".github/ISSUE_TEMPLATE/{name}.yml")
        asked = [field["id"] for field in form["body"] if field["type"] != "markdown"]
        assert form["name"] and form["description"] and asked and len(set(asked)) == len(asked)
