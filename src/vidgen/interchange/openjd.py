"""The takes of a film as a job of a render farm: a template of Open Job Description, version 2023-09, which AWS Deadline Cloud
and other farms read. Plain values; nothing here touches a disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidgen.interchange.texts import one_line

FILM, OUTPUT = "film", "output"
"""Folders of the bundle: the storyboard with its files, and what comes of the job."""
BOARD, FILM_FILE = "film.json", "film.mp4"
MADE, WORK, AT_HAND = "takes", "work", "at_hand"
"""In ``output`` a work folder for each task, and the one of the film; in ``film`` the takes that were made before."""
MOST_VALUES = 1000
"""Values that a task parameter has at most, of the 1,024 that are allowed."""
_LONGEST_NAME, _LONGEST_TITLE = 64, 128
_STOP_S = 30

Values = dict[str, Any]


@dataclass(frozen=True)
class Host:
    """What a machine needs for a task: cores, and for a model on a GPU its memory in GB; None: no GPU, 0: not known."""

    cores: int = 1
    gpu_gb: float | None = None


@dataclass(frozen=True)
class FarmShot:
    """A shot whose takes the farm makes.

    Args:
        maker: engine and model, for people.
        takes: numbers of the takes to make, a task each; empty: all in one task, since they are compared on the way.
        after: the shots that it continues and whose takes the farm makes, too.
        leads: whether others continue it.
    """

    id: str
    maker: str
    host: Host
    takes: tuple[int, ...] = ()
    after: tuple[str, ...] = ()
    leads: bool = False

    @property
    def tasks(self) -> Sequence[tuple[str, int]]:
        """Shot and take of each task; 0: all takes."""
        return [(self.id, take) for take in self.takes or (0,)]


@dataclass(frozen=True)
class FarmJob:
    """The job. ``whole``: whether it ends with the film; else takes are missing that it cannot make. ``at_hand``: whether takes
    go along that were made before. ``options``: of the storyboard, such as a preset.
    """

    title: str
    shots: tuple[FarmShot, ...]
    whole: bool
    at_hand: bool
    options: tuple[str, ...] = ()


def template(job: FarmJob) -> Values:
    """The job template."""
    steps = list(_take_steps(job))
    if job.whole:
        steps.append(_film_step(job, [step["name"] for step in steps]))
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": "{{Param.Title}}",
        "description": "Takes of a storyboard, made by vidgen, and the film of them."
        if job.whole
        else "Takes of a storyboard.",
        "parameterDefinitions": [
            _parameter("Title", "STRING", title_of(job.title), "Name of the job.", minLength=1, maxLength=_LONGEST_TITLE),
            _parameter("Film", "PATH", FILM, "The storyboard with its files.", objectType="DIRECTORY", dataFlow="IN"),
            _parameter("Output", "PATH", OUTPUT, "Where takes and film go.", objectType="DIRECTORY", dataFlow="OUT"),
        ],
        "steps": steps,
    }


def parameter_values(job: FarmJob) -> Values:
    """The values of the job's parameters, as a bundle of Deadline Cloud has them. Paths are relative to the bundle."""
    values = {"Title": title_of(job.title), "Film": FILM, "Output": OUTPUT}
    return {"parameterValues": [{"name": name, "value": value} for name, value in values.items()]}


def title_of(title: str) -> str:
    """A title as farms take it: one line of letters that are shown. It is the value of a parameter, so braces stay text."""
    return one_line(title)[:_LONGEST_TITLE].strip() or "film"


def _parameter(name: str, kind: str, default: str, description: str, **more: Any) -> Values:
    return {"name": name, "type": kind, "default": default, "description": description, **more}


def _take_steps(job: FarmJob) -> Iterator[Values]:
    """Shots that stand alone share a step of the same maker; in a chain each has its own and waits for its parents."""
    names = {shot.id: f"shot {shot.id}" for shot in job.shots}
    alone: dict[tuple[str, Host, bool], list[FarmShot]] = {}
    for shot in job.shots:
        if shot.after or shot.leads:
            tasks = _space([shot.id], shot.takes)
            yield _take_step(names[shot.id], [shot], tasks, [names[parent] for parent in shot.after], job)
        else:
            alone.setdefault((shot.maker, shot.host, bool(shot.takes)), []).append(shot)
    number = 0
    for shots in alone.values():
        tasks_of = [task for shot in shots for task in shot.tasks]
        for first in range(0, len(tasks_of), MOST_VALUES):
            number += 1
            part = tasks_of[first : first + MOST_VALUES]
            name = f"takes {number}: {one_line(shots[0].maker)}"[:_LONGEST_NAME].strip()
            takes = [take for _, take in part] if shots[0].takes else []
            yield _take_step(name, shots, _space([shot for shot, _ in part], takes), [], job)


def _space(shots: Sequence[str], takes: Sequence[int]) -> Values:
    """The tasks of a step: pairs of a shot and a take, or shots alone."""
    shown = [{"name": "Shot", "type": "STRING", "range": list(shots)}]
    if not takes:
        return {"taskParameterDefinitions": shown}
    of_takes = {"name": "Take", "type": "INT", "range": list(takes)}
    pairs = {"combination": "(Shot, Take)"} if len(shots) == len(takes) else {}
    return {"taskParameterDefinitions": [*shown, of_takes], **pairs}


def _take_step(name: str, shots: Sequence[FarmShot], space: Values, after: Sequence[str], job: FarmJob) -> Values:
    by_take = bool(shots[0].takes)
    folder = f"{{{{Param.Output}}}}/{MADE}/{{{{Task.Param.Shot}}}}" + (".{{Task.Param.Take}}" if by_take else "")
    words = ["takes", "make", _board(), "{{Task.Param.Shot}}", *(["--take={{Task.Param.Take}}"] if by_take else [])]
    sources = [*_at_hand(job), *([_made()] if after else [])]
    return {
        "name": name,
        **_after(after),
        "hostRequirements": _requirements(shots[0].host),
        "parameterSpace": space,
        "script": _script([*words, f"--work={folder}", *sources, *job.options]),
    }


def _film_step(job: FarmJob, after: Sequence[str]) -> Values:
    sources = [*_at_hand(job), *([_made()] if after else [])]
    out = f"--output={{{{Param.Output}}}}/{FILM_FILE}"
    words = ["render", _board(), out, f"--work={{{{Param.Output}}}}/{WORK}", "--max-cost=0", *sources, *job.options]
    return {"name": "film", **_after(after), "hostRequirements": _requirements(Host(cores=2)), "script": _script(words)}


def _board() -> str:
    return f"{{{{Param.Film}}}}/{BOARD}"


def _at_hand(job: FarmJob) -> list[str]:
    return [f"--takes-from={{{{Param.Film}}}}/{AT_HAND}"] if job.at_hand else []


def _made() -> str:
    return f"--takes-from={{{{Param.Output}}}}/{MADE}"


def _after(names: Sequence[str]) -> Values:
    return {"dependencies": [{"dependsOn": name} for name in names]} if names else {}


def _script(words: Sequence[str]) -> Values:
    """No shell reads the words."""
    cancel = {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": _STOP_S}
    return {"actions": {"onRun": {"command": "vidgen", "args": list(words), "cancelation": cancel}}}


def _requirements(host: Host) -> Values:
    amounts: list[Values] = [{"name": "amount.worker.vcpu", "min": host.cores}]
    if host.gpu_gb is not None:
        amounts.append({"name": "amount.worker.gpu", "min": 1})
        if host.gpu_gb:  # 1000 MiB for each GB: a card of 24 GB reports somewhat less than 24 GiB
            amounts.append({"name": "amount.worker.gpu.memory", "min": round(host.gpu_gb * 1000)})
    return {"amounts": amounts}


_PLAIN = re.compile(r"[A-Za-z][A-Za-z.]*")
_NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def yaml_text(values: Mapping[str, Any]) -> str:
    """Values as YAML that every version of YAML reads alike: text that might be anything else is quoted."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes text."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')

    Dumper.add_representer(str, text)
    done: str = yaml.dump(values, None, Dumper, sort_keys=False, allow_unicode=True, width=100_000)
    return done
