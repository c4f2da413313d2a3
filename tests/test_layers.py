"""The rules of the packages: imports go down only, heavy things load late, every code is registered and used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vidgen.errors import CODES, NOTICES

SOURCE = Path(__file__).parents[1] / "src" / "vidgen"
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "spelling", "escapes", "settings", "logs", "programs", "installed"),
    ("artifacts", "media", "network", "weights", "catalog", "music"),
    ("storyboard", "takes", "config"),
    ("planning", "engines", "scoring", "post", "cut", "deliver", "interchange", "provenance", "qc"),
    ("inventory", "critics", "speech", "cluster"),
    ("render", "testing", "plugin"),
    ("app", "review"),
    ("cli",),
)
SAME_LAYER = {
    ("takes", "storyboard"),
    ("logs", "escapes"),
    ("installed", "settings"),
    ("config", "storyboard"),
    ("artifacts", "media"),
    ("weights", "media"),
    ("weights", "network"),
    ("catalog", "media"),
    ("music", "media"),
    ("review", "app"),
}
"""Neighbours that may know each other, one way: takes name storyboard types, the configuration is read as storyboards are,
weights and catalog use media's file helpers, logs escape what they write."""

HEAVY = ("torch", "cv2", "av", "diffusers", "numpy", "ncnn", "fontTools", "opentimelineio", "c2pa", "cryptography")


def layer_of(package: str) -> int:
    return next(index for index, packages in enumerate(LAYERS) if package in packages)


def imported_packages(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("vidgen.")}
    return found


def modules() -> list[Path]:
    alone = (
        *("artifacts.py", "errors.py", "escapes.py", "settings.py", "logs.py", "programs.py", "spelling.py", "installed.py"),
        *("config.py", "plugin.py"),
    )
    return sorted(file for file in SOURCE.rglob("*.py") if file.parent != SOURCE or file.name in alone)


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(SOURCE)))
def test_imports_go_down_only(file: Path) -> None:
    package = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    for other in imported_packages(file) - {package}:
        allowed = layer_of(other) < layer_of(package) or other == "errors" or (package, other) in SAME_LAYER
        assert allowed, f"{file.relative_to(SOURCE)} imports vidgen.{other}, which is not below {package}"


def loaded_by(*arguments: str) -> set[str]:
    program = (
        "import sys, runpy\n"
        f"sys.argv = ['vidgen', *{list(arguments)!r}]\n"
        "try:\n    runpy.run_module('vidgen', run_name='__main__')\nexcept SystemExit:\n    pass\n"
        "print('\\n' + ' '.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "command", [["--help"], ["plan", "BOARD"], ["lint", "BOARD"], ["render", "--help"], ["presets"], ["engines"]]
)
def test_light_commands_load_nothing_heavy(command: list[str], tmp_path: Path) -> None:
    board = tmp_path / "film.yaml"
    board.write_text("vidgen: 1\nshots:\n  - {scene: calm sea at dawn, camera: dolly_in}\n")
    loaded = loaded_by(*(str(board) if word == "BOARD" else word for word in command))
    assert not loaded & set(HEAVY)


def raised_codes() -> dict[str, set[str]]:
    """Codes given to error classes and to Notice in the source, as literals."""
    found: dict[str, set[str]] = {"errors": set(), "notices": set()}
    for file in SOURCE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        found["errors"] |= set(re.findall(r"\b(?:\w*Error|Cancelled|__init__|_\w+)\(\s*\"([a-z_]+\.[a-z_]+)\"", text))
        found["notices"] |= {code for code in NOTICES if f'"{code}"' in text.replace(f'    "{code}": ', "")}
        found["errors"] |= {code for code in CODES if f'"{code}"' in text.replace(f'    "{code}": ', "")}
    return found


def test_every_registered_code_is_used() -> None:
    used = raised_codes()
    assert set(CODES) - used["errors"] == set()
    assert set(NOTICES) - used["notices"] == set()


def test_every_raised_code_is_registered() -> None:
    literal = set()
    for file in SOURCE.rglob("*.py"):
        literal |= set(re.findall(r"(?:Error|Notice)\(\s*\"([a-z_]+\.[a-z_]+)\"", file.read_text(encoding="utf-8")))
    assert literal - set(CODES) - set(NOTICES) == set()


def test_files_and_functions_stay_small() -> None:
    for file in SOURCE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert text.count("\n") <= 450, f"{file} is too long"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno <= 80, f"{file}: {node.name} is too long"


def test_fonts_are_opened_in_one_room_only() -> None:
    """An open font must not be asked by two threads at once; ``weights/fonts.py`` holds the lock and gives plain values."""
    users = [str(file.relative_to(SOURCE)) for file in SOURCE.rglob("*.py") if "fontTools" in file.read_text(encoding="utf-8")]
    assert users == ["weights/fonts.py"]


def test_yaml_is_loaded_in_one_place_for_each_kind() -> None:
    """Tables of our own, plain files, storyboards; and lint reads back one word that it writes."""
    users = {}
    for file in SOURCE.rglob("*.py"):
        found = set(re.findall(r"\byaml\.(\w*load\w*|parse|compose|C\w*Loader)\(?", file.read_text(encoding="utf-8")))
        if found:
            users[file.relative_to(SOURCE).as_posix()] = found
    assert users == {
        "media/tables.py": {"load"},
        "media/plain_yaml.py": {"compose", "load"},
        "storyboard/reader.py": {"parse"},
        "storyboard/lint/fixes.py": {"compose", "load"},
    }


NOT_VALUES = {
    "_classifier": "a model whose answer depends on the picture alone",
    "_whisper": "a model of CTranslate2, which many threads may use",
    "_ocr": "read with under the lock of scoring/letters.py alone",
    "_adapter": "pydantic's, which only reads once it is made",
    "_open": "an open font, asked under the lock of weights/fonts.py alone",
    "_tree": "a storyboard's nodes, which only the thread that lints sees",
}
"""Functions that keep a result that is no plain value, and why every thread may have it all the same."""


def test_what_is_kept_for_every_thread_is_a_value_or_says_why_not() -> None:
    """``Any`` is what objects of other packages are typed as. Such an object that is kept is shared by all threads."""
    found = {}
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            marks = [ast.unparse(mark) for mark in node.decorator_list] if isinstance(node, ast.FunctionDef) else []
            if any(re.match(r"(functools\.)?(lru_)?cache\b|once", mark) for mark in marks):
                found[node.name] = re.sub(
                    r"(dict|Mapping)\[str, Any\]", "", ast.unparse(node.returns) if node.returns else "Any"
                )
    assert {name for name, kind in found.items() if re.search(r"\bAny\b", kind)} == set(NOT_VALUES)
